import type { DependencySet } from "../contracts/dependencies.ts";
import type { Outcome } from "../core/attempt.ts";
import type { EventData } from "../core/event.ts";
import type { ObjectId } from "../core/ids.ts";
import { verifyFailure } from "../core/run-failure.ts";
import { reportingCommand, tolerated, type TestSettings } from "../core/test-command.ts";
import { countResults, type TestRun } from "../core/test-run.ts";
import type { Attempt } from "./attempt.ts";
import { buildOf, imageOf, repositoryOf } from "./night.ts";
import { runInSandbox } from "./run-in-sandbox.ts";
import { openTrees, verifyKey } from "./verify-commit.ts";
import { withCleanUp } from "./with-clean-up.ts";

/** Runs that are remembered: a base of the next attempt is the commit that this one lands. */
const KEPT_RUNS = 8;

export type RunRecord = EventData<"replay.finished">["runs"][number];

/** A run of the tests, as it is compared and as it is recorded; or why there was none, which is nobody's tests' fault. */
export type TestsRun =
  | { readonly kind: "ran"; readonly run: TestRun; readonly record: RunRecord }
  | { readonly kind: "not-run"; readonly outcome: Outcome };

/**
 * Runs a repository's tests on one commit, in a new container on a new tree, with the supervisor's own reporter. What
 * was run before on the same files, with the same image, commands and dependencies, is not run again.
 */
export async function runTests(
  attempt: Attempt,
  options: {
    readonly tree: RunRecord["tree"];
    readonly commit: ObjectId;
    readonly settings: TestSettings;
    /** What is installed for it; undefined: nothing. */
    readonly dependencies: DependencySet | undefined;
    /** Also where it was run before. */
    readonly anew?: boolean;
  },
): Promise<TestsRun> {
  const { night, task } = attempt;
  const { tree, commit, settings, dependencies } = options;
  const commands = commandsOf(attempt, settings);
  const key = await verifyKey({
    night,
    repo: task.repo,
    commit,
    commands: [settings.runner, ...commands.map((command) => command.join(" "))],
    dependencies,
  });
  const known = options.anew ? undefined : night.testRuns.get(key);
  if (known) {
    night.testRuns.delete(key);
    night.testRuns.set(key, known);
    return { kind: "ran", run: known, record: recordOf({ tree, key, run: known, cached: true }) };
  }
  const { run, outcome, exitCode, durationMs } = await runOnce(attempt, {
    commit,
    settings,
    commands,
    dependencies,
  });
  // A cap says something about the tree; what the machinery did says nothing.
  if (outcome?.kind === "failed" && outcome.cause !== "task") return { kind: "not-run", outcome };
  night.testRuns.set(key, run);
  for (const oldest of night.testRuns.keys()) {
    if (night.testRuns.size <= KEPT_RUNS) break;
    night.testRuns.delete(oldest);
  }
  return {
    kind: "ran",
    run,
    record: { ...recordOf({ tree, key, run, cached: false }), exitCode, durationMs },
  };
}

function recordOf(options: {
  readonly tree: RunRecord["tree"];
  readonly key: string;
  readonly run: TestRun;
  readonly cached: boolean;
}): RunRecord {
  const { tree, key, run, cached } = options;
  const counts = run.results ? countResults(run.results) : null;
  return { tree, key, cached, green: run.green, tests: counts, exitCode: null, durationMs: 0 };
}

function commandsOf({ night, task }: Attempt, settings: TestSettings): (readonly string[])[] {
  const shell = (command: string): readonly string[] => ["sh", "-c", command];
  const build = buildOf(night, task.repo).map(shell);
  if (settings.runner === "exit-code") return [...build, ...task.verify.map(shell)];
  return [
    ...build,
    ...settings.before.map(tolerated),
    shell(reportingCommand(settings.runner, settings.command)),
  ];
}

async function runOnce(
  attempt: Attempt,
  options: {
    readonly commit: ObjectId;
    readonly settings: TestSettings;
    readonly commands: readonly (readonly string[])[];
    readonly dependencies: DependencySet | undefined;
  },
): Promise<{
  readonly run: TestRun;
  readonly outcome: Outcome | undefined;
  readonly exitCode: number | null;
  readonly durationMs: number;
}> {
  const { night, task, ref, slot, limits } = attempt;
  const { repo } = task;
  const { commit, settings, commands, dependencies } = options;
  const trees = await openTrees({ night, attempt: ref, slot, limits, dependencies });
  const ended = await withCleanUp(
    async () =>
      await runInSandbox({
        night,
        attempt: ref,
        role: "replay",
        trees,
        source: repositoryOf(night, repo).treeSource(commit),
        image: imageOf(night, repo),
        limits,
        slot,
        job: {
          commands,
          env: {},
          path: dependencies?.path ?? [],
          stdin: "",
          wallClockMs: limits.verifyTime,
          ...(settings.runner === "exit-code" ? {} : { tests: settings.runner }),
        },
        onLine: () => undefined,
      }),
    async () => await trees.close(),
  );
  const outcome = verifyFailure(ended, limits, null);
  return {
    run: { green: ended.allPassed, results: ended.tests ?? null },
    outcome,
    exitCode: ended.end.exitCode,
    durationMs: ended.end.durationMs,
  };
}
