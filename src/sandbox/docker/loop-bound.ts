import { constants } from "node:fs";
import { access, mkdir, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { MeasureLimits } from "../../core/collector-protocol.ts";
import { messageOf, NightwardenError } from "../../core/nightwarden-error.ts";
import { runProcess } from "../../lib/run-process.ts";
import { boundBytes, type TreeBound } from "./tree-bound.ts";

const FOLDERS = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"];
const TIMEOUT_MS = 30_000;
const MAX_OUTPUT_BYTES = 64 * 1024;
/** No more than a file system needs for itself: the rest of what the bound counts. */
const ROOM_INODES = 1000;

/**
 * Trees in file systems of their own: a sparse file in a folder of ours, ext4 in it, and a loop device that the engine
 * mounts. Bytes and inodes end where the file system does. Only for an engine on this machine, and as root.
 */
export class LoopBound implements TreeBound {
  readonly words = "trees are watched, and bounded by file systems of their own (loop devices)";
  private readonly folder: string;
  private readonly programs: { readonly losetup: string; readonly mkfs: string };

  private constructor(folder: string, programs: { readonly losetup: string; readonly mkfs: string }) {
    this.folder = folder;
    this.programs = programs;
  }

  /** Refuses where this machine cannot make them: whoever asks for a hard bound does not get a softer one. */
  static async open(options: { readonly folder: string; readonly engineHost: string }): Promise<LoopBound> {
    const [losetup, mkfs] = [await findProgram("losetup"), await findProgram("mkfs.ext4")];
    const lack = [
      [process.platform === "linux", "this is not Linux"],
      [process.getuid?.() === 0, "only root may make loop devices"],
      [options.engineHost.startsWith("unix://"), "the engine is not on this machine"],
      [losetup !== undefined, "losetup was not found"],
      [mkfs !== undefined, "mkfs.ext4 was not found"],
    ].find(([holds]) => !holds)?.[1];
    if (lack !== undefined || losetup === undefined || mkfs === undefined) {
      throw new NightwardenError({
        code: "refused.sandbox",
        message: `trees cannot be bounded by loop devices (sandbox.treeBound): ${String(lack)}`,
        hint: "Leave sandbox.treeBound out: trees are then watched, as they always are.",
      });
    }
    await mkdir(options.folder, { recursive: true, mode: 0o700 });
    return new LoopBound(options.folder, { losetup, mkfs });
  }

  async driverOptions(volume: string, bound: MeasureLimits): Promise<Record<string, string>> {
    const image = this.imageOf(volume);
    try {
      await writeFile(image, "", { mode: 0o600, flag: "wx" });
      await truncate(image, boundBytes(bound));
      // No journal, no reserve for root, tables written when they are used: it lives for minutes.
      const features = ["-O", "^has_journal", "-m", "0", "-E", "lazy_itable_init=1,nodiscard"];
      const inodes = String(Math.ceil(bound.inodes * 1.1) + ROOM_INODES);
      await this.run(this.programs.mkfs, ["-q", "-F", ...features, "-N", inodes, image]);
      const device = (await this.run(this.programs.losetup, ["--find", "--show", image])).trim();
      return { type: "ext4", device, o: "nosuid,nodev,noatime" };
    } catch (error) {
      await this.release(volume).catch(() => undefined);
      const message = `no file system could be made for a tree: ${messageOf(error)}`;
      throw new NightwardenError({ code: "infra.engine", message, cause: error });
    }
  }

  async release(volume: string): Promise<void> {
    const image = this.imageOf(volume);
    if (!(await isThere(image))) return;
    const listed = await this.run(this.programs.losetup, ["-j", image, "-n", "-O", "NAME"]);
    for (const device of listed.split("\n").map((line) => line.trim())) {
      if (device !== "") await this.run(this.programs.losetup, ["-d", device]);
    }
    await rm(image, { force: true });
  }

  private imageOf(volume: string): string {
    return join(this.folder, `${volume}.img`);
  }

  private async run(file: string, args: readonly string[]): Promise<string> {
    const { stdout } = await runProcess({
      name: file,
      file,
      args,
      cwd: "/",
      env: { PATH: FOLDERS.join(":") },
      timeoutMs: TIMEOUT_MS,
      maxStdoutBytes: MAX_OUTPUT_BYTES,
    });
    return stdout.toString("utf8");
  }
}

async function findProgram(name: string): Promise<string | undefined> {
  for (const folder of FOLDERS) {
    const file = join(folder, name);
    if (await isThere(file, constants.X_OK)) return file;
  }
  return undefined;
}

async function isThere(file: string, mode = constants.F_OK): Promise<boolean> {
  try {
    await access(file, mode);
    return true;
  } catch {
    return false;
  }
}
