import type { DependencySet } from "../contracts/dependencies.ts";
import type { OpenTrees } from "../contracts/trees.ts";
import type { AttemptRef, Outcome } from "../core/attempt.ts";
import type { Verdict } from "../core/event-fields.ts";
import type { ObjectId } from "../core/ids.ts";
import type { Limits } from "../core/limits.ts";
import { verifyFailure } from "../core/run-failure.ts";
import { Tail } from "../core/tail.ts";
import { buildOf, imageOf, repositoryOf, type Night } from "./night.ts";
import { runInSandbox } from "./run-in-sandbox.ts";
import { withCleanUp } from "./with-clean-up.ts";

const TAIL_CHARS = 4000;

export interface Verification {
  readonly verdict: Verdict;
  /** Why the commit may not land; undefined: it is green. */
  readonly failure: Outcome | undefined;
}

/**
 * Runs the build steps and the verify commands on a commit, in a new container on a new tree made from git objects: nothing that an agent
 * left outside its commit can take part. Records the containers, not the verdict: that is the caller's.
 */
export async function verifyCommit(options: {
  readonly night: Night;
  readonly attempt: AttemptRef;
  readonly repo: string;
  readonly commit: ObjectId;
  readonly commands: readonly string[];
  /** What is installed for it; undefined: nothing. */
  readonly dependencies: DependencySet | undefined;
  readonly limits: Limits;
  readonly slot: number;
  /** Trees with these dependencies whose `verify` tree is still empty; without them new ones are opened and closed. */
  readonly trees?: OpenTrees;
  /** Sees every line that the commands print. */
  readonly onLine?: (text: string) => void;
}): Promise<Verification> {
  const { night, attempt, repo, limits, slot, dependencies } = options;
  if (!options.trees) {
    const trees = await openTrees({ night, attempt, slot, limits, dependencies });
    return await withCleanUp(
      async () => await verifyCommit({ ...options, trees }),
      async () => await trees.close(),
    );
  }
  const commands = [...buildOf(night, repo), ...options.commands];
  const tail = new Tail(TAIL_CHARS);
  const run = await runInSandbox({
    night,
    attempt,
    role: "verify",
    trees: options.trees,
    source: repositoryOf(night, repo).treeSource(options.commit),
    image: imageOf(night, repo),
    limits,
    slot,
    job: {
      commands: commands.map((command) => ["sh", "-c", command]),
      env: {},
      path: dependencies?.path ?? [],
      stdin: "",
      wallClockMs: limits.verifyTime,
    },
    onLine: ({ text }) => {
      tail.push(text);
      options.onLine?.(text);
    },
  });
  const failedCommand = run.failedCommand === null ? null : (commands[run.failedCommand] ?? null);
  const failure = verifyFailure(run, limits, failedCommand);
  const verdict: Verdict = {
    green: failure === undefined,
    failedCommand,
    exitCode: run.end.exitCode,
    end: run.end.reason,
    outOfMemory: run.end.outOfMemory,
    durationMs: run.end.durationMs,
    tail: tail.toString(),
  };
  return { verdict, failure };
}

/** Empty trees for an attempt, which get dependencies with their fill. */
export async function openTrees(options: {
  readonly night: Night;
  readonly attempt: AttemptRef;
  readonly slot: number;
  readonly limits: Pick<Limits, "disk" | "inodes">;
  readonly dependencies: DependencySet | undefined;
}): Promise<OpenTrees> {
  const { night, attempt, slot, limits, dependencies } = options;
  const bound = {
    bytes: limits.disk + (dependencies?.bytes ?? 0),
    inodes: limits.inodes + (dependencies?.inodes ?? 0),
  };
  const trees = await night.deps.trees.open({
    attempt,
    slot,
    bound,
    ...(dependencies ? { dependencies } : {}),
  });
  try {
    await tellUnbounded(night, attempt, trees);
    return trees;
  } catch (error) {
    await trees.close();
    throw error;
  }
}

/** Trees that the kernel bounds, and now does not, are a fact of the night: told once, since it mostly stays so. */
async function tellUnbounded(
  { record }: Night,
  { attempt }: AttemptRef,
  { boundProblem }: OpenTrees,
): Promise<void> {
  const code = "tree-unbounded";
  if (boundProblem === undefined || record.state.warnings.some((each) => each.code === code)) return;
  const message = `the trees of ${attempt}, and perhaps of later attempts, are watched and not bounded: ${boundProblem}`;
  await record.record({ type: "warning.raised", data: { code, message } });
}

/** Two verifications with the same key see the same files, image, commands and dependencies, and so need only one run. */
export async function verifyKey(options: {
  readonly night: Night;
  readonly repo: string;
  readonly commit: ObjectId;
  readonly commands: readonly string[];
  readonly dependencies: DependencySet | undefined;
}): Promise<string> {
  const { night, repo, dependencies: set } = options;
  const commands = [...buildOf(night, repo), ...options.commands];
  const tree = await repositoryOf(night, repo).treeOf(options.commit);
  const inputs = [tree, imageOf(night, repo), commands, ...(set ? [set.key] : [])];
  return night.deps.digest(JSON.stringify(inputs));
}
