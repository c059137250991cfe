import { formatDuration } from "../core/duration.ts";
import { messageOf, NightwardenError } from "../core/nightwarden-error.ts";
import type { ProbeFinding, ProbeName, ProbeResult } from "../core/probe.ts";
import { startDeadline, type StartDeadline } from "./deadline.ts";
import type { Probe } from "./probe.ts";

export interface ProbeRunOptions {
  /** Milliseconds that only rise. */
  readonly now: () => number;
  /** Ends the probe that runs; then `runProbes` rejects with its reason. */
  readonly signal: AbortSignal;
  readonly onStart?: (probe: Probe) => void;
  readonly onResult?: (result: ProbeResult) => void | Promise<void>;
  /** A probe that has nothing to clean up passed its deadline and still works, such as a command that signs in. */
  readonly onLeft?: (probe: Probe, work: Promise<unknown>) => void;
  readonly deadline?: StartDeadline;
}

/** Such a probe may have left a command with which somebody is signing in. */
export function readsCredential(probe: ProbeName): boolean {
  return probe === "credentials" || probe === "hello";
}

/**
 * Runs the probes one after the other, each once, and returns a result for each. An error for people becomes a refusal;
 * a mistake of the program is thrown on.
 */
export async function runProbes(probes: readonly Probe[], options: ProbeRunOptions): Promise<ProbeResult[]> {
  const results: ProbeResult[] = [];
  /** Why others cannot rely on a probe, by the probe; undefined: they can. */
  const lacks = new Map<Probe, string | undefined>();
  for (const probe of probes) {
    options.signal.throwIfAborted();
    const lacking = firstLack(probe, lacks);
    const startedMs = options.now();
    if (lacking === undefined) options.onStart?.(probe);
    const finding =
      lacking === undefined
        ? await ask(probe, options)
        : ({ verdict: "not-run", message: `not run: ${lacking}` } as const);
    const { name, subject } = probe;
    const result = { probe: name, subject, ...finding, durationMs: options.now() - startedMs };
    lacks.set(probe, lacking ?? (finding.verdict === "refused" ? probe.lack : undefined));
    results.push(result);
    await options.onResult?.(result);
  }
  return results;
}

/** What keeps a probe from running, at its root: not the probe that did not run either, but what was refused. */
function firstLack(probe: Probe, lacks: ReadonlyMap<Probe, string | undefined>): string | undefined {
  for (const need of probe.needs) {
    if (!lacks.has(need)) throw new RangeError("a probe comes before one that it needs");
    const lack = lacks.get(need);
    if (lack !== undefined) return lack;
  }
  return undefined;
}

async function ask(probe: Probe, options: ProbeRunOptions): Promise<ProbeFinding> {
  const { signal: stop, deadline = startDeadline } = options;
  const late = deadline(probe.deadlineMs);
  const signal = AbortSignal.any([stop, late.signal]);
  const work = settle(probe.run({ signal, stop }));
  try {
    const inTime = await Promise.race([work, aborted(signal)]);
    // An error that comes with an abort is most often the abort itself, as whatever was called tells it.
    if (inTime && !(inTime.kind === "threw" && signal.aborted)) return findingOf(inTime);
    const cleaned = inTime ?? (await cleanUp(probe, work, deadline));
    if (cleaned?.kind === "threw" && isMistake(cleaned.error)) throw cleaned.error;
    stop.throwIfAborted();
    if (!cleaned) options.onLeft?.(probe, work);
    return lateFinding(probe);
  } finally {
    late.cancel();
  }
}

/** How a probe ended. */
type Settled =
  | { readonly kind: "found"; readonly finding: ProbeFinding }
  | { readonly kind: "threw"; readonly error: unknown };

async function settle(work: Promise<ProbeFinding>): Promise<Settled> {
  try {
    return { kind: "found", finding: await work };
  } catch (error) {
    return { kind: "threw", error };
  }
}

async function cleanUp(
  probe: Probe,
  work: Promise<Settled>,
  deadline: StartDeadline,
): Promise<Settled | undefined> {
  if (probe.cleanUpMs === 0) return undefined;
  const end = deadline(probe.cleanUpMs);
  try {
    return await Promise.race([work, aborted(end.signal)]);
  } finally {
    end.cancel();
  }
}

function findingOf(settled: Settled): ProbeFinding {
  if (settled.kind === "found") return settled.finding;
  if (!(settled.error instanceof NightwardenError)) throw settled.error;
  const hint = settled.error.hint ?? "nightwarden doctor asks again.";
  return { verdict: "refused", message: messageOf(settled.error), hint };
}

function isMistake(error: unknown): boolean {
  if (error instanceof NightwardenError) return false;
  return !(error instanceof Error && (error.name === "AbortError" || error.name === "TimeoutError"));
}

function lateFinding({ deadlineMs, late }: Probe): ProbeFinding {
  return {
    verdict: "refused",
    message: late?.message ?? `no answer within ${formatDuration(deadlineMs)}`,
    hint: late?.hint ?? "Is the machine busy, or does something hang? nightwarden doctor asks again.",
  };
}

async function aborted(signal: AbortSignal): Promise<undefined> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
