import { realpath, stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Issue } from "./issue.ts";
import type { NamedPlace } from "./sketch-config.ts";

/** An issue for every folder and file of the configuration that is not there, and for a repository that is named twice. */
export async function checkPlaces(places: readonly NamedPlace[], workspaceDir: string): Promise<Issue[]> {
  const firstNamed = new Map<string, string>();
  const issues: Issue[] = [];
  for (const { path, written, kind, isRepository } of places) {
    const absolute = resolve(workspaceDir, written);
    const found = await kindOf(absolute);
    if (found !== kind) {
      const message = found === undefined ? `${written} does not exist` : `${written} is not a ${kind}`;
      issues.push({ path, message, hint: `looked for a ${kind} at ${absolute}` });
    } else if (isRepository) {
      const [real, name = ""] = [await realpath(absolute), path[1]];
      const first = firstNamed.get(real);
      if (first === undefined) firstNamed.set(real, name);
      else
        issues.push({
          path,
          message: `is the same folder as that of "${first}"`,
          hint: "keep one of the two",
        });
    }
  }
  return issues;
}

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
