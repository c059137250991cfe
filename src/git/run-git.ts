import { isObjectId, type ObjectId } from "../core/ids.ts";
import { messageOf, NightwardenError } from "../core/nightwarden-error.ts";
import { ProcessError, runProcess, streamProcess, type ProcessRequest } from "../lib/run-process.ts";
import type { GitProgram } from "./find-git.ts";
import { GIT_OPTIONS, gitEnvironment, type GitProfile } from "./git-profile.ts";

/** What one call may differ in. */
export interface GitCall {
  readonly stdin?: ProcessRequest["stdin"];
  /** Exit codes that are answers, not failures. Default: 0. */
  readonly exitCodes?: readonly number[];
  /** Added to the environment: a date of the commit to make, or a work tree. */
  readonly env?: Readonly<Record<string, string>>;
  /** Ends the command, which then fails. */
  readonly signal?: AbortSignal;
}

export type GitConfig = readonly (readonly [key: string, value: string])[];

interface GitOptions {
  readonly program: GitProgram;
  readonly profile: GitProfile;
  readonly gitDir: string;
  readonly config?: GitConfig;
}

/** Packing and unpacking a large repository takes minutes; nothing of ours takes longer unless it hangs. */
const TIMEOUT_MS = 15 * 60_000;
/** Room for a list of some million objects. */
const MAX_STDOUT_BYTES = 512 * 1024 * 1024;

/**
 * Git over one repository that is named by its git directory and never looked for, with nothing of the user's
 * configuration (see git-profile.ts). A failure is a `NightwardenError` of code `infra.git`.
 */
export class Git {
  readonly gitDir: string;
  private readonly options: GitOptions;

  constructor(options: GitOptions) {
    this.options = options;
    this.gitDir = options.gitDir;
  }

  /** The same repository with more configuration set over the repository's own. */
  withConfig(config: GitConfig): Git {
    return new Git({ ...this.options, config: [...(this.options.config ?? []), ...config] });
  }

  async run(args: readonly string[], call: GitCall = {}): Promise<{ exitCode: number; stdout: Buffer }> {
    try {
      return await runProcess({
        ...this.request(args, call),
        maxStdoutBytes: MAX_STDOUT_BYTES,
        ...(call.exitCodes ? { exitCodes: call.exitCodes } : {}),
      });
    } catch (error) {
      throw asGitError(error);
    }
  }

  /** What the command prints, without white space at its ends. */
  async text(args: readonly string[], call: GitCall = {}): Promise<string> {
    const { stdout } = await this.run(args, call);
    return stdout.toString("utf8").trim();
  }

  /** What the command prints, for commands that answer with an object's name. */
  async objectId(args: readonly string[], call: GitCall = {}): Promise<ObjectId> {
    const text = await this.text(args, call);
    if (isObjectId(text)) return text;
    throw new NightwardenError({
      code: "infra.git",
      message: `git ${args[0]} gave no object name but "${text.slice(0, 200)}"`,
    });
  }

  /** The command's standard output as it comes. A consumer that stops early ends the command. */
  async *stream(
    args: readonly string[],
    call: Pick<GitCall, "stdin"> = {},
  ): AsyncGenerator<Uint8Array, undefined> {
    try {
      yield* streamProcess(this.request(args, call));
    } catch (error) {
      throw asGitError(error);
    }
  }

  /** The object that a full ref points to, or undefined if there is no such ref. */
  async readRef(ref: string): Promise<ObjectId | undefined> {
    const listing = await this.text(["for-each-ref", "--format=%(objectname) %(refname)", ref]);
    const line = listing.split("\n").find((candidate) => candidate.endsWith(` ${ref}`));
    const oid = line?.split(" ", 1)[0] ?? "";
    return isObjectId(oid) ? oid : undefined;
  }

  async hasCommit(commit: ObjectId): Promise<boolean> {
    const { exitCode } = await this.run(["cat-file", "-e", `${commit}^{commit}`], { exitCodes: [0, 1, 128] });
    return exitCode === 0;
  }

  /** Whether a commit that makes the same change as `commit` is in the history of `descendant`, as after a cherry-pick. */
  async hasSamePatch(commit: ObjectId, descendant: ObjectId): Promise<boolean> {
    const { exitCode, stdout } = await this.run(["cherry", descendant, commit, `${commit}~1`], {
      exitCodes: [0, 128], // a commit without a parent here has nothing to compare
    });
    return exitCode === 0 && stdout.toString("latin1").startsWith("- ");
  }

  async isAncestor(ancestor: ObjectId, descendant: ObjectId): Promise<boolean> {
    const { exitCode } = await this.run(["merge-base", "--is-ancestor", ancestor, descendant], {
      exitCodes: [0, 1],
    });
    return exitCode === 0;
  }

  private request(args: readonly string[], call: GitCall): ProcessRequest {
    const { program, profile, gitDir, config = [] } = this.options;
    const configured = config.flatMap(([key, value], index) => [
      [`GIT_CONFIG_KEY_${index}`, key],
      [`GIT_CONFIG_VALUE_${index}`, value],
    ]);
    return {
      name: `git ${args[0]}`,
      file: program.file,
      args: [...GIT_OPTIONS[profile], ...args],
      cwd: gitDir,
      env: {
        ...gitEnvironment(program),
        GIT_DIR: gitDir,
        GIT_CONFIG_COUNT: String(config.length),
        ...Object.fromEntries(configured),
        ...call.env,
      },
      ...(call.stdin === undefined ? {} : { stdin: call.stdin }),
      timeoutMs: TIMEOUT_MS,
      ...(call.signal ? { signal: call.signal } : {}),
    };
  }
}

/** What a program's failure is to the flow. Errors of anything but the program itself pass through. */
function asGitError(error: unknown): unknown {
  if (!(error instanceof ProcessError)) return error;
  return new NightwardenError({ code: "infra.git", message: messageOf(error), cause: error });
}
