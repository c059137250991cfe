import type { DependencySet } from "../contracts/dependencies.ts";
import type { AttemptRef } from "../core/attempt.ts";
import type { ObjectId } from "../core/ids.ts";
import type { Limits } from "../core/limits.ts";
import type { Task } from "../core/plan.ts";
import type { Night } from "./night.ts";

/** One attempt of one task, with everything that its steps need. */
export interface Attempt {
  readonly night: Night;
  readonly task: Task;
  readonly ref: AttemptRef;
  /** The place among attempts that run at the same time, from 0. */
  readonly slot: number;
  readonly limits: Limits;
  /** What its result is a change of. */
  readonly base: ObjectId;
  /** What the agent starts from: the base, with what its task is granted. */
  readonly start: ObjectId;
  /** What is installed for the agent; undefined: nothing. */
  readonly dependencies: DependencySet | undefined;
}
