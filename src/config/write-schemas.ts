import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { jsonSchemaText, SCHEMA_KINDS, type SchemaKind } from "./json-schema.ts";

const FOLDER = ".nightwarden/schemas";

const FILES: Readonly<Record<SchemaKind, string>> = {
  config: "nightwarden.schema.json",
  plan: "tasks.schema.json",
  policy: "policy.schema.json",
};

/** The comment with which a file tells editors its schema; for a file in the workspace's folder. */
export function schemaComment(kind: SchemaKind): string {
  return `# yaml-language-server: $schema=${FOLDER}/${FILES[kind]}`;
}

/**
 * Writes the JSON Schemas that editors use into the workspace's state folder, those that are missing or of another
 * version of Nightwarden. Returns the paths of what it wrote. May be called again, and by several at once.
 */
export async function writeSchemas(workspaceDir: string): Promise<string[]> {
  const folder = join(workspaceDir, FOLDER);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const written: string[] = [];
  for (const kind of SCHEMA_KINDS) {
    const path = join(folder, FILES[kind]);
    const text = jsonSchemaText(kind);
    if ((await readFile(path, "utf8").catch(() => undefined)) === text) continue;
    // An editor that reads at this moment must not find half a file.
    const unfinished = `${path}.${process.pid}`;
    await writeFile(unfinished, text);
    await rename(unfinished, path);
    written.push(path);
  }
  return written;
}
