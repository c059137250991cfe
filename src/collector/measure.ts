import { readdirSync } from "node:fs";
import type { MeasureLimits, TreeMeasure } from "../core/collector-protocol.ts";
import { lookAt } from "./look-at.ts";
import { ROOT, type ChangeWatch, type Place } from "./change-watch.ts";

/** Blocks are counted in this unit on every Linux, whatever the file system's own are. */
const BLOCK_BYTES = 512;

/**
 * What everything in a folder takes, the agent's own `.git` included, while a program may be changing it: what goes
 * away meanwhile is left out. A sparse file counts what it takes, a file with several names once. With `watch`, what
 * differs from the fill is counted, too. Stops as soon as one of `limits` is passed, so that its time is bounded by them.
 * No link is followed but the folders that were folders a moment ago. Never throws for what a program did to the folder:
 * a measure that fails would be a guard that is blind.
 */
export function measureTree(root: string, limits: MeasureLimits, watch?: ChangeWatch): TreeMeasure {
  const pass = limits.changes && watch?.begin(limits.changes);
  const linked = new Set<number>();
  let [bytes, inodes] = [0, 0];
  const result = (): TreeMeasure => ({
    bytes,
    inodes,
    changedFiles: pass?.files ?? 0,
    changedLines: pass?.lines ?? 0,
  });
  const waiting: { readonly folder: Buffer; readonly place: Place }[] = [
    { folder: Buffer.from(root), place: ROOT },
  ];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    for (const name of namesIn(next.folder)) {
      const path = Buffer.concat([next.folder, SLASH, name]);
      const stats = lookAt(path);
      if (stats === "out of reach") {
        inodes = limits.inodes + 1;
        return result();
      }
      if (!stats) continue;
      const place = pass?.visit(next.place, name.toString("latin1"), stats) ?? ROOT;
      if (stats.isDirectory()) waiting.push({ folder: path, place });
      else if (stats.nlink > 1) {
        if (linked.has(stats.ino)) continue;
        linked.add(stats.ino);
      }
      inodes += 1;
      bytes += stats.blocks * BLOCK_BYTES;
      if (bytes > limits.bytes || inodes > limits.inodes || pass?.isOver) return result();
    }
  }
  pass?.finish();
  return result();
}

const SLASH = Buffer.from("/");

function namesIn(folder: Buffer): Buffer[] {
  try {
    return readdirSync(folder, { encoding: "buffer" });
  } catch {
    return []; // it went away, or is no folder any more
  }
}
