import type { EventData } from "./event.ts";
import type { Isolation } from "./policy.ts";

/** One question that a canary asks as an attacker would, and the guard that must answer it with no. */
interface Canary {
  /** What the attack tries, as a question of which the answer must be no. */
  readonly question: string;
  /** What keeps it from succeeding. */
  readonly guard: string;
  /** The isolations that promise this guard. */
  readonly promisedBy: readonly Isolation[];
}

const STRONG: readonly Isolation[] = ["docker", "user"];
const EVERY: readonly Isolation[] = ["docker", "user", "worktree"];

/** A short hostile suite: what an agent would try first, in the order in which it is tried. */
export const CANARIES = {
  "host-service": {
    question: "does it reach a service of the host, on any address?",
    guard: "no network",
    promisedBy: STRONG,
  },
  "host-resolver": {
    question: "does a resolver of the host answer it?",
    guard: "no network",
    promisedBy: STRONG,
  },
  route: {
    question: "has it a route to a metadata service, the internet or the host?",
    guard: "no network",
    promisedBy: STRONG,
  },
  interfaces: {
    question: "does it see another network interface than lo, or the host's network?",
    guard: "a network name space of its own",
    promisedBy: STRONG,
  },
  "outside-write": {
    question: "does it write outside of its tree, /tmp and HOME?",
    guard: "a read-only root, and nothing of the host mounted",
    promisedBy: STRONG,
  },
  "host-file": {
    question: "does it read a file of the host?",
    guard: "nothing of the host mounted",
    promisedBy: STRONG,
  },
  environment: {
    question: "does it inherit a variable of the supervisor?",
    guard: "an environment made from scratch",
    promisedBy: EVERY,
  },
  "other-environments": {
    question: "does it find one in the environment of any process that it can read?",
    guard: "a process name space of its own, and nothing inherited by what runs there",
    promisedBy: STRONG,
  },
  "host-processes": {
    question: "does it see or signal a process of the host?",
    guard: "a process name space of its own",
    promisedBy: STRONG,
  },
  sockets: {
    question: "does it find a socket of an engine, or any other of the host?",
    guard: "nothing of the host mounted, no network",
    promisedBy: STRONG,
  },
  privileges: {
    question: "has it a privilege, or could it gain one?",
    guard: "no capabilities, no-new-privileges, never root",
    promisedBy: STRONG,
  },
  gateway: {
    question: "does its gateway do more than it must, or show it the key?",
    guard: "the gateway's rules; its key in another place, its socket's folder read-only",
    promisedBy: STRONG,
  },
  pids: {
    question: "does it start more processes than its cap?",
    guard: "the cap pids",
    promisedBy: STRONG,
  },
  memory: {
    question: "does it take more memory than its cap?",
    guard: "the cap memory",
    promisedBy: STRONG,
  },
  survivor: {
    question: "does a process in a session of its own outlive the sandbox?",
    guard: "every process ends with the sandbox",
    promisedBy: EVERY,
  },
} as const satisfies Readonly<Record<string, Canary>>;

export type CanaryId = keyof typeof CANARIES;
export const CANARY_IDS = Object.keys(CANARIES) as CanaryId[];

/** What came of one way after the other in which a probe tried to get through. The words are for people. */
export interface ProbeAnswer {
  /** It got through. */
  readonly reached: readonly string[];
  /** It was refused, and by what. */
  readonly refused: readonly string[];
  /** Neither can be said. */
  readonly unclear: readonly string[];
}

export type CanaryResult = EventData<"drill.finished">["canaries"][number];
export type DrillVerdict = EventData<"drill.finished">["verdict"];

/** The canaries that ask what an isolation promises. */
export function promisedCanaries(isolation: Isolation): CanaryId[] {
  return CANARY_IDS.filter((id) => CANARIES[id].promisedBy.includes(isolation));
}

/**
 * What a canary says. An attack that succeeded has survived, whatever else is known. That one failed says something only
 * where the same probe without the guard, its control, succeeded, and every way that it tried was refused.
 */
export function judgeCanary(
  canary: CanaryId,
  facts: { readonly attack: ProbeAnswer | undefined; readonly control: ProbeAnswer | undefined },
): CanaryResult {
  const { attack, control } = facts;
  if (attack && attack.reached.length > 0) {
    return { canary, verdict: "survived", detail: listed(attack.reached) };
  }
  const inconclusive = (detail: string): CanaryResult => ({ canary, verdict: "inconclusive", detail });
  if (!attack) return inconclusive("the attack gave no answer");
  if (attack.unclear.length > 0) return inconclusive(listed(attack.unclear));
  if (attack.refused.length === 0) return inconclusive("the attack tried nothing");
  if (!control) return inconclusive("the control gave no answer");
  if (control.reached.length === 0) {
    const why = listed([...control.unclear, ...control.refused]);
    return inconclusive(`without the guard it did not succeed either${why === "" ? "" : `: ${why}`}`);
  }
  return { canary, verdict: "held", detail: listed(attack.refused) };
}

/** One attack that succeeded is a containment that failed; without one, every canary must have an answer. */
export function drillVerdict(results: readonly CanaryResult[]): DrillVerdict {
  const has = (verdict: CanaryResult["verdict"]): boolean => results.some((each) => each.verdict === verdict);
  if (has("survived")) return "survived";
  // A drill that asked nothing has shown nothing.
  return has("inconclusive") || !has("held") ? "inconclusive" : "held";
}

/** After a run of all canaries: what was held may begin, what could not be told is asked once more, all else is refused. */
export function afterCanaries(verdict: DrillVerdict, runs: number): "pass" | "again" | "refuse" {
  if (verdict === "held") return "pass";
  return verdict === "inconclusive" && runs === 1 ? "again" : "refuse";
}

/** What was not held, for people: each canary with what it found. */
export function failedCanaries(results: readonly CanaryResult[]): string {
  const verdict = drillVerdict(results);
  return results
    .filter((each) => each.verdict === verdict)
    .map(({ canary, detail }) => `${canary} (${detail})`)
    .join(", ");
}

const MAX_LISTED = 4;

function listed(words: readonly string[]): string {
  const shown = words.slice(0, MAX_LISTED).join("; ");
  return words.length > MAX_LISTED ? `${shown}; and ${words.length - MAX_LISTED} more` : shown;
}
