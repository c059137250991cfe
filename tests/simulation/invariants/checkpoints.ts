import type { ObjectId } from "../../../src/core/ids.ts";
import type { MakeInvariant } from "../invariant.ts";

/**
 * What is blamed for a red checkpoint is the landing that made it so, what goes with it builds on it, and everything else
 * is innocent. Where tests are flaky, nobody can know.
 */
export const blameIsRight: MakeInvariant = ({ scenario, world, ledger, broken }) => {
  let culprit: string | undefined;
  const needs = (task: string, needed: string): boolean =>
    (scenario.tasks.find(({ id }) => id === task)?.dependsOn ?? []).some(
      (id) => id === needed || needs(id, needed),
    );
  return {
    onEvent: ({ type, data }) => {
      if (type === "bisection.finished" && data.culprit !== null) {
        culprit = [...ledger.attempts.values()].find(({ landed }) => landed === data.culprit)?.task;
        const { objects } = world.repositories.get(data.repo)!;
        const pairsOf = (commit: ObjectId): number => world.look({ commit, objects }).pairs.length;
        const { parent } = objects.commit(data.culprit);
        if (scenario.flaky === 0 && (parent === null || pairsOf(data.culprit) <= pairsOf(parent)))
          broken(`${data.culprit} is blamed, and did not make the full verification red`);
      }
      if (type !== "landing.revoked" || culprit === undefined) return;
      const role = data.task === culprit ? "culprit" : needs(data.task, culprit) ? "dependent" : "innocent";
      if (data.role !== role) broken(`${data.task} is revoked as ${data.role}, and is ${role}`);
    },
  };
};

/** A night that has done all ends on a branch that passes the full verification, where its phase has checkpoints. */
export const endsOnGreen: MakeInvariant = ({ scenario, policy, world, broken }) => ({
  onEvent: ({ type, data, night }) => {
    if (type !== "night.finished" || night === null || data.end !== "queue-empty") return;
    if (policy.checkpointEvery === undefined || scenario.flaky > 0) return;
    for (const [repo, repository] of world.repositories) {
      const commit = repository.tipOf(night);
      const pairs = commit && world.look({ commit, objects: repository.objects }).pairs;
      if (pairs && pairs.length > 0)
        broken(`${repo} ends on ${commit}, which does not pass the full verification`);
    }
  },
});

/** A branch that goes back goes to a commit that was green, and where it cannot, nothing is started any more. */
export const goesBackToGreen: MakeInvariant = ({ broken }) => {
  const green = new Set<ObjectId>();
  let hasFailed = false;
  return {
    onEvent: ({ type, data }) => {
      if (type === "night.started") hasFailed = false;
      if (type === "repository.prepared") green.add(data.base);
      if (type === "checkpoint.finished" && data.result !== "red") green.add(data.commit);
      if (type === "rollback.finished" && !green.has(data.to))
        broken(`${data.repo} went back to ${data.to}, which was not green`);
      if (type === "rollback.failed") hasFailed = true;
      if (hasFailed && type === "attempt.started")
        broken(`${data.attempt} started on a branch that could not go back`);
      if (hasFailed && type === "night.finished" && data.end === "queue-empty")
        broken("the night ended as if it had gone back");
    },
  };
};
