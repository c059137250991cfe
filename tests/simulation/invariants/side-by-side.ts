import type { MakeInvariant, Scene } from "../invariant.ts";

/** Never more attempts at one time than the phase allows, each in a place of its own. */
export const parallelLimitKept: MakeInvariant = ({ ledger, policy, broken }) => {
  const limit = policy.order === "dag" ? policy.parallel : 1;
  return {
    onEvent: ({ type, data }) => {
      if (type !== "attempt.started") return;
      const places = new Set([...ledger.open].map(({ slot }) => slot));
      if (ledger.open.size > limit) broken(`${ledger.open.size} attempts at one time, of ${limit}`);
      if (places.size < ledger.open.size) broken(`${data.attempt} has the place of another attempt`);
    },
  };
};

/** Tasks that may touch the same files never run at the same time: what their globs name in the base is compared. */
export const overlapsWait: MakeInvariant = (scene) => ({
  onEvent: ({ type, data }) => {
    if (type !== "attempt.started") return;
    const mine = namedBy(scene, data.task);
    for (const { task, id } of scene.ledger.open) {
      if (task === data.task || repoOf(scene, task) !== data.repo) continue;
      const both = namedBy(scene, task).find((path) => mine.includes(path));
      if (both !== undefined) scene.broken(`${data.attempt} runs beside ${id}, and both may touch ${both}`);
    }
  },
});

function repoOf({ scenario }: Scene, id: string): string | undefined {
  return scenario.tasks.find((task) => task.id === id)?.repo;
}

/** Files that a task's globs name, of those that any task could touch. Knows the globs that scenarios have. */
function namedBy({ scenario }: Scene, id: string): string[] {
  const globs = scenario.tasks.find((task) => task.id === id)?.files ?? [];
  const modules = Array.from({ length: 40 }, (_, index) => `src/m${index}.txt`);
  return [...modules, ...scenario.tasks.map((task) => `own/${task.id}.txt`)].filter((path) =>
    globs.some((glob) =>
      glob.endsWith("**")
        ? path.startsWith(glob.slice(0, -2))
        : glob.endsWith("*")
          ? path.startsWith(glob.slice(0, -1))
          : path === glob,
    ),
  );
}

/** While a night waits for a quota, its agent starts nothing. */
export const pausedStartsNothing: MakeInvariant = ({ scenario, broken }) => {
  const paused = new Map<string, string>();
  return {
    onEvent: ({ type, data }) => {
      const agentOf = (id: string, own?: string): string =>
        own ?? scenario.tasks.find((task) => task.id === id)?.agent ?? "";
      if (type === "night.started" || type === "night.resumed") paused.clear();
      if (type === "night.continued" && data.agent === undefined) paused.clear();
      if (type === "night.continued" && data.agent !== undefined) paused.delete(data.agent);
      if (type === "night.paused") paused.set(agentOf(data.task, data.agent), data.task);
      // What lands again needs no agent.
      if (type !== "attempt.started" || data.candidate) return;
      const because = paused.get(agentOf(data.task, data.agent));
      if (because !== undefined)
        broken(`${data.attempt} started while the night waits for the quota of ${because}`);
    },
  };
};
