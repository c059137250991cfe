import { realpath, stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Issue } from "./issue.ts";
import { readCertificates } from "./read-certificates.ts";
import type { NamedPlace } from "./sketch-config.ts";

/**
 * An issue for every folder and file of the configuration that is not there, for a repository that is named twice, and
 * for a file of certificates that holds none.
 */
export async function checkPlaces(places: readonly NamedPlace[], workspaceDir: string): Promise<Issue[]> {
  const firstNamed = new Map<string, string>();
  const issues: Issue[] = [];
  for (const { path, written, kind } of places) {
    const absolute = resolve(workspaceDir, written);
    const expected = EXPECTED[kind];
    const found = await kindOf(absolute);
    if (found !== expected) {
      const message = found === undefined ? `${written} does not exist` : `${written} is not a ${expected}`;
      issues.push({ path, message, hint: `looked for a ${expected} at ${absolute}` });
    } else if (kind === "repository") {
      const [real, name = ""] = [await realpath(absolute), path[1]];
      const first = firstNamed.get(real);
      if (first === undefined) firstNamed.set(real, name);
      else
        issues.push({
          path,
          message: `is the same folder as that of "${first}"`,
          hint: "keep one of the two",
        });
    } else if (kind === "certificates") {
      const certificates = await readCertificates(absolute);
      if (!certificates.ok) {
        const { message, hint } = certificates.error;
        issues.push({ path, message: `${written} ${message}`, hint });
      }
    }
  }
  return issues;
}

const EXPECTED: Readonly<Record<NamedPlace["kind"], "file" | "folder">> = {
  file: "file",
  folder: "folder",
  repository: "folder",
  certificates: "file",
};

async function kindOf(path: string): Promise<"file" | "folder" | "other" | undefined> {
  try {
    const stats = await stat(path);
    if (stats.isDirectory()) return "folder";
    return stats.isFile() ? "file" : "other";
  } catch {
    // Absent, or not ours to see: for the night it is the same.
    return undefined;
  }
}
