import type { MakeInvariant } from "../invariant.ts";

/** An attempt starts, and lands, only when everything that its task needs has landed, and is not taken back. */
export const dependenciesFirst: MakeInvariant = ({ ledger, broken }) => ({
  onEvent: ({ type, data }) => {
    if (type !== "attempt.started" && type !== "landing.started") return;
    for (const id of ledger.task(data.task).dependsOn)
      if (!ledger.landed.has(id)) broken(`${type} of ${data.attempt}, and ${id} has not landed`);
  },
});

/** In the phases that work as listed, no task starts while one that is listed before it is still open. */
export const orderIsListed: MakeInvariant = ({ ledger, policy, broken }) => ({
  onEvent: ({ type, data }) => {
    if (type !== "attempt.started" || policy.order !== "listed") return;
    for (const { id, result } of ledger.tasks.values()) {
      if (id === data.task) return;
      if (result === undefined) broken(`${data.attempt} started before ${id} was closed`);
    }
  },
});

/** Once the night is told to stop, by a person or by its window's end, nothing is started; and then it ends soon. */
export const stopsWhenTold: MakeInvariant = ({ ledger, world, broken }) => {
  let toldAtMs: number | undefined;
  return {
    onEvent: ({ type, data }) => {
      const nowMs = world.time.monotonicMs();
      if (type === "night.stopping") toldAtMs = nowMs;
      if (type === "night.started" || type === "night.resumed") toldAtMs = undefined;
      if (toldAtMs === undefined || !ledger.isStopping) return;
      if (type === "attempt.started") broken(`${data.attempt} started after the night was told to stop`);
      if (nowMs - toldAtMs > DRAIN_MS)
        broken(`${type} comes ${nowMs - toldAtMs} ms after the night was told to stop`);
    },
  };
};

const DRAIN_MS = 30_000;

/** What runs in a sandbox is held to the policy's caps. */
export const capsAreHeldTo: MakeInvariant = ({ policy, broken }) => ({
  onJob: ({ role, attempt }, job) => {
    const { limits } = policy;
    const wallClock = role === "agent" ? limits.wallClock : limits.verifyTime;
    const isCapped =
      job.wallClockMs <= wallClock &&
      job.outputBytes <= limits.output &&
      job.guard !== undefined &&
      (role !== "agent" ||
        ((job.firstOutputMs ?? Infinity) <= limits.firstOutput &&
          (job.silence?.maxMs ?? Infinity) <= limits.silence));
    if (!isCapped) broken(`the ${role} of ${attempt.attempt} runs without the policy's caps`);
  },
});
