/** What of a task decides when it has its turn. */
interface Ranked {
  readonly id: string;
  readonly dependsOn: readonly string[];
  readonly priority: number;
}

/**
 * The tasks in the order in which they have their turn where the order is free (`order: dag`):
 * 1. the higher priority first; a task has at least the priority of those that wait for it
 * 2. the longer chain of tasks that wait for it, one after the other: the night is as long as its longest chain
 * 3. as listed
 *
 * Every task stands behind those that it depends on. Dependencies that are not among the tasks count as met.
 * O((V + E) + V log V), without recursion. Throws a RangeError for tasks that wait for each other, which no validated
 * plan has.
 */
export function byPrecedence<T extends Ranked>(tasks: readonly T[]): T[] {
  const position = new Map(tasks.map(({ id }, index) => [id, index]));
  const dependencies = tasks.map(({ dependsOn }) => [
    ...new Set(dependsOn.flatMap((id) => position.get(id) ?? [])),
  ]);
  const waiting = new Uint32Array(tasks.length);
  for (const ofTask of dependencies) for (const at of ofTask) waiting[at] = (waiting[at] ?? 0) + 1;

  // From those for which nobody waits, back to those that wait for nobody.
  const priority = Int32Array.from(tasks, (task) => task.priority);
  const chain = new Uint32Array(tasks.length);
  const settled = [...tasks.keys()].filter((at) => waiting[at] === 0);
  for (const at of settled) {
    for (const before of dependencies[at] ?? []) {
      priority[before] = Math.max(priority[before] ?? 0, priority[at] ?? 0);
      chain[before] = Math.max(chain[before] ?? 0, (chain[at] ?? 0) + 1);
      waiting[before] = (waiting[before] ?? 0) - 1;
      if (waiting[before] === 0) settled.push(before);
    }
  }
  if (settled.length < tasks.length) throw new RangeError("some tasks wait for each other");
  const order = [...tasks.keys()].sort(
    (a, b) => (priority[b] ?? 0) - (priority[a] ?? 0) || (chain[b] ?? 0) - (chain[a] ?? 0) || a - b,
  );
  return order.flatMap((at) => tasks[at] ?? []);
}
