import type { HostileWorld } from "./hostile-world.ts";

/** The back ends on which cases run: a column of the table each. */
export const BACK_ENDS = ["docker", "user"] as const;
export type BackEndName = (typeof BACK_ENDS)[number];

/** What came of one try. */
export interface Tried {
  /** `broken`: the try itself could not be made, which proves nothing. */
  readonly how: "reached" | "refused" | "broken";
  /** An error code, or what was seen. */
  readonly detail: string;
}

/** By target. */
export type Results = ReadonlyMap<string, Tried>;

/**
 * One attack. The same targets are tried twice: from the sandbox, where each must be refused, and without the guard,
 * where each must be reached. A target that the control does not reach proves nothing about the guard.
 */
export interface HostileCase {
  readonly id: string;
  /** What is tried, for the table. */
  readonly title: string;
  /** What the control was, for the table. */
  readonly control: string;
  readonly on: readonly BackEndName[];
  readonly targets: readonly string[];
  /** How a refusal looks. Whatever else keeps the attack from its target, such as a missing program, proves nothing. */
  readonly refusal: RegExp;
  readonly attack: (world: HostileWorld) => Promise<Results>;
  readonly unguarded: (world: HostileWorld) => Promise<Results>;
  /** The attack once more as uid 0 without capabilities, where that changes the question. */
  readonly asRoot?: (world: HostileWorld) => Promise<Results>;
  /** For all of it. Default: two minutes, which only a case that hangs needs. */
  readonly deadlineMs?: number;
}

/** A case that another test proves, control included. */
export interface CaseElsewhere {
  readonly id: string;
  readonly title: string;
  readonly control: string;
  readonly on: readonly BackEndName[];
  readonly tests: readonly {
    readonly file: string;
    readonly title: string;
    /** Absent: it stands for every back end. */
    readonly on?: BackEndName;
  }[];
}

/** A case that was not run, and why not. */
export interface CaseNotRun {
  readonly id: string;
  readonly title: string;
  readonly reason: string;
}

/** What one run of a case came to, as it is kept for the table. */
export interface HostileRecord {
  readonly id: string;
  readonly title: string;
  readonly control: string;
  readonly on: readonly BackEndName[];
  readonly backEnd: BackEndName;
  readonly verdict: "held" | "survived" | "inconclusive";
  readonly asRoot: boolean;
  readonly why: string;
}
