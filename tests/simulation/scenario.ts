import { PHASES, type Phase } from "../../src/core/policy.ts";
import { SeededRandom } from "./seeded-random.ts";
import type { ClockJump } from "./virtual-time.ts";

/** What an attempt's agent does, or what happens to it. */
export const DEEDS = [
  /** Does its task. */
  "lands",
  /** Does it, and touches what others touch as well. */
  "strays",
  /** Leaves what its verify commands find red. */
  "breaks",
  /** Leaves what a check blocks. */
  "cheats",
  "changes-nothing",
  "exits-with-error",
  "is-missing",
  "falls-silent",
  "never-ends",
  "floods",
  /** Uses more of the model than it may. */
  "overspends",
  /** A quota is used up; the API says until when, or not. */
  "meets-quota",
  "meets-quota-without-time",
  "meets-overload",
  "is-refused-by-api",
  "meets-broken-api",
  /** Its gateway ends by itself. */
  "loses-gateway",
  /** Its container is gone. */
  "loses-container",
] as const;
export type Deed = (typeof DEEDS)[number];

export interface SimTask {
  readonly id: string;
  readonly repo: string;
  readonly dependsOn: readonly string[];
  readonly files: readonly string[];
  readonly priority: number;
  readonly agent: string;
  /** The line of a file that it changes beside its own file; null: none. */
  readonly edits: { readonly module: number; readonly line: number } | null;
  /** Half of a pair: with both halves on the branch, the full verification is red. */
  readonly pair: { readonly name: number; readonly half: 0 | 1 } | null;
}

/** What the world does to the night. Times are milliseconds of virtual time since the first night's start. */
export type Fault =
  /** The process dies at its `atStep`-th step: before it, or when what it does has happened and nobody knows yet. */
  | { readonly kind: "kill"; readonly run: number; readonly atStep: number; readonly after: boolean }
  /** The engine answers nothing for a time; what runs in it may be lost. */
  | { readonly kind: "engine-down"; readonly atMs: number; readonly forMs: number; readonly loses: boolean }
  /** A person or a signal asks the night to stop. */
  | { readonly kind: "stop"; readonly atMs: number }
  /** One call to git fails: the `atCall`-th that any process makes. */
  | { readonly kind: "git-fails"; readonly atCall: number }
  /** The person does something with the night's branch. */
  | {
      readonly kind: "person";
      readonly atMs: number;
      readonly does: "moves" | "deletes" | "checks-out" | "commits" | "leaves";
    }
  /** A running attempt is given up, while its worker goes on: at the `atEvent`-th event of a process. */
  | { readonly kind: "give-up"; readonly run: number; readonly atEvent: number };

export interface Scenario {
  readonly seed: number;
  readonly phase: Phase;
  /** Attempts at one time, where the phase lets them run side by side. */
  readonly parallel: number;
  readonly tasks: readonly SimTask[];
  readonly deeds: Readonly<Partial<Record<Deed, number>>>;
  /** Of a verification that would be green, how likely it is red. */
  readonly flaky: number;
  /** Agents use a model API. */
  readonly models: boolean;
  /** The tests are replayed. */
  readonly replay: boolean;
  /** A line of the journal takes time to be durable. */
  readonly slowDisk: boolean;
  /** Memory for two attempts at one time. */
  readonly isTight: boolean;
  /** How long each night may be; null: as long as it takes. */
  readonly windowMs: number | null;
  /** Nights and resumed nights that are begun, at most. */
  readonly runs: number;
  /** What has landed is merged between nights. */
  readonly merges: boolean;
  readonly jumps: readonly ClockJump[];
  readonly faults: readonly Fault[];
}

const MINUTE_MS = 60_000;

const LONG_PHASES: readonly Phase[] = ["2b", "3", "3", "3"];

/** Of a night's agents, by name: what they do, and how often of so many times. */
export const MOODS = {
  steady: {
    lands: 94,
    strays: 3,
    breaks: 1,
    "exits-with-error": 1,
    "meets-overload": 0.5,
    "loses-container": 0.5,
  },
  calm: { lands: 88, strays: 4, breaks: 3, "changes-nothing": 2, cheats: 2, "exits-with-error": 1 },
  mixed: {
    lands: 60,
    strays: 10,
    breaks: 7,
    cheats: 4,
    "changes-nothing": 3,
    "exits-with-error": 3,
    "is-missing": 1,
    "falls-silent": 2,
    "never-ends": 2,
    floods: 1,
    overspends: 4,
    "meets-quota": 2,
    "meets-quota-without-time": 1,
    "meets-overload": 1,
    "is-refused-by-api": 2,
    "meets-broken-api": 1,
    "loses-gateway": 0.7,
    "loses-container": 1,
  },
  failing: { lands: 40, strays: 5, breaks: 25, cheats: 10, "changes-nothing": 10, "exits-with-error": 10 },
  hungry: { lands: 70, "meets-quota": 15, "meets-quota-without-time": 8, "meets-overload": 7 },
  shaky: { lands: 75, "loses-container": 10, "loses-gateway": 8, "meets-broken-api": 7 },
} as const satisfies Readonly<Record<string, Partial<Record<Deed, number>>>>;

/** The night that a seed stands for; `tasks`: exactly so many, otherwise from 1 to 30. */
export function scenarioOf(seed: number, options: { readonly tasks?: number } = {}): Scenario {
  const random = new SeededRandom(seed, "scenario");
  const count = options.tasks ?? Math.max(1, Math.ceil(30 * random.next() ** 1.6));
  // A long night is one that comes far: elsewhere it would end at its first failures.
  const isLong = count > 100;
  const phase = random.pick(isLong ? LONG_PHASES : ([...PHASES, "3", "3", "3"] as const));
  const modules = random.int(2, 6) + Math.floor(count / 5);
  const repos = random.chance(0.25) && count > 1 ? ["app", "lib"] : ["app"];
  const mood = isLong ? "steady" : random.pick(Object.keys(MOODS) as (keyof typeof MOODS)[]);
  const tasks = tasksOf(random, { count, repos, modules });
  // Before phase 3 a task that is listed before what it needs is refused; there it may stand anywhere.
  const listed = phase === "3" && !isLong && random.chance(0.5) ? shuffled(tasks, random) : tasks;
  const expectedMs = (count * 15 * MINUTE_MS) / (phase === "3" ? 2 : 1);
  return {
    seed,
    phase,
    parallel: random.int(1, 6),
    tasks: listed,
    deeds: MOODS[mood],
    flaky: random.chance(0.2) ? 0.05 : 0,
    models: random.chance(0.6),
    replay: random.chance(0.15),
    slowDisk: random.chance(0.3),
    isTight: random.chance(0.1),
    windowMs: random.chance(0.3) ? Math.round(expectedMs * (0.2 + random.next())) : null,
    runs: isLong ? 2 : 1 + (random.chance(0.4) ? random.int(1, 3) : 0),
    merges: random.chance(0.6),
    jumps: jumpsOf(random, expectedMs),
    faults: faultsOf(random, { count, expectedMs }),
  };
}

function tasksOf(
  random: SeededRandom,
  { count, repos, modules }: { readonly count: number; readonly repos: string[]; readonly modules: number },
): SimTask[] {
  const dependencies = random.pick([0, 0.2, 0.5]);
  const pairs = random.chance(0.35);
  return Array.from({ length: count }, (_, index): SimTask => {
    const needed = random.chance(dependencies) && index > 0 ? random.int(1, Math.min(2, index)) : 0;
    const dependsOn = new Set(
      Array.from({ length: needed }, () => `t${random.int(Math.max(0, index - 12), index - 1)}`),
    );
    const module = random.int(0, modules - 1);
    const globs = [`src/m${module}.txt`, "src/**", `src/m${module}*`, `own/t${index}.txt`];
    return {
      id: `t${index}`,
      repo: random.pick(repos),
      dependsOn: [...dependsOn],
      files: random.chance(0.5) ? [random.pick(globs), `own/t${index}.txt`] : [],
      priority: random.chance(0.2) ? random.int(-2, 2) : 0,
      agent: random.pick(["alpha", "beta"]),
      edits: random.chance(0.5) ? { module, line: random.int(0, 11) } : null,
      pair:
        pairs && random.chance(0.4)
          ? { name: random.int(0, Math.floor(count / 6)), half: random.pick([0, 1]) }
          : null,
    };
  });
}

function jumpsOf(random: SeededRandom, expectedMs: number): ClockJump[] {
  if (!random.chance(0.2)) return [];
  return Array.from({ length: random.int(1, 2) }, () => ({
    atMs: random.int(0, expectedMs),
    byMs: random.pick([-3_600_000, -90_000, -1, 1000, 600_000, 7_200_000]),
  })).sort((a, b) => a.atMs - b.atMs);
}

function faultsOf(
  random: SeededRandom,
  { count, expectedMs }: { readonly count: number; readonly expectedMs: number },
): Fault[] {
  if (random.chance(0.25)) return [];
  const steps = 60 + count * 50;
  const faults: Fault[] = [];
  for (let run = 0; run < 3 && random.chance(0.4); run += 1)
    faults.push({ kind: "kill", run, atStep: random.int(1, steps), after: random.chance(0.5) });
  if (random.chance(0.2)) {
    const forMs = random.pick([1000, 2 * MINUTE_MS, 60 * MINUTE_MS]);
    faults.push({ kind: "engine-down", atMs: random.int(0, expectedMs), forMs, loses: random.chance(0.6) });
  }
  if (random.chance(0.15)) faults.push({ kind: "stop", atMs: random.int(0, expectedMs) });
  if (random.chance(0.2)) faults.push({ kind: "git-fails", atCall: random.int(5, 20 + count * 12) });
  if (random.chance(0.3)) {
    const does = random.pick(["moves", "deletes", "checks-out", "commits"] as const);
    faults.push({ kind: "person", atMs: random.int(0, expectedMs), does });
    if (random.chance(0.5)) faults.push({ kind: "person", atMs: random.int(0, expectedMs), does: "leaves" });
  }
  if (random.chance(0.2))
    faults.push({ kind: "give-up", run: random.int(0, 1), atEvent: random.int(10, 20 + count * 12) });
  return faults;
}

function shuffled<T>(values: readonly T[], random: SeededRandom): T[] {
  return values
    .map((value) => ({ value, order: random.next() }))
    .sort((a, b) => a.order - b.order)
    .map(({ value }) => value);
}
