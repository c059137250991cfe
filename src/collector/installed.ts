import { readdirSync } from "node:fs";
import { pathFromBytes, pathToBytes } from "../core/collector-protocol.ts";
import type { BaseEntry } from "./tree.ts";

/**
 * The paths at which a set of installed dependencies begins in a tree: whatever of it the base commit has no entry for, as
 * high up as possible. They are no work of an attempt, whatever becomes of them.
 */
export function installedRoots(set: string, entries: ReadonlyMap<string, BaseEntry>): Set<string> {
  const folders = new Set<string>();
  for (const path of entries.keys())
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1))
      folders.add(path.slice(0, end));
  const roots = new Set<string>();
  const waiting = [""];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    const onDisk = Buffer.concat([Buffer.from(`${set}/`), pathToBytes(folder)]);
    for (const entry of readdirSync(onDisk, { encoding: "buffer", withFileTypes: true })) {
      const name = pathFromBytes(entry.name);
      const path = folder === "" ? name : `${folder}/${name}`;
      if (entry.isDirectory() && folders.has(path)) waiting.push(path);
      else if (!entries.has(path)) roots.add(path);
    }
  }
  return roots;
}
