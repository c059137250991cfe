import { lstatSync, readdirSync } from "node:fs";
import type { MeasureLimits } from "../core/collector-protocol.ts";

/** Blocks are counted in this unit on every Linux, whatever the file system's own are. */
const BLOCK_BYTES = 512;

export interface Measured {
  /** Allocated on disk; a sparse file counts what it takes, a file with several names once. */
  readonly bytes: number;
  readonly inodes: number;
}

/**
 * What everything in a folder takes, the agent's own `.git` included, while a program may be changing it: what goes
 * away meanwhile is left out. Stops as soon as one of `limits` is passed, so that its time is bounded by them.
 * Nothing is opened and no link is followed but the folders that were folders a moment ago.
 */
export function measureTree(root: string, limits: MeasureLimits): Measured {
  const linked = new Set<number>();
  let [bytes, inodes] = [0, 0];
  const waiting: Buffer[] = [Buffer.from(root)];
  for (let folder = waiting.pop(); folder; folder = waiting.pop()) {
    for (const name of namesIn(folder)) {
      const path = Buffer.concat([folder, SLASH, name]);
      const stats = lstatSync(path, { throwIfNoEntry: false });
      if (!stats) continue;
      if (stats.isDirectory()) waiting.push(path);
      else if (stats.nlink > 1) {
        if (linked.has(stats.ino)) continue;
        linked.add(stats.ino);
      }
      inodes += 1;
      bytes += stats.blocks * BLOCK_BYTES;
      if (bytes > limits.bytes || inodes > limits.inodes) return { bytes, inodes };
    }
  }
  return { bytes, inodes };
}

const SLASH = Buffer.from("/");

function namesIn(folder: Buffer): Buffer[] {
  try {
    return readdirSync(folder, { encoding: "buffer" });
  } catch {
    return []; // it went away, or is no folder any more
  }
}
