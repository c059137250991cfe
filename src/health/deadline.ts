export interface Deadline {
  /** Aborted when it passes. */
  readonly signal: AbortSignal;
  cancel(): void;
}

export type StartDeadline = (ms: number) => Deadline;

/** Holds the process, as `AbortSignal.timeout` does not: what is waited for may be all that it has left to do. */
export const startDeadline: StartDeadline = (ms) => {
  const controller = new AbortController();
  const timer = setTimeout(
    () => controller.abort(new DOMException("the deadline has passed", "TimeoutError")),
    ms,
  );
  return { signal: controller.signal, cancel: () => clearTimeout(timer) };
};
