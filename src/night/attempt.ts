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
  readonly base: ObjectId;
}
