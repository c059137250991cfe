import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { pack, type Pack } from "tar-stream";
import { canonicalJson } from "../core/canonical-json.ts";

/** One entry of what an engine is given to build from. `path` is relative and has `/` between its parts. */
export type ContextEntry =
  | { readonly type: "folder"; readonly path: string }
  | { readonly type: "link"; readonly path: string; readonly target: string }
  | {
      readonly type: "file";
      readonly path: string;
      readonly executable: boolean;
      readonly source: FileSource;
    };

/** A file's bytes, or the file of the host that holds them. */
type FileSource = { readonly bytes: Buffer } | { readonly file: string };

export function fileEntry(entryPath: string, text: string): ContextEntry {
  return { type: "file", path: entryPath, executable: false, source: { bytes: Buffer.from(text) } };
}

/**
 * Everything in a folder of the host that `keep` does not leave out, below `prefix` in the context. Sockets, devices and the
 * like are passed by. A folder that is left out is still looked into: what is in it may be kept.
 */
export async function readFolder(options: {
  readonly folder: string;
  readonly prefix: string;
  readonly keep?: (relativePath: string) => boolean;
}): Promise<ContextEntry[]> {
  const keep = options.keep ?? (() => true);
  const entries: ContextEntry[] = [];
  const visit = async (relative: string): Promise<void> => {
    const names = (await readdir(path.join(options.folder, relative))).sort();
    for (const name of names) {
      const child = relative === "" ? name : `${relative}/${name}`;
      const entry = await readEntry(path.join(options.folder, child), `${options.prefix}${child}`);
      if (entry && keep(child)) entries.push(entry);
      if (entry?.type === "folder") await visit(child);
    }
  };
  await visit("");
  return entries;
}

async function readEntry(file: string, entryPath: string): Promise<ContextEntry | undefined> {
  const stats = await lstat(file);
  if (stats.isDirectory()) return { type: "folder", path: entryPath };
  if (stats.isSymbolicLink()) return { type: "link", path: entryPath, target: await readlink(file) };
  if (!stats.isFile()) return undefined;
  return { type: "file", path: entryPath, executable: (stats.mode & 0o100) !== 0, source: { file } };
}

/** A hash over names, kinds and bytes. Times and owners do not count: the tar has none. */
export async function hashEntries(entries: readonly ContextEntry[]): Promise<string> {
  const described = [];
  for (const entry of sorted(entries)) {
    described.push(entry.type === "file" ? { ...entry, source: await hashSource(entry.source) } : entry);
  }
  return contentHash(described);
}

async function hashSource(source: FileSource): Promise<string> {
  const bytes = "bytes" in source ? source.bytes : await readFile(source.file);
  return createHash("sha256").update(bytes).digest("hex");
}

/** Names what something is made from. Long enough that two never meet, short enough for a tag. */
export function contentHash(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex").slice(0, 32);
}

/** The entries as a tar that is the same whenever they are, so that the engine's cache knows them again. */
export function tarOf(entries: readonly ContextEntry[]): Readable {
  const out = pack();
  const append = async (): Promise<void> => {
    for (const entry of sorted(entries)) await appendEntry(out, entry);
    out.finalize();
  };
  append().catch((error: unknown) => out.destroy(error instanceof Error ? error : new Error(String(error))));
  return Readable.from(out);
}

async function appendEntry(out: Pack, entry: ContextEntry): Promise<void> {
  const header = { name: entry.path, mtime: new Date(0), uid: 0, gid: 0 };
  switch (entry.type) {
    case "folder":
      out.entry({ ...header, type: "directory", mode: 0o755 });
      return;
    case "link":
      out.entry({ ...header, type: "symlink", mode: 0o777, linkname: entry.target });
      return;
    case "file": {
      const mode = entry.executable ? 0o755 : 0o644;
      if ("bytes" in entry.source) {
        out.entry({ ...header, type: "file", mode }, entry.source.bytes);
        return;
      }
      const { size } = await lstat(entry.source.file);
      await pipeline(createReadStream(entry.source.file), out.entry({ ...header, type: "file", mode, size }));
    }
  }
}

function sorted(entries: readonly ContextEntry[]): ContextEntry[] {
  return [...entries].sort((a, b) => (a.path < b.path ? -1 : Number(a.path > b.path)));
}
