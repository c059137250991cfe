import { stat } from "node:fs/promises";
import { err, ok, type Result } from "../core/result.ts";
import { ProcessError, runProcess } from "../lib/run-process.ts";
import type { GitProgram } from "./find-git.ts";
import { GIT_OPTIONS, gitEnvironment } from "./git-profile.ts";
import type { RepositoryProblem } from "./repository-problem.ts";

/** Where one of the user's repositories is on disk. */
export interface RepositoryLocation {
  /** Of a linked worktree its own one, which knows where the rest is. */
  readonly gitDir: string;
  /** Where objects, branches and configuration are. The same as `gitDir`, but for a linked worktree. */
  readonly commonDir: string;
  /** The folder with the files; null for a bare repository. */
  readonly workTree: string | null;
  readonly objectFormat: "sha1" | "sha256";
}

const TIMEOUT_MS = 20_000;
const MAX_STDOUT_BYTES = 64 * 1024;

/** Finds the repository that `folder` is in, and refuses one that git cannot read or that belongs to somebody else. */
export async function locateRepository(
  program: GitProgram,
  folder: string,
): Promise<Result<RepositoryLocation, RepositoryProblem>> {
  const folderStat = await stat(folder).catch(() => undefined);
  if (!folderStat?.isDirectory()) {
    return err({
      code: "no-such-folder",
      message: `${folder} is not a folder`,
      hint: "Write the repository's path.",
    });
  }
  const git = new Discovery(program, folder);
  try {
    const [gitDir, commonDir, isBare, objectFormat] = await Promise.all([
      git.ask("rev-parse", "--path-format=absolute", "--git-dir"),
      git.ask("rev-parse", "--path-format=absolute", "--git-common-dir"),
      git.ask("rev-parse", "--is-bare-repository"),
      git.ask("rev-parse", "--show-object-format"),
    ]);
    const workTree =
      isBare === "true" ? null : await git.ask("rev-parse", "--path-format=absolute", "--show-toplevel");
    const foreign = await findForeign([gitDir, commonDir, ...(workTree === null ? [] : [workTree])]);
    if (foreign) return err(foreign);
    return ok({
      gitDir,
      commonDir,
      workTree,
      objectFormat: objectFormat === "sha256" ? "sha256" : "sha1",
    });
  } catch (error) {
    if (!(error instanceof ProcessError)) throw error;
    return err(asProblem(folder, error));
  }
}

/** The only git of ours that looks for a repository. It runs in folders that the user named, and nowhere else. */
class Discovery {
  private readonly program: GitProgram;
  private readonly folder: string;

  constructor(program: GitProgram, folder: string) {
    this.program = program;
    this.folder = folder;
  }

  /** One line, whole: a path may begin or end with a space. */
  async ask(...args: readonly string[]): Promise<string> {
    const { stdout } = await runProcess({
      name: `git ${args[0]}`,
      file: this.program.file,
      // The owner is looked at by us, with a better hint than git's own refusal.
      args: [...GIT_OPTIONS.user, "-c", "safe.directory=*", ...args],
      cwd: this.folder,
      env: gitEnvironment(this.program),
      timeoutMs: TIMEOUT_MS,
      maxStdoutBytes: MAX_STDOUT_BYTES,
    });
    return stdout.toString("utf8").replace(/\n$/, "");
  }
}

/** What we wrote into another user's repository, that user could neither change nor delete. */
async function findForeign(folders: readonly string[]): Promise<RepositoryProblem | undefined> {
  const us = process.getuid?.();
  for (const folder of new Set(folders)) {
    const { uid } = await stat(folder);
    if (us === undefined || uid === us) continue;
    return {
      code: "foreign-owner",
      message: `${folder} belongs to user ${uid}, and Nightwarden runs as user ${us}`,
      hint: `Run Nightwarden as the owner, or give it a clone of its own: git clone ${folder} <path>`,
    };
  }
  return undefined;
}

function asProblem(folder: string, error: ProcessError): RepositoryProblem {
  if (error.stderr.includes("not a git repository")) {
    return {
      code: "not-a-repository",
      message: `${folder} is not in a git repository`,
      hint: "Make one there (git init, and a first commit), or write the path of one.",
    };
  }
  return {
    code: "unreadable",
    message: `git cannot read the repository of ${folder}: ${error.stderr || error.message}`,
    hint: "Run git status there and repair what it says.",
  };
}
