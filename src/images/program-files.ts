import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { NightwardenError } from "../core/nightwarden-error.ts";
import { fileEntry, type ContextEntry } from "./context.ts";

/** The programs of ours that run in containers. */
const PROGRAMS = [
  "shim/main.js",
  "shim/node-test-reporter.js",
  "collector/main.js",
  "gateway/main.js",
  "registry/main.js",
];
const IMPORT = /^(?:import|export)\s(?:[\w$\s{},*]+?\sfrom\s)?["']([^"']+)["']/gm;

/**
 * The compiled programs and exactly what they import, so that a change elsewhere does not make an image anew. They
 * may import files of ours and Node's own modules: nothing is installed beside them.
 */
export async function programFiles(packageDir: string): Promise<ContextEntry[]> {
  const dist = path.join(packageDir, "dist");
  const found = new Map<string, string>();
  const waiting = [...PROGRAMS];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (found.has(file)) continue;
    const text = await readProgram(dist, file);
    found.set(file, text);
    for (const [, imported = ""] of text.matchAll(IMPORT)) {
      if (imported.startsWith("node:")) continue;
      if (!imported.startsWith(".")) throw new Error(`${file} imports ${imported}, which no image has`);
      waiting.push(path.posix.join(path.posix.dirname(file), imported));
    }
  }
  return [...found].map(([file, text]) =>
    fileEntry(`lib/${file}`, text.replace(/\n\/\/# sourceMappingURL=.*/, "")),
  );
}

async function readProgram(dist: string, file: string): Promise<string> {
  const program = path.join(dist, file);
  if (existsSync(program)) return readFile(program, "utf8");
  throw new NightwardenError({
    code: "refused.image",
    message: `${program} does not exist: Nightwarden is not built`,
    hint: "Run scripts/setup first.",
  });
}
