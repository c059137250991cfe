import { lstatSync, readlinkSync, type Stats } from "node:fs";
import type { MeasureLimits } from "../core/collector-protocol.ts";
import { MAX_BODY_BYTES } from "../core/frame.ts";
import { IgnoreRules } from "../core/ignore-rules.ts";
import { lookAt } from "./look-at.ts";
import { readRegularFile } from "./read-file.ts";
import { baseFolders, blobHash, onDisk, MAX_DEPTH, MAX_PATH_BYTES, type FilledTree } from "./tree.ts";

/** Read in one pass, so that its time is bounded. What does not fit counts in a later pass, or as no line. */
const MAX_READ_BYTES = 32 * 1024 * 1024;
/** Of the base, once, for the lines that it had; larger files and later ones count as no line. */
const MAX_BASE_BYTES = 32 * 1024 * 1024;
const MAX_BASE_FILE_BYTES = 1024 * 1024;
const MAX_REMEMBERED = 100_000;
/** Git takes a file for binary where one of its first bytes is zero; such a file has no lines. */
const BINARY_LOOK_BYTES = 8000;

type ChangeLimits = NonNullable<MeasureLimits["changes"]>;

interface Seen {
  readonly signature: string;
  readonly size: number;
}

interface Examined {
  readonly signature: string;
  readonly isChanged: boolean;
  /** null: binary, or not known. */
  readonly lines: number | null;
}

/** Where a pass is: how deep, and what a capture would take from there. */
export interface Place {
  readonly path: string;
  readonly depth: number;
  /** `base`: an ignored folder, from which only entries of the base are taken. */
  readonly takes: "all" | "base" | "nothing";
}

export const ROOT: Place = { path: "", depth: 0, takes: "all" };
const NOTHING: Place = { path: "", depth: 0, takes: "nothing" };

/**
 * How much a tree differs from its fill while a program works in it. What it counts, a capture at that moment would
 * count as well: a file that looks other than at the fill is read and compared before it counts, and what cannot be
 * read in the time that there is does not count.
 */
export class ChangeWatch {
  readonly tree: FilledTree;
  readonly filled = new Map<string, Seen>();
  readonly baseLines = new Map<string, number>();
  readonly examined = new Map<string, Examined>();
  readonly foldersOfBase: ReadonlySet<string>;
  private readonly baseRules: IgnoreRules;
  private policy: { readonly text: string; readonly rules: IgnoreRules } | undefined;

  /** Right after the fill, before anybody else may write to the tree. */
  constructor(tree: FilledTree) {
    this.tree = tree;
    this.foldersOfBase = baseFolders(tree);
    this.baseRules = new IgnoreRules(tree.ignoreFiles);
    for (const [path, { mode }] of tree.entries) {
      if (mode === "160000") continue;
      const stats = lstatSync(onDisk(tree.root, path), { throwIfNoEntry: false });
      if (stats) this.filled.set(path, { signature: signatureOf(stats), size: stats.size });
    }
  }

  /** Counts the lines of the base's files, bounded. A program may work already: a file that is not as it was is left out. */
  countBaseLines(): void {
    let left = MAX_BASE_BYTES;
    for (const [path, { signature, size }] of this.filled) {
      if (size > MAX_BASE_FILE_BYTES || size > left || this.tree.entries.get(path)?.mode === "120000")
        continue;
      left -= size;
      const { root } = this.tree;
      const content = readRegularFile({ root, path, maxBytes: MAX_BASE_FILE_BYTES });
      const stats = lookAt(onDisk(root, path));
      if (
        typeof content === "string" ||
        !stats ||
        stats === "out of reach" ||
        signatureOf(stats) !== signature
      )
        continue;
      const lines = linesOf(content);
      if (lines !== null) this.baseLines.set(path, lines);
    }
  }

  begin(limits: ChangeLimits): ChangePass {
    const text = limits.ignore.join("\n");
    if (this.policy?.text !== text) this.policy = { text, rules: new IgnoreRules([{ folder: "", text }]) };
    const { rules } = this.policy;
    const ignores = (path: string, isFolder: boolean): boolean =>
      this.baseRules.ignores(path, isFolder) || rules.ignores(path, isFolder);
    if (this.examined.size > MAX_REMEMBERED) this.examined.clear();
    return new ChangePass(this, limits, ignores);
  }
}

/** One look at the whole tree. */
export class ChangePass {
  files = 0;
  lines = 0;
  private readonly watch: ChangeWatch;
  private readonly limits: ChangeLimits;
  private readonly ignores: (path: string, isFolder: boolean) => boolean;
  private readonly seen = new Set<string>();
  private leftBytes = MAX_READ_BYTES;

  constructor(
    watch: ChangeWatch,
    limits: ChangeLimits,
    ignores: (path: string, isFolder: boolean) => boolean,
  ) {
    this.watch = watch;
    this.limits = limits;
    this.ignores = ignores;
  }

  get isOver(): boolean {
    return this.files > this.limits.files || this.lines > this.limits.lines;
  }

  /** Takes one entry into account. For a folder: the place below it. `name` has one character for each byte. */
  visit(place: Place, name: string, stats: Stats): Place {
    // What is called `.git` is never taken, at no depth.
    if (place.takes === "nothing" || name.toLowerCase() === ".git") return NOTHING;
    const path = place.path === "" ? name : `${place.path}/${name}`;
    if (this.watch.tree.installed?.roots.has(path)) return NOTHING;
    const isOfBase = this.watch.tree.entries.has(path);
    if (stats.isDirectory()) return this.below(place, path, isOfBase);
    if (isOfBase) this.seen.add(path);
    else if (place.takes === "base" || this.ignores(path, false)) return NOTHING;
    this.count(path, stats);
    return NOTHING;
  }

  /** What is not there any more, after the whole tree was visited. */
  finish(): void {
    for (const path of this.watch.filled.keys()) {
      if (this.isOver) return;
      if (this.seen.has(path)) continue;
      // A folder that changes while it is listed can hide what is in it.
      const stats = lookAt(onDisk(this.watch.tree.root, path));
      if (stats && stats !== "out of reach" && !stats.isDirectory()) continue;
      this.files += 1;
      this.lines += this.watch.baseLines.get(path) ?? 0;
    }
  }

  private below(place: Place, path: string, isOfBase: boolean): Place {
    if (isOfBase && this.watch.tree.entries.get(path)?.mode === "160000") return NOTHING;
    const depth = place.depth + 1;
    const holdsBase = this.watch.foldersOfBase.has(path);
    if (!holdsBase && (depth >= MAX_DEPTH || path.length > MAX_PATH_BYTES)) return NOTHING;
    const isIgnored = place.takes === "base" || this.ignores(path, true);
    if (isIgnored && !holdsBase) return NOTHING;
    return { path, depth, takes: isIgnored ? "base" : "all" };
  }

  private count(path: string, stats: Stats): void {
    const { filled, examined, baseLines } = this.watch;
    const signature = signatureOf(stats);
    const before = filled.get(path);
    if (before?.signature === signature) return;
    let known = examined.get(path);
    if (known?.signature !== signature) {
      known = this.examine(path, stats);
      // Not read for want of time: another pass looks again.
      if (known) examined.set(path, known);
      else known = { signature, isChanged: !before || before.size !== stats.size, lines: null };
    }
    if (!known.isChanged) return;
    this.files += 1;
    if (known.lines === null) return;
    const linesBefore = before ? baseLines.get(path) : 0;
    if (linesBefore !== undefined) this.lines += Math.abs(known.lines - linesBefore);
  }

  /** undefined: there is no time for it now. */
  private examine(path: string, stats: Stats): Examined | undefined {
    const { tree } = this.watch;
    const signature = signatureOf(stats);
    const notTaken = { signature, isChanged: false, lines: null };
    const base = tree.entries.get(path);
    if (stats.isSymbolicLink()) {
      const target = linkTarget(onDisk(tree.root, path));
      const isSame = target && base?.mode === "120000" && base.oid === blobHash(tree, target);
      return { signature, isChanged: target !== undefined && !isSame, lines: null };
    }
    // What a capture refuses counts as no change.
    if (!stats.isFile() || stats.size > MAX_BODY_BYTES) return notTaken;
    if (stats.size > this.leftBytes) return undefined;
    this.leftBytes -= stats.size;
    const content = readRegularFile({ root: tree.root, path, maxBytes: MAX_BODY_BYTES });
    if (typeof content === "string") return notTaken;
    const mode = (stats.mode & 0o100) === 0 ? "100644" : "100755";
    const isSame = base?.mode === mode && base.oid === blobHash(tree, content);
    return { signature, isChanged: !isSame, lines: linesOf(content) };
  }
}

/** The kernel sets the time of a change by itself: a program cannot put it back. */
function signatureOf({ ino, size, ctimeMs }: Stats): string {
  return `${ino}:${size}:${ctimeMs}`;
}

function linkTarget(file: Buffer): Buffer | undefined {
  try {
    return readlinkSync(file, { encoding: "buffer" });
  } catch {
    return undefined; // it went away, or is no link any more
  }
}

/** Ends of lines; null for what git would call binary. */
function linesOf(content: Buffer): number | null {
  if (content.subarray(0, BINARY_LOOK_BYTES).includes(0)) return null;
  let lines = 0;
  for (let at = content.indexOf(10); at >= 0; at = content.indexOf(10, at + 1)) lines += 1;
  return lines;
}
