import { readFile } from "node:fs/promises";
import { access, constants } from "node:fs/promises";
import { NightwardenError } from "../../core/nightwarden-error.ts";
import type { EnclosureMark } from "./enclosure-mark.ts";

/** What the kernel holds for each process; there is no core file in any case. Absent: as it is. */
export interface ProcessLimits {
  readonly openFiles?: number;
  readonly fileBytes?: number;
}

const PRLIMIT = ["/usr/bin/prlimit", "/bin/prlimit"];
/** The unit in which a shell counts a file's size. */
const SHELL_BLOCK_BYTES = 512;

/** The command that gives `command` its limits and its mark, and becomes it. Throws `refused.sandbox` where none can. */
export async function limitedCommand(
  command: readonly string[],
  limits: ProcessLimits,
  mark: EnclosureMark,
): Promise<{ readonly file: string; readonly args: readonly string[] }> {
  if (process.platform === "darwin") return shellCommand(command, limits);
  const file = await firstExecutable(PRLIMIT);
  if (file === undefined) {
    throw new NightwardenError({
      code: "refused.sandbox",
      message:
        "there is no prlimit, which gives the processes of a worktree sandbox their limits and their mark",
      hint: "Install util-linux, or use sandbox.kind docker.",
    });
  }
  const own = (await readFile("/proc/self/limits", "utf8").catch(() => "")) || "";
  const args = [
    "--core=0:0",
    `--locks=${mark.locks}:${mark.locks}`,
    ...limitArgs("nofile", limits.openFiles, hardLimit(own, "Max open files")),
    ...limitArgs("fsize", limits.fileBytes, hardLimit(own, "Max file size")),
    "--",
    ...command,
  ];
  return { file, args };
}

/** Never more than we may have ourselves: nobody without privilege can raise that. */
function limitArgs(name: string, wanted: number | undefined, most: number): string[] {
  if (wanted === undefined) return [];
  const value = Math.min(wanted, most);
  return [`--${name}=${value}:${value}`];
}

function hardLimit(limits: string, name: string): number {
  const hard = new RegExp(`^${name}\\s+\\S+\\s+(\\S+)`, "m").exec(limits)?.[1];
  return hard === undefined || hard === "unlimited" ? Infinity : Number(hard);
}

/** macOS has no prlimit. A limit that cannot be set ends the command before it has begun. */
export function shellCommand(
  command: readonly string[],
  { openFiles, fileBytes }: ProcessLimits,
): { readonly file: string; readonly args: readonly string[] } {
  const script = [
    "ulimit -c 0",
    ...(openFiles === undefined ? [] : [`ulimit -n ${openFiles}`]),
    ...(fileBytes === undefined ? [] : [`ulimit -f ${Math.ceil(fileBytes / SHELL_BLOCK_BYTES)}`]),
    'exec "$@"',
  ].join(" && ");
  return { file: "/bin/sh", args: ["-c", script, "sh", ...command] };
}

async function firstExecutable(files: readonly string[]): Promise<string | undefined> {
  for (const file of files) {
    const isThere = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return file;
  }
  return undefined;
}
