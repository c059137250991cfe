import { spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { pathFromBytes, pathToBytes, type EntryMode } from "../core/collector-protocol.ts";
import { NEUTRAL_ATTRIBUTES } from "../core/neutral-attributes.ts";
import type { IgnoreFile } from "../core/ignore-rules.ts";

/** An entry of the base commit: what the tree held before the agent came. */
export interface BaseEntry {
  readonly mode: EntryMode;
  readonly oid: string;
}

/** What the collector remembers of a tree from the moment before the agent came. */
export interface FilledTree {
  readonly root: string;
  readonly objectFormat: "sha1" | "sha256";
  readonly entries: ReadonlyMap<string, BaseEntry>;
  /** The base commit's own ignore files; the agent's edits to them do not count. */
  readonly ignoreFiles: readonly IgnoreFile[];
  /** The dependencies in the tree. Absent: there are none. */
  readonly installed?: Installed;
}

/** Deeper, or longer in bytes, than any honest path. What is below is refused with the folder, and not visited. */
export const MAX_DEPTH = 64;
export const MAX_PATH_BYTES = 1024;

/** A path of a tree as the file system takes it. */
export function onDisk(root: string, path: string): Buffer {
  return Buffer.concat([Buffer.from(`${root}/`), pathToBytes(path)]);
}

/** The id that git gives this content. */
export function blobHash({ objectFormat }: Pick<FilledTree, "objectFormat">, content: Uint8Array): string {
  return createHash(objectFormat).update(`blob ${content.length}\0`).update(content).digest("hex");
}

/** Every folder that holds an entry of the base, at any depth. */
export function baseFolders({ entries }: Pick<FilledTree, "entries">): Set<string> {
  const folders = new Set<string>();
  for (const path of entries.keys()) {
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
      const folder = path.slice(0, end);
      if (folders.has(folder)) break;
      folders.add(folder);
    }
  }
  return folders;
}

export interface Installed {
  /** Where they begin: nothing at or below such a path is the agent's work. */
  readonly roots: ReadonlySet<string>;
  /** What of the tree's size is theirs. */
  readonly bytes: number;
  readonly inodes: number;
}

interface User {
  readonly uid: number;
  readonly gid: number;
}

const MAX_IGNORE_FILE_BYTES = 1024 * 1024;

/** Git over one tree, as the sandbox's user: what the collector makes, the agent owns. */
export class TreeGit {
  readonly root: string;
  private readonly user: User;

  constructor(root: string, user: User) {
    this.root = root;
    this.user = user;
  }

  /** Makes the disposable repository of a tree. */
  async init(objectFormat: "sha1" | "sha256"): Promise<void> {
    await this.run([
      "init",
      "-q",
      "--template=",
      `--object-format=${objectFormat}`,
      "-b",
      "nightwarden",
      ".",
    ]);
    await this.run(["config", "user.name", "agent"]);
    await this.run(["config", "user.email", "agent@localhost"]);
    await this.run(["config", "gc.auto", "0"]);
  }

  /** Takes one pack from `chunks` into the repository. */
  async indexPack(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    await this.run(["index-pack", "--stdin"], chunks);
  }

  /** Puts the files of `commit` into the tree. Its parents are not here: history stays with the owner. */
  async checkOut(commit: string): Promise<void> {
    await this.runAsUser("mkdir", ["-p", ".git/info"]);
    await this.runAsUser("tee", [".git/info/attributes"], once(Buffer.from(NEUTRAL_ATTRIBUTES)));
    const object = await this.run(["cat-file", "commit", commit]);
    if (/^parent /m.test(object.toString("latin1").split("\n\n")[0] ?? "")) {
      await this.runAsUser("tee", [".git/shallow"], once(Buffer.from(`${commit}\n`)));
    }
    await this.run(["update-ref", "refs/heads/nightwarden", commit]);
    await this.run(["read-tree", commit]);
    await this.run(["-c", "checkout.workers=0", "checkout-index", "--all", "--force", "--index", "--quiet"]);
  }

  /** Every entry of `commit`, by path. */
  async entries(commit: string): Promise<Map<string, BaseEntry>> {
    const listing = await this.run(["ls-tree", "-r", "-z", "--full-tree", commit]);
    const entries = new Map<string, BaseEntry>();
    for (let start = 0; start < listing.length;) {
      const end = listing.indexOf(0, start);
      const tab = listing.indexOf(9, start);
      const [mode, , oid] = listing.subarray(start, tab).toString("latin1").split(" ");
      entries.set(pathFromBytes(listing.subarray(tab + 1, end)), { mode: mode as EntryMode, oid: oid ?? "" });
      start = end + 1;
    }
    return entries;
  }

  private async run(args: readonly string[], input?: AsyncIterable<Uint8Array>): Promise<Buffer> {
    const nothingElse = ["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"];
    return await this.runAsUser("git", [...nothingElse, ...args], input);
  }

  /** Runs a program in the tree, as its owner. Throws where it fails. */
  async runAsUser(
    program: string,
    args: readonly string[],
    input?: AsyncIterable<Uint8Array>,
  ): Promise<Buffer> {
    const child = spawn(program, args, { ...this.place, stdio: ["pipe", "pipe", "pipe"] });
    const output: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
    child.stdin.on("error", () => child.stdin.destroy());
    const ended = endOf(child, `${program} ${args.slice(0, 4).join(" ")}`);
    ended.catch(() => undefined);
    if (input) {
      for await (const chunk of input) {
        if (!child.stdin.write(chunk))
          await Promise.race([
            new Promise((go) => child.stdin.once("drain", go)),
            ended.catch(() => undefined),
          ]);
      }
    }
    child.stdin.end();
    await ended;
    return Buffer.concat(output);
  }

  /** Runs two programs as the tree's owner, the second in the tree, on what the first one prints. Throws where one fails. */
  async pipeAsUser(
    first: { readonly program: string; readonly args: readonly string[]; readonly cwd: string },
    second: { readonly program: string; readonly args: readonly string[] },
  ): Promise<void> {
    const reader = spawn(first.program, first.args, {
      ...this.place,
      cwd: first.cwd,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const read = endOf(reader, `${first.program} ${first.args.join(" ")}`);
    const writer = spawn(second.program, second.args, {
      ...this.place,
      stdio: [reader.stdout, "ignore", "pipe"],
    });
    // Or the first would never learn that the second has ended.
    reader.stdout.destroy();
    await Promise.all([read, endOf(writer, `${second.program} ${second.args.join(" ")}`)]);
  }

  private get place(): { readonly cwd: string; readonly env: Record<string, string> } & User {
    return {
      cwd: this.root,
      ...this.user,
      env: {
        PATH: "/usr/local/bin:/usr/bin:/bin",
        HOME: "/nonexistent",
        GIT_CONFIG_GLOBAL: "/dev/null",
        GIT_CONFIG_NOSYSTEM: "1",
        GIT_ATTR_NOSYSTEM: "1",
      },
    };
  }
}

/** Rejects where a program cannot be started, or says that it has failed, with what it complained of last. */
async function endOf(child: ChildProcess, name: string): Promise<void> {
  let problem = "";
  child.stderr?.on("data", (chunk: Buffer) => (problem = (problem + chunk.toString("utf8")).slice(-2000)));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code !== 0) throw new Error(`${name} ended with ${code}: ${problem.trim()}`);
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield await Promise.resolve(bytes);
}

/** Reads the ignore files that the base commit brought, before anybody could have changed them. */
export async function readIgnoreFiles(
  root: string,
  entries: ReadonlyMap<string, BaseEntry>,
): Promise<IgnoreFile[]> {
  const files: IgnoreFile[] = [];
  for (const [path, entry] of entries) {
    const isIgnoreFile = path === ".gitignore" || path.endsWith("/.gitignore");
    if (!isIgnoreFile || entry.mode === "120000" || entry.mode === "160000") continue;
    const content = await readFile(onDisk(root, path));
    const folder = path.slice(0, Math.max(0, path.length - "/.gitignore".length));
    files.push({ folder, text: content.subarray(0, MAX_IGNORE_FILE_BYTES).toString("latin1") });
  }
  return files;
}
