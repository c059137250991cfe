import { scenarioOf } from "./scenario.ts";
import { historyInWords } from "./history-in-words.ts";
import { shrink } from "./shrink.ts";
import { simulate, type SimulatedNights } from "./simulate.ts";

/** How many nights of which kind there were. */
export interface ManyNights {
  readonly nights: number;
  readonly seeds: number;
  readonly events: number;
  /** Nights by their end. */
  readonly ends: Readonly<Record<string, number>>;
  /** Attempts by what they came to. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** The first that broke a promise, as it was; undefined: none did. */
  readonly failing: SimulatedNights | undefined;
}

/** Runs the nights of one seed after the other, until there were as many as wanted or one has broken a promise. */
export async function manyNights(options: {
  readonly nights: number;
  readonly seed: number;
  /** From one seed to the next one. Default: 1. */
  readonly stride?: number;
  /** Each night has exactly so many tasks. Absent: from 1 to 30. */
  readonly tasks?: number | undefined;
  readonly onNights?: (done: number) => void;
}): Promise<ManyNights> {
  const { nights: wanted, seed, stride = 1, tasks } = options;
  let [nights, seeds, events] = [0, 0, 0];
  const ends: Record<string, number> = {};
  const outcomes: Record<string, number> = {};
  for (; nights < wanted; seeds += 1) {
    const ran = await simulate(scenarioOf(seed + seeds * stride, tasks === undefined ? {} : { tasks }));
    events += ran.events.length;
    for (const { type, data } of ran.events) {
      if (type === "night.started") nights += 1;
      if (type === "night.finished") ends[data.end] = (ends[data.end] ?? 0) + 1;
      if (type !== "attempt.finished") continue;
      const name = data.outcome.kind === "landed" ? "landed" : data.outcome.reason;
      outcomes[name] = (outcomes[name] ?? 0) + 1;
    }
    options.onNights?.(nights);
    if (ran.violation) return { nights, seeds: seeds + 1, events, ends, outcomes, failing: ran };
  }
  return { nights, seeds, events, ends, outcomes, failing: undefined };
}

/** For a test: all the nights, or an error with the shortest history of the first that broke a promise. */
export async function expectSoundNights(options: Parameters<typeof manyNights>[0]): Promise<ManyNights> {
  const many = await manyNights(options);
  if (!many.failing) return many;
  const how = reproduce(many.failing.scenario.seed, options.tasks);
  throw new Error(`${how}\n${historyInWords(await shrink(many.failing))}`);
}

/** The command that shows what a seed stands for. */
export function reproduce(seed: number, tasks: number | undefined): string {
  return `scripts/simulate --nights 1 --seed ${seed}${tasks === undefined ? "" : ` --tasks ${tasks}`}`;
}

/** What must have happened among so many nights: nights in which nothing happens would keep every promise. */
export function expectVariety({ ends, outcomes, nights }: ManyNights): void {
  const rare = [
    ...COMMON_ENDS.filter((end) => (ends[end] ?? 0) < nights / 1000),
    ...COMMON_OUTCOMES.filter((outcome) => (outcomes[outcome] ?? 0) < nights / 1000),
  ];
  if (rare.length > 0) throw new Error(`hardly ever seen in ${nights} nights: ${rare.join(", ")}`);
}

const COMMON_ENDS = [
  "queue-empty",
  "first-failure",
  "breaker",
  "infra",
  "auth",
  "quota",
  "dependency-unmet",
  "time-limit",
  "interrupted",
];
const COMMON_OUTCOMES = [
  "landed",
  "agent-failed",
  "agent-not-started",
  "no-change",
  "check-blocked",
  "verify-failed",
  "cap-silence",
  "cap-wall-clock",
  "cap-tokens",
  "quota-exceeded",
  "api-overloaded",
  "login-refused",
  "api-failed",
  "gateway-failed",
  "sandbox-lost",
  "engine-failed",
  "git-failed",
  "stopped",
  "crashed",
];
