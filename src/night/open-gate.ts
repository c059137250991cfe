import type { DependencySet } from "../contracts/dependencies.ts";
import { judgeBaseline } from "../core/baseline.ts";
import { grantGap } from "../core/grant-gap.ts";
import type { AttemptId, ObjectId, TaskId } from "../core/ids.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import type { Task } from "../core/plan.ts";
import { safeBlock } from "../core/safe-text.ts";
import { abortable } from "./abortable.ts";
import { refuseTooLarge } from "./memory-claim.ts";
import { dependenciesOf, repositoryOf, required, type Night } from "./night.ts";
import { prepareDependencies } from "./prepare-dependencies.ts";
import { prepareInputs } from "./prepare-inputs.ts";
import { verifyCommit, verifyKey } from "./verify-commit.ts";

/** A set takes some hundred megabytes; these are the ones that were used last. */
const KEPT_SETS = 8;

/** What earlier nights say about a repository. */
export interface GateHistory {
  /** Keys of verifications that were green on a base: they need not run again. */
  readonly greenBaselines: ReadonlySet<string>;
  /** Sets of dependencies by their key, the one that was used last at the end. */
  readonly settledSets: ReadonlyMap<string, DependencySet>;
  /** For `base: continue`: the last night's result that nobody has merged yet. */
  readonly continueFrom: (repo: string) => Promise<ObjectId | undefined>;
}

/**
 * Everything that must hold before an agent may start: every task fits into the memory
 * budget, each repository is readable, its image is there, and its own
 * tests pass on the commit that the night builds on. Throws a NightwardenError that says what does not hold.
 */
export async function openGate(night: Night, tasks: readonly Task[], history: GateHistory): Promise<void> {
  refuseTooLarge(night, tasks);
  for (const [key, set] of history.settledSets) night.sets.set(key, set);
  const names = [...new Set(tasks.map((task) => task.repo))];
  const used: string[] = [];
  for (const repo of names) {
    night.stop.throwIfAborted();
    const base = await prepareRepository(night, repo, history);
    await ensureImage(night, repo);
    const own = tasks.filter((task) => task.repo === repo);
    await refuseUngrantable(night, repo, base, own);
    const set = await prepareDependencies({ night, repo, commit: base });
    if (set) used.push(set.id);
    await checkBaseline({ night, repo, base, tasks: own, green: history.greenBaselines });
  }
  // Nothing uses one now: what is not needed any more goes, and what a crash has left of one with it.
  const kept = [...history.settledSets.values()].map(({ id }) => id).slice(-KEPT_SETS);
  await night.deps.preparation?.dependencies.keep([...kept, ...used]);
}

/** What no task could be given is found before the first agent starts, and not by the task that wants it. */
async function refuseUngrantable(
  night: Night,
  repo: string,
  base: ObjectId,
  tasks: readonly Task[],
): Promise<void> {
  const granting = tasks.filter(({ grants }) => grants.dependencies.length > 0);
  if (granting.length === 0) return;
  const files = (await prepareInputs(night, repo, base))?.recipe.files ?? [];
  for (const { id, grants } of granting) {
    const gap = grantGap(grants.dependencies, files);
    if (!gap) continue;
    const message = `task "${id}" is granted what "${repo}" cannot be given: ${gap.message}`;
    throw new NightwardenError({ code: "refused.prepare", message, hint: gap.hint });
  }
}

async function prepareRepository(night: Night, repo: string, history: GateHistory): Promise<ObjectId> {
  const { record, order } = night;
  const repository = repositoryOf(night, repo);
  const known = record.state.repositories.get(repo);
  if (known) {
    await repository.prepare(known.base); // a night that goes on stays on its base
    return known.base;
  }
  const wanted = required(order.bases.get(repo), `the base of repository "${repo}"`);
  const ref = wanted === "continue" ? ((await history.continueFrom(repo)) ?? "HEAD") : wanted;
  const { commit, ref: baseRef, uncommitted } = await repository.prepare(ref);
  await record.record({
    type: "repository.prepared",
    data: {
      repo,
      path: repository.path,
      baseRef,
      base: commit,
      objectFormat: repository.objectFormat,
      uncommitted,
    },
  });
  if (uncommitted > 0) {
    const message = `${repo}: ${uncommitted} file${uncommitted === 1 ? " has" : "s have"} uncommitted changes, which this night leaves out`;
    await record.record({ type: "warning.raised", data: { code: "uncommitted", message } });
  }
  return commit;
}

async function ensureImage(night: Night, repo: string): Promise<void> {
  const { id, base, built } = await abortable(
    night.deps.images.ensure(repo, night.order.onProgress),
    night.stop,
  );
  await night.record.record({ type: "image.ready", data: { repo, image: id, base, built } });
}

/** How the usual test runners begin the line of a test that passed: its name proves nothing. */
const PASSED_LINE = /^\s*(?:ok\b|✓|✔|√|PASS|--- PASS|.*\bok$|.*\bPASSED\b)/;

async function checkBaseline(options: {
  readonly night: Night;
  readonly repo: string;
  readonly base: ObjectId;
  readonly tasks: readonly Task[];
  readonly green: ReadonlySet<string>;
}): Promise<void> {
  const { night, repo, base: commit, tasks } = options;
  const { record } = night;
  const commands = required(night.order.verify.get(repo), `the verify commands of "${repo}"`);
  const dependencies = dependenciesOf(night, repo);
  const key = await verifyKey({ night, repo, commit, commands, dependencies });
  if (options.green.has(key)) {
    await record.record({
      type: "baseline.finished",
      data: { repo, commit, key, result: "green-cached", verdict: null },
    });
    return;
  }
  await record.record({ type: "baseline.started", data: { repo, commit, key } });
  const wanted = new Set(tasks.flatMap((task) => task.redTests));
  const printed = new Set<string>();
  const runOnce = async (number: number): ReturnType<typeof verifyCommit> =>
    await verifyCommit({
      night,
      repo,
      commit,
      commands,
      dependencies,
      attempt: {
        task: "baseline" as TaskId,
        attempt: `baseline-${repo}.${number}` as AttemptId,
        token: night.deps.newToken(),
      },
      limits: night.order.limits,
      slot: 0, // no attempt runs yet
      onLine: (text) => {
        if (PASSED_LINE.test(text)) return;
        for (const name of wanted) if (text.includes(name)) printed.add(name);
      },
    });
  const first = await runOnce(1);
  throwIfNoVerdict(first);
  const second = first.verdict.green ? undefined : await runOnce(2);
  if (second) throwIfNoVerdict(second);
  const result = judgeBaseline({
    firstGreen: first.verdict.green,
    secondGreen: second?.verdict.green,
    tasks,
    printed,
  });
  const { verdict } = second ?? first;
  await record.record({ type: "baseline.finished", data: { repo, commit, key, result, verdict } });
  if (result === "flaky") {
    const message = `${repo}: the tests failed once and passed once on the same commit (flaky)`;
    await record.record({ type: "warning.raised", data: { code: "flaky-baseline", message } });
  }
  if (result === "red") {
    const why =
      verdict.failedCommand === null ? "" : `: ${verdict.failedCommand} (exit code ${verdict.exitCode})`;
    throw new NightwardenError({
      code: "refused.baseline",
      message: `the tests of "${repo}" fail on its base ${commit.slice(0, 12)}${why}\n${indent(safeBlock(verdict.tail))}`,
      hint: "Make them pass first, or queue only tasks of kind fix that name the failing tests in redTests.",
    });
  }
}

/** A run that was stopped, or lost its container, says nothing about the tests. */
function throwIfNoVerdict({ failure }: Awaited<ReturnType<typeof verifyCommit>>): void {
  if (failure?.kind !== "failed" || failure.cause === "task") return;
  if (failure.cause === "interrupted") throw new DOMException(failure.detail, "AbortError");
  throw new NightwardenError({ code: "infra.engine", message: failure.detail });
}

function indent(text: string): string {
  return text
    .split("\n")
    .map((line) => `    ${line}`)
    .join("\n");
}
