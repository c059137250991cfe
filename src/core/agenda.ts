import { footprintsOf, globsOverlap, type Footprint } from "./globs-overlap.ts";
import type { TaskId } from "./ids.ts";
import type { Task } from "./plan.ts";
import type { Policy } from "./policy.ts";
import { byPrecedence } from "./precedence.ts";

type Planned = Pick<Task, "id" | "repo" | "files" | "dependsOn" | "priority" | "agent">;

/** What tonight's plan says about who has a turn when, worked out once: nothing of it changes in the night. */
export class Agenda {
  /** In the order in which they have their turn. */
  readonly tasks: readonly TaskId[];
  private readonly planned: ReadonlyMap<TaskId, Planned>;
  private readonly footprints = new Map<TaskId, readonly Footprint[]>();
  private readonly collisions = new Map<TaskId, Map<TaskId, boolean>>();

  constructor(tasks: readonly Planned[], policy: Pick<Policy, "order">) {
    this.tasks = (policy.order === "dag" ? byPrecedence(tasks) : tasks).map(({ id }) => id);
    this.planned = new Map(tasks.map((task) => [task.id, task]));
  }

  /**
   * Whether two tasks may change the same files: both name theirs, in the same repository, and some path could be
   * among both. A task that names none is held by nobody: what it changes is made again on what landed meanwhile.
   */
  mayCollide(one: TaskId, other: TaskId): boolean {
    const known = this.collisions.get(one) ?? new Map<TaskId, boolean>();
    this.collisions.set(one, known);
    const before = known.get(other);
    if (before !== undefined) return before;
    const isSameRepository = this.planned.get(one)?.repo === this.planned.get(other)?.repo;
    const found = isSameRepository && globsOverlap(this.footprint(one), this.footprint(other));
    known.set(other, found);
    return found;
  }

  /** The agent that the plan gives a task. */
  agentOf(task: TaskId): string {
    return this.planned.get(task)?.agent ?? "";
  }

  private footprint(task: TaskId): readonly Footprint[] {
    const known = this.footprints.get(task);
    if (known) return known;
    const footprint = footprintsOf(this.planned.get(task)?.files ?? []);
    this.footprints.set(task, footprint);
    return footprint;
  }
}
