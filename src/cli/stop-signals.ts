import { formatDuration, SECOND_MS } from "../core/duration.ts";
import { StopRequest } from "../night/night.ts";
import { EXIT } from "./exit-codes.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** After the first signal: what a landing that has begun may still take, and the clean-up behind it. */
const DRAIN_MS = 30 * SECOND_MS;
/** After the second: what the removal of containers may take. What it does not reach, the next start removes. */
const FORCE_MS = 10 * SECOND_MS;

export interface StopSignals {
  /** Aborted, with a StopRequest, when the night has to end. */
  readonly signal: AbortSignal;
  /** What to do when a second signal comes, before the process ends. */
  onForce(work: () => Promise<void>): void;
  dispose(): void;
}

/**
 * The first SIGINT, SIGTERM or SIGHUP lets the night drain; a second one, or a drain that takes too long, ends it at
 * once. `maxMs`: the night ends by itself after that time.
 */
export function listenForStop(options: {
  readonly progress: (line: string) => void;
  readonly maxMs: number | undefined;
}): StopSignals {
  const controller = new AbortController();
  let force: () => Promise<void> = async () => Promise.resolve();
  const timers: NodeJS.Timeout[] = [];
  const endNow = (): void => {
    const end = (): never => process.exit(EXIT.interrupted);
    timers.push(setTimeout(end, FORCE_MS));
    force().then(end, end);
  };
  let signals = 0;
  const stop = (request: StopRequest): void => {
    controller.abort(request);
    timers.push(setTimeout(endNow, DRAIN_MS).unref());
  };
  const onSignal = (name: (typeof SIGNALS)[number]): void => {
    signals += 1;
    if (signals > 1) {
      options.progress(`${name} again: ending at once; the next run puts things right`);
      endNow();
      return;
    }
    options.progress(`${name}: stopping; what has begun to land completes. Once more ends at once`);
    stop(new StopRequest("asked", name));
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  if (options.maxMs !== undefined) {
    const detail = `unattended for ${formatDuration(options.maxMs)}`;
    timers.push(setTimeout(() => stop(new StopRequest("time-limit", detail)), options.maxMs).unref());
  }
  return {
    signal: controller.signal,
    onForce: (work) => (force = work),
    dispose: () => {
      for (const name of SIGNALS) process.off(name, onSignal);
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
