import type { OpenTrees } from "../contracts/trees.ts";
import type { AttemptRef, Outcome } from "../core/attempt.ts";
import type { Verdict } from "../core/event.ts";
import type { ObjectId } from "../core/ids.ts";
import type { Limits } from "../core/limits.ts";
import { verifyFailure } from "../core/run-failure.ts";
import { Tail } from "../core/tail.ts";
import { imageOf, repositoryOf, type Night } from "./night.ts";

const TAIL_CHARS = 4000;
const SLOT = 0;

export interface Verification {
  readonly verdict: Verdict;
  /** Why the commit may not land; undefined: it is green. */
  readonly failure: Outcome | undefined;
}

/**
 * Runs the verify commands on a commit, in a new container on a new tree made from git objects: nothing that an agent
 * left outside its commit can take part. Records the containers, not the verdict: that is the caller's.
 */
export async function verifyCommit(options: {
  readonly night: Night;
  readonly attempt: AttemptRef;
  readonly repo: string;
  readonly commit: ObjectId;
  readonly commands: readonly string[];
  readonly limits: Limits;
  /** Trees whose `verify` tree is still empty; without them new ones are opened and closed. */
  readonly trees?: OpenTrees;
  /** Sees every line that the commands print. */
  readonly onLine?: (text: string) => void;
}): Promise<Verification> {
  const { night, attempt, limits, commands } = options;
  const { deps, record } = night;
  const image = imageOf(night, options.repo);
  const trees = options.trees ?? (await deps.trees.open({ attempt, slot: SLOT }));
  try {
    const source = repositoryOf(night, options.repo).treeSource(options.commit);
    const filling = trees.fill("verify", source);
    const starting = deps.sandboxes.start({
      attempt,
      image,
      trees,
      limits,
      role: "verify",
      tree: "verify",
      slot: SLOT,
    });
    const [filled, started] = await Promise.allSettled([filling, starting]);
    if (filled.status === "rejected" || started.status === "rejected") {
      if (started.status === "fulfilled") await started.value.destroy();
      throw filled.status === "rejected" ? filled.reason : (started as PromiseRejectedResult).reason;
    }
    const sandbox = started.value;
    const place = { ...attempt, role: "verify" as const, container: sandbox.id };
    const tail = new Tail(TAIL_CHARS);
    const sink = await deps.outputs.open(record.state.night, attempt, "verify");
    try {
      await record.record({
        type: "sandbox.started",
        data: { ...place, image, selfCheck: sandbox.selfCheck },
      });
      const run = await sandbox.run(
        {
          commands: commands.map((command) => ["sh", "-c", command]),
          env: {},
          stdin: "",
          wallClockMs: limits.verifyTime,
          outputBytes: limits.output,
          onLine: (line) => {
            tail.push(line.text);
            options.onLine?.(line.text);
            sink.write(line);
          },
        },
        night.stop,
      );
      await record.record({
        type: "sandbox.finished",
        data: { ...place, end: run.end, output: await sink.close() },
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
    } finally {
      await sandbox.destroy();
    }
  } finally {
    if (!options.trees) await trees.close();
  }
}

/** Two verifications with the same key see the same files, image and commands, and so need only one run. */
export async function verifyKey(options: {
  readonly night: Night;
  readonly repo: string;
  readonly commit: ObjectId;
  readonly commands: readonly string[];
}): Promise<string> {
  const { night, repo, commands } = options;
  const tree = await repositoryOf(night, repo).treeOf(options.commit);
  return night.deps.digest(JSON.stringify([tree, imageOf(night, repo), commands]));
}
