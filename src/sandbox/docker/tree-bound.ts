import { randomBytes } from "node:crypto";
import type Docker from "dockerode";
import type { MeasureLimits } from "../../core/collector-protocol.ts";
import { LABEL_WORKSPACE } from "./container-spec.ts";
import { removeVolume } from "./sweep.ts";

/** What makes a tree's volume no larger than it may be, beside the watch on it, which is always there. */
export interface TreeBound {
  /** For a person: what bounds the trees. */
  readonly words: string;
  /** What to ask the engine's local driver for, so that a volume of this name holds so much and little more. */
  driverOptions(volume: string, bound: MeasureLimits): Promise<Record<string, string>>;
  /** Frees what stands behind a volume that is removed. May be called again, and where nothing was made. */
  release(volume: string): Promise<void>;
}

/** No bound of their own: the watch alone. */
export const WATCH_ONLY: TreeBound = {
  words: "trees are watched; the engine's volumes have no bound of their own",
  driverOptions: async () => await Promise.resolve({}),
  release: async () => await Promise.resolve(),
};

/** What a program may write between two looks of the watch is let in: it is the watch that ends an attempt, by name. */
const ROOM_BYTES = 64 * 1024 * 1024;

export function boundBytes({ bytes }: MeasureLimits): number {
  return Math.ceil(bytes * 1.1) + ROOM_BYTES;
}

const QUOTA: TreeBound = {
  words: "trees are watched, and bounded by the volume driver (size)",
  driverOptions: async (_, bound) => await Promise.resolve({ size: String(boundBytes(bound)) }),
  release: async () => await Promise.resolve(),
};

/**
 * Asks the engine once whether its local driver takes a size, by making a volume with one that is thrown away. It does
 * on XFS with project quotas, and says no where there are none.
 */
export async function probeQuota(docker: Docker, workspace: string): Promise<TreeBound> {
  const name = `nightwarden-probe-quota-${randomBytes(6).toString("hex")}`;
  const options = { Name: name, Driver: "local", Labels: { [LABEL_WORKSPACE]: workspace } };
  try {
    await docker.createVolume({ ...options, DriverOpts: { size: "16777216" } });
    const { Options } = await docker.getVolume(name).inspect();
    // An engine that drops what it does not know has no bound.
    return Options?.["size"] === "16777216" ? QUOTA : WATCH_ONLY;
  } catch {
    return WATCH_ONLY;
  } finally {
    await removeVolume(docker, name);
  }
}
