import type { MakeInvariant } from "../invariant.ts";

/** Facts about an attempt that are no act of its worker's. */
const AFTERWARDS: ReadonlySet<string> = new Set([
  "account.taken",
  "leftovers.removed",
  "landing.revoked",
  "sandbox.finished",
  "gateway.finished",
  "model.answered",
  "egress.denied",
]);

/** Every attempt that has begun ends in exactly one outcome, before its night ends. */
export const oneOutcomeEach: MakeInvariant = ({ ledger, broken }) => {
  const ended = new Set<string>();
  return {
    onEvent: ({ type, data }) => {
      if (type === "attempt.finished") {
        if (ended.has(data.attempt)) broken(`${data.attempt} has two outcomes`);
        ended.add(data.attempt);
        const attempt = ledger.of(data.attempt);
        const { outcome } = data;
        if (outcome.kind === "landed" && attempt.landed !== outcome.commit)
          broken(`${data.attempt} landed without landing`);
        if (outcome.kind === "failed" && attempt.landed !== undefined)
          broken(`${data.attempt} has landed, and failed`);
      }
      if (type === "night.finished" && ledger.open.size > 0)
        broken(`the night ended, and ${[...ledger.open].map(({ id }) => id).join(", ")} had no outcome`);
    },
  };
};

/** The number of a task's attempt only rises, over all nights, and no token is used twice. */
export const numbersRise: MakeInvariant = ({ broken }) => {
  const highest = new Map<string, number>();
  const tokens = new Set<string>();
  return {
    onEvent: ({ type, data }) => {
      if (type !== "attempt.started") return;
      const { task, number, token, attempt } = data;
      if (number <= (highest.get(task) ?? 0)) broken(`${attempt} is not higher than the attempt before`);
      if (attempt !== `${task}.${number}`) broken(`${attempt} is no name for attempt ${number} of ${task}`);
      if (tokens.has(token)) broken(`${attempt} has the token of another attempt`);
      highest.set(task, number);
      tokens.add(token);
    },
  };
};

/** Nothing of an attempt that has its outcome arrives any more: no capture, no landing, no delivery. */
export const nothingLate: MakeInvariant = ({ ledger, broken }) => ({
  onEvent: ({ type, data }) => {
    if (!("token" in data) || AFTERWARDS.has(type) || type === "attempt.finished") return;
    const attempt = ledger.attempts.get(data.attempt);
    if (!attempt) return; // of the gate
    if (attempt.token !== data.token) broken(`${type} of ${data.attempt} has the token of another`);
    const isOpen = ledger.open.has(attempt);
    const isLate = !isOpen && (type.startsWith("landing.") || type === "capture.started");
    if (isLate) broken(`${type} of ${data.attempt}, which has been given up`);
  },
});

/** One attempt of a task at a time, and none of a task that has landed or is closed. */
export const oneAttemptEach: MakeInvariant = ({ ledger, broken }) => ({
  onEvent: ({ type, data }) => {
    if (type !== "attempt.started") return;
    const { task: id, attempt } = data;
    const task = ledger.task(id);
    const open = task.attempts.filter((each) => each.outcome === undefined);
    if (open.length > 1) broken(`${attempt} started beside ${open[0]?.id ?? ""}`);
    if (task.result !== undefined) broken(`${attempt} started, and ${id} is ${task.result}`);
    if (ledger.landed.has(id)) broken(`${attempt} started, and ${id} has landed`);
  },
});

/** How often a task is tried, by what the attempts before ended for. */
export const attemptsAreCounted: MakeInvariant = ({ ledger, policy, broken }) => {
  const interruptions = new Map<string, number>();
  return {
    onEvent: ({ type, data }) => {
      if (
        type === "attempt.finished" &&
        data.outcome.kind === "failed" &&
        data.outcome.cause === "interrupted"
      )
        interruptions.set(data.task, (interruptions.get(data.task) ?? 0) + 1);
      if (type !== "attempt.started") return;
      const { task, attempt } = data;
      const failed = [...ledger.attempts.values()].flatMap(({ task: of, night, outcome }) =>
        of === task && outcome?.kind === "failed" ? [{ night, ...outcome }] : [],
      );
      // What the task has done counts over all nights, what happened to it in each anew.
      const count = (cause: string): number =>
        failed.filter((each) => each.cause === cause && (cause === "task" || each.night === ledger.night))
          .length;
      if (count("task") > policy.retries) broken(`${attempt} follows ${count("task")} failures of the task`);
      if (failed.some(({ reason }) => reason.startsWith("cap-"))) broken(`${attempt} follows a cap`);
      if (count("infra") > 1) broken(`${attempt} follows ${count("infra")} failures of the machinery`);
      if (count("auth") > 0) broken(`${attempt} follows a refused login`);
      if (count("quota") > 1) broken(`${attempt} follows ${count("quota")} quotas`);
      if ((interruptions.get(task) ?? 0) >= 3) broken(`${attempt} follows three interruptions`);
    },
  };
};

/** An attempt starts from the tip of its night's branch. Beside others: from what it was when it asked. */
export const startsFromTip: MakeInvariant = ({ world, policy, broken }) => ({
  onEvent: ({ type, data, night }) => {
    if (type !== "attempt.started" || night === null) return;
    if (policy.order === "dag" && policy.parallel > 1) return;
    const tip = world.repositories.get(data.repo)?.tipOf(night);
    if (tip !== undefined && tip !== data.base)
      broken(`${data.attempt} started from ${data.base}, the tip is ${tip}`);
  },
});
