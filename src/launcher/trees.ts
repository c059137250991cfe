import { chmodSync, mkdirSync, readFileSync, rmdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AttemptTree, MeasureLimits } from "../core/collector-protocol.ts";
import { messageOf } from "../core/nightwarden-error.ts";
import { mustRun, runTool } from "./host-tool.ts";
import type { Ownership, StateRoot } from "./state-root.ts";

const NAMES: readonly AttemptTree[] = ["agent", "verify"];
const MIB = 1024 * 1024;
/** The watchdog ends a program at the limit; the file system ends what outruns the watchdog, and keeps its own tables. */
const SPARE_BYTES = 64 * MIB;
const SPARE_INODES = 1000;
/** A file system that is made in a moment. More is left to the watchdog alone. */
const MOST_INODES = 4_000_000;

/** The folders of an attempt's trees, as they are shown to its sandboxes. */
export function treePaths(folder: string): Readonly<Record<AttemptTree, string>> {
  return { agent: join(folder, "agent"), verify: join(folder, "verify") };
}

/**
 * Makes an attempt's trees, each empty and root's; the collector gives them away. Each is a file system of its own in a
 * sparse file, so that no program can write more than it holds; where that does not work it is a plain folder.
 */
export function openTrees(options: {
  readonly state: StateRoot;
  readonly id: string;
  readonly ownership: Ownership;
  readonly bound: MeasureLimits | null;
}): { readonly bounded: boolean; readonly why: string | null } {
  const { state, id, ownership, bound } = options;
  const folder = state.make("trees", id, ownership);
  for (const name of NAMES) mkdirSync(join(folder, name), { mode: 0o755 });
  if (!bound) return { bounded: false, why: "no bound was asked for" };
  try {
    for (const name of NAMES) mountImage(folder, name, bound);
    return { bounded: true, why: null };
  } catch (error) {
    unmountTrees(folder);
    return { bounded: false, why: messageOf(error) };
  }
}

function mountImage(folder: string, name: AttemptTree, bound: MeasureLimits): void {
  const image = join(folder, `${name}.img`);
  const inodes = Math.min(bound.inodes + SPARE_INODES, MOST_INODES);
  // What the tables of that many files take is on top.
  const bytes = bound.bytes + SPARE_BYTES + inodes * 256;
  writeFileSync(image, "", { mode: 0o600 });
  truncateSync(image, Math.ceil(bytes / MIB) * MIB);
  const features = ["-O", "^has_journal", "-E", "lazy_itable_init=1,nodiscard", "-m", "0", "-I", "256"];
  mustRun("mkfs.ext4", ["-q", "-F", ...features, "-N", String(inodes), image]);
  const place = join(folder, name);
  mustRun("mount", ["-t", "ext4", "-o", "loop,nosuid,nodev,noatime,noinit_itable,nobarrier", image, place]);
  rmdirSync(join(place, "lost+found"));
  chmodSync(place, 0o755);
}

/** Removes an attempt's trees, whatever is in them. */
export function closeTrees(folder: string): void {
  unmountTrees(folder);
  // Deeper than Node can go, and never into what is mounted.
  mustRun("rm", ["-rf", "--one-file-system", "--", folder]);
}

function unmountTrees(folder: string): void {
  for (const name of NAMES) {
    const place = join(folder, name);
    while (isMounted(place)) mustRun("umount", ["-l", place]);
    rmSync(join(folder, `${name}.img`), { force: true });
  }
}

export function isMounted(place: string): boolean {
  return readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .some((line) => line.split(" ")[1] === place);
}

/** Why a tree cannot have a file system of its own here; null: it can. Leaves nothing. */
export function treeBoundProblem(state: StateRoot, id: string): string | null {
  const ownership = { owner: "probe", caller: 0 };
  const { why } = openTrees({ state, id, ownership, bound: { bytes: 8 * MIB, inodes: 100 } });
  closeTrees(state.folder("trees", id));
  return why;
}

/** Detaches a file system in memory that a run had. */
export function unmountAll(places: readonly string[]): void {
  for (const place of places)
    while (isMounted(place)) if (runTool("umount", ["-l", place]).exitCode !== 0) break;
}
