import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { FrameReader } from "../core/frame.ts";
import { Refusal } from "./refusal.ts";
import type { StateRoot } from "./state-root.ts";

const MAX_FILES = 20_000;
const MAX_BYTES = 512 * 1024 * 1024;
const MAX_PATH_BYTES = 1024;
/** Of one user. The ones that were kept longest ago go first. */
const MAX_KEPT = 8;

/**
 * Keeps an agent's files, root's and read-only for everybody, under the hash of what they are. Each frame has a header
 * `{path, executable}` and the file's bytes. Returns the hash.
 */
export async function keepFiles(state: StateRoot, caller: number, frames: Readable): Promise<string> {
  const place = state.folder("files", String(caller));
  mkdirSync(place, { recursive: true, mode: 0o700 });
  const draft = mkdtempSync(join(place, "draft-"));
  try {
    chmodSync(draft, 0o755);
    const digest = await writeAll(draft, frames);
    const kept = join(place, digest);
    if (!existsSync(kept)) renameSync(draft, kept);
    forgetOldest(place, digest);
    return digest;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

async function writeAll(draft: string, frames: Readable): Promise<string> {
  const seen = new Map<string, string>();
  const reader = new FrameReader();
  let bytes = 0;
  for await (const chunk of frames as AsyncIterable<Buffer>) {
    for (const { header, body } of reader.push(chunk)) {
      const { path, executable } = header as { path?: unknown; executable?: unknown };
      bytes += body.length;
      if (!isPlainPath(path) || seen.has(path)) throw new Refusal("an agent's file has an odd name");
      if (seen.size >= MAX_FILES || bytes > MAX_BYTES) throw new Refusal("an agent has too many files");
      const file = join(draft, path);
      mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
      writeFileSync(file, body, { mode: executable === true ? 0o755 : 0o644, flag: "wx" });
      const content = createHash("sha256").update(body).digest("hex");
      seen.set(path, `${executable === true ? "x" : "-"} ${content}`);
    }
  }
  if (reader.pendingBytes > 0) throw new Refusal("an agent's files did not come whole");
  const listing = [...seen]
    .map(([path, what]) => `${path}\0${what}`)
    .toSorted()
    .join("\n");
  return createHash("sha256").update(listing).digest("hex");
}

/** Relative, below its folder, of ordinary characters. */
function isPlainPath(path: unknown): path is string {
  if (typeof path !== "string" || path.length === 0 || Buffer.byteLength(path) > MAX_PATH_BYTES) return false;
  return path
    .split("/")
    .every((part) => part !== "" && part !== "." && part !== ".." && !/\p{Cc}/u.test(part));
}

function forgetOldest(place: string, current: string): void {
  const others = readdirSync(place)
    .filter((name) => /^[0-9a-f]{64}$/.test(name) && name !== current)
    .map((name) => ({ name, keptMs: statSync(join(place, name)).mtimeMs }))
    .toSorted((a, b) => b.keptMs - a.keptMs);
  for (const { name } of others.slice(MAX_KEPT - 1))
    rmSync(join(place, name), { recursive: true, force: true });
}
