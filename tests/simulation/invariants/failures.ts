import type { MakeInvariant } from "../invariant.ts";

/**
 * After as many failed tasks in a row as the phase allows nothing more is started and nothing more begins to land, and
 * the night ends for that reason.
 */
export const breakerStops: MakeInvariant = ({ ledger, policy, broken }) => {
  let allowed = Infinity;
  let inARow = 0;
  return {
    onEvent: ({ type, data }) => {
      if (type === "night.started") {
        inARow = 0;
        allowed = policy.afterFailure === "stop" ? 1 : policy.breakerFailures;
      }
      const isTripped = inARow >= allowed;
      if (isTripped && (type === "attempt.started" || type === "landing.started"))
        broken(`${type} of ${data.attempt} after ${inARow} failed tasks in a row`);
      if (isTripped && type === "night.finished" && STARTED_MORE.has(data.end))
        broken(`the night ended as ${data.end} after ${inARow} failed tasks in a row`);
      if (type !== "task.finished") return;
      if (data.result === "landed") inARow = 0;
      if (data.result === "failed") inARow += 1;
      if (inARow > allowed && ledger.finished.at(-2)?.result === "failed" && policy.order === "listed")
        broken(`${inARow} tasks in a row failed`);
    },
  };
};

/** Ends of a night that has looked for more to do. */
const STARTED_MORE: ReadonlySet<string> = new Set(["queue-empty", "quota", "budget", "dependency-unmet"]);

/** Nothing is skipped but what builds on a failed task, and nothing at all where the phase forbids it. */
export const onlyDependentsSkipped: MakeInvariant = ({ scenario, ledger, policy, broken }) => ({
  onEvent: ({ type, data }) => {
    if (type !== "task.finished" || data.result !== "skipped") return;
    if (policy.skipping === "forbidden") broken(`${data.task} was skipped in a phase that forbids it`);
    if (data.because === undefined) {
      broken(`${data.task} was skipped for no task`);
      return;
    }
    const needed = new Set<string>();
    const visit = (id: string): void => {
      for (const each of scenario.tasks.find((task) => task.id === id)?.dependsOn ?? []) {
        if (needed.has(each)) continue;
        needed.add(each);
        visit(each);
      }
    };
    visit(data.task);
    if (!needed.has(data.because))
      broken(`${data.task} was skipped for ${data.because}, which it does not need`);
    const why = ledger.results.get(data.because);
    if (why !== "failed" && why !== "set-aside")
      broken(`${data.task} was skipped for ${data.because}, which is ${why ?? "open"}`);
  },
});

/** A task's result follows from what its attempts came to, and comes once. */
export const resultsAreTrue: MakeInvariant = ({ ledger, policy, broken }) => {
  const closed = new Set<string>();
  return {
    onEvent: (event) => {
      const { type, data } = event;
      if (type === "night.started") closed.clear();
      if (type === "landing.revoked") closed.delete(data.task);
      if (type !== "task.finished") return;
      const { task: id, result } = data;
      if (closed.has(id)) broken(`${id} was closed twice`);
      closed.add(id);
      const { attempts } = ledger.task(id);
      const last = attempts.at(-1);
      const outcome = last?.outcome;
      if (last && !outcome) broken(`${id} was closed while ${last.id} works`);
      if (result === "landed" && outcome?.kind !== "landed")
        broken(`${id} is landed, and its last attempt is not`);
      if (result === "landed" && last?.revoked) broken(`${id} is landed, and its landing was taken back`);
      if (result === "failed" && last?.revoked !== "culprit") {
        // A night before may have ended before it wrote it down.
        const { outcome: came } = [...ledger.attempts.values()].findLast((each) => each.task === id) ?? {};
        if (came?.kind !== "failed" || came.cause !== "task")
          broken(`${id} failed, though no attempt of it did`);
        const failures = [...ledger.attempts.values()].filter(
          (each) => each.task === id && each.outcome?.kind === "failed" && each.outcome.cause === "task",
        );
        const isLast = outcome?.kind === "failed" && outcome.reason.startsWith("cap-");
        if (
          failures.length <= policy.retries &&
          !isLast &&
          policy.retries > 0 &&
          !data.detail.includes("not tried again")
        )
          broken(`${id} failed before its last attempt`);
      }
    },
  };
};

/** Results are written in the order in which the last attempts ended. */
export const resultsInOrder: MakeInvariant = ({ ledger, broken }) => {
  let ended = new Map<string, number>();
  let lastClosed = -1;
  return {
    onEvent: ({ type, data, seq }) => {
      if (type === "night.started" || type === "night.resumed") {
        ended = new Map();
        lastClosed = -1;
      }
      if (type === "landing.revoked") ended.delete(data.task);
      if (type === "attempt.finished") ended.set(data.task, seq);
      if (type !== "task.finished" || (data.result !== "landed" && data.result !== "failed")) return;
      const at = ended.get(data.task);
      if (at === undefined) return; // before a crash, or taken back
      if (at < lastClosed) broken(`${data.task} was closed after a task whose attempt ended later`);
      lastClosed = at;
      const isOverdue = [...ended].find(
        ([task, endedAt]) =>
          endedAt < at &&
          ledger.tasks.get(task)?.result === undefined &&
          ledger.tasks.get(task)?.attempts.at(-1)?.outcome?.kind === "landed",
      );
      if (isOverdue) broken(`${data.task} was closed before ${isOverdue[0]}, which landed before`);
    },
  };
};
