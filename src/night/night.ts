import type { Agent } from "../contracts/agent.ts";
import type { DependencySet } from "../contracts/dependencies.ts";
import type { Repository } from "../contracts/repository.ts";
import type { EventData } from "../core/event.ts";
import type { RepositoryState } from "../core/night-state.ts";
import { messageOf } from "../core/nightwarden-error.ts";
import type { Task } from "../core/plan.ts";
import type { TestRun } from "../core/test-run.ts";
import { AdmissionDesk } from "./admission-desk.ts";
import { BudgetDesk } from "./budget-desk.ts";
import type { NightDeps, NightOrder } from "./deps.ts";
import type { NightRecord } from "./night-record.ts";
import { Turns } from "./turns.ts";

/** One night under way: what it was asked for, what it may use, and what has happened. */
export interface Night {
  readonly deps: NightDeps;
  readonly order: NightOrder;
  readonly record: NightRecord;
  /**
   * Aborted when the night has to stop; for an attempt, which has a night of its own in this, also when that attempt has
   * to. What has begun to land ignores it; everything else ends at once.
   */
  readonly stop: AbortSignal;
  /** Landings take turns: the tip that a commit was verified on is the one that it lands on. */
  readonly landing: Turns;
  /** Attempts are let in as there is memory for them. */
  readonly admission: AdmissionDesk;
  /** Attempts with a model have shares of what the night may use. */
  readonly budget: BudgetDesk;
  /** Sets of dependencies that anybody may use again, by their key. */
  readonly sets: Map<string, DependencySet>;
  /** Runs of tests by what they ran on, the one that was used last at the end. */
  readonly testRuns: Map<string, TestRun>;
}

/** A night that has just begun, or goes on: nothing of it runs yet. */
export function newNight(parts: Pick<Night, "deps" | "order" | "record" | "stop">): Night {
  return {
    ...parts,
    landing: new Turns(),
    admission: new AdmissionDesk(parts.deps.memory.budgetBytes),
    budget: new BudgetDesk(),
    sets: new Map(),
    testRuns: new Map(),
  };
}

/** The reason with which `Night.stop` is aborted. Its name makes it an abort like any other. */
export class StopRequest extends Error {
  override readonly name = "AbortError";
  readonly why: "asked" | "time-limit";

  /** `detail` says who asked: the signal's name, or the limit. */
  constructor(why: "asked" | "time-limit", detail: string) {
    super(detail);
    this.why = why;
  }
}

/** Why the night was told to stop; of a reason that nobody gave, that it was asked to. */
export function stopRequestOf(stop: AbortSignal): { why: "asked" | "time-limit"; detail: string } {
  const reason: unknown = stop.reason;
  return { why: reason instanceof StopRequest ? reason.why : "asked", detail: messageOf(reason) };
}

/** The reason with which a single attempt is told to end, while the night has a reason of its own to do so. */
export class AttemptStop extends Error {
  override readonly name = "AbortError";
}

export function repositoryOf(night: Night, name: string): Repository {
  return required(night.deps.repositories.get(name), `repository "${name}"`);
}

export function repositoryStateOf(night: Night, name: string): RepositoryState {
  return required(night.record.state.repositories.get(name), `the state of repository "${name}"`);
}

export function imageOf(night: Night, name: string): string {
  return required(repositoryStateOf(night, name).image, `the image of repository "${name}"`);
}

/** What was installed for a repository's base tonight; undefined: nothing. */
export function dependenciesOf(night: Night, name: string): DependencySet | undefined {
  return setOf(repositoryStateOf(night, name).prepared);
}

/** The set that an event tells of; undefined: none. */
export function setOf(prepared: EventData<"prepare.finished"> | undefined): DependencySet | undefined {
  if (!prepared) return undefined;
  const { set: id, key, path, inodes, bytes } = prepared;
  return id === null ? undefined : { id, key, path, inodes, bytes };
}

/** The steps that run in a tree before anything else does. */
export function buildOf(night: Night, name: string): readonly string[] {
  return night.order.build?.get(name) ?? [];
}

export function agentOf(night: Night, task: Task): Agent {
  return required(night.deps.agents.get(task.agent), `agent "${task.agent}"`);
}

/** For what validation has made certain: its absence is a fault of ours. */
export function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new TypeError(`${what} is missing, though the plan was validated`);
  return value;
}
