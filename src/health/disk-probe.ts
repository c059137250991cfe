import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { judgeDisk, WORKSPACE_DISK } from "../core/judge-disk.ts";
import { messageOf, NightwardenError } from "../core/nightwarden-error.ts";
import { systemCode } from "../lib/state-folder.ts";
import type { Probe } from "./probe.ts";

/** Room for the workspace's state: journal, outputs, shadow repositories. */
export function diskProbe(options: {
  /** Absolute; need not exist yet. */
  readonly folder: string;
  /** undefined: the file system is asked. */
  readonly freeBytes?: ((folder: string) => Promise<number>) | undefined;
}): Probe {
  const { folder, freeBytes = freeBytesAt } = options;
  return {
    name: "disk",
    subject: "workspace",
    deadlineMs: 10_000,
    cleanUpMs: 0,
    needs: [],
    lack: "the disk is full",
    run: async () => judgeDisk(WORKSPACE_DISK, await freeBytes(folder)),
  };
}

/** What others than root may still write on the file system of `folder`, or of the next folder above that exists. */
async function freeBytesAt(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch (error) {
    if (systemCode(error) === "ENOENT" && dirname(folder) !== folder)
      return await freeBytesAt(dirname(folder));
    throw new NightwardenError({
      code: "refused.probe",
      message: `how much room there is for the workspace cannot be asked: ${messageOf(error)}`,
      hint: `See that ${folder} can be reached.`,
      cause: error,
    });
  }
}
