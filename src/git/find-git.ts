import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, isAbsolute, join } from "node:path";
import { missingFixes } from "../core/judge-version.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import { runProcess } from "../lib/run-process.ts";

/** The git of this machine. */
export interface GitProgram {
  readonly file: string;
  /** What git itself finds its parts in. Absolute folders only: a relative one would depend on where we are. */
  readonly searchPath: string;
  /** Such as `2.39.5`. */
  readonly version: string;
}

const HINT = "Install git 2.38 or newer";
const VERSION_TIMEOUT_MS = 20_000;

/** Finds git by `searchPath` (the environment's PATH) and refuses one that is too old, by name. */
export async function findGit(searchPath = process.env["PATH"] ?? ""): Promise<GitProgram> {
  const folders = searchPath.split(delimiter).filter((folder) => isAbsolute(folder));
  for (const folder of folders) {
    const file = join(folder, "git");
    if (!(await isExecutable(file))) continue;
    const absolute = folders.join(delimiter);
    return { file, searchPath: absolute, version: await usableVersion(file, absolute) };
  }
  throw new NightwardenError({
    code: "refused.repository",
    message: "git was not found",
    hint: `${HINT}, and put it on the PATH.`,
  });
}

async function usableVersion(file: string, searchPath: string): Promise<string> {
  const { stdout } = await runProcess({
    name: "git --version",
    file,
    args: ["--version"],
    cwd: "/",
    env: { PATH: searchPath, LC_ALL: "C" },
    timeoutMs: VERSION_TIMEOUT_MS,
    maxStdoutBytes: 4096,
  });
  const text = stdout.toString("utf8").trim();
  const version = /\d+(?:\.\d+)+/.exec(text)?.[0] ?? text;
  if (missingFixes({ component: "git", version }, "required")?.length === 0) return version;
  throw new NightwardenError({
    code: "refused.repository",
    message: `${file} is "${text}", which is too old`,
    hint: `${HINT}.`,
  });
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
