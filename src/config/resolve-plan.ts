import { NO_GRANTS } from "../core/grants.ts";
import { taskKey } from "../core/ids.ts";
import type { Plan, PlanFile, Task } from "../core/plan.ts";
import type { Config } from "./config.ts";
import { contentHash } from "./content-hash.ts";

/**
 * The plan with every reference resolved. `file` and `config` have been checked against each other.
 *
 * A task's key holds the hash of what its file says about the task itself, so that a change of the repository's verify
 * or of the default agent does not make it another task. Its priority says when, not what, and is left out too. The
 * plan's hash holds everything: a night goes on after a crash only if nothing at all has changed.
 */
export function resolvePlan(file: PlanFile, config: Config): Plan {
  const verifyOf = new Map(config.repositories.map(({ name, verify }) => [name, verify]));
  const onlyRepository = config.repositories[0]?.name ?? "";
  const tasks = file.tasks.map((written): Task => {
    const { priority, ...text } = written;
    const repo = written.repo ?? onlyRepository;
    return {
      key: taskKey(repo, written.id, contentHash({ ...text, repo })),
      id: written.id,
      title: written.title,
      prompt: written.prompt,
      kind: written.kind,
      repo,
      files: written.files,
      dependsOn: written.dependsOn,
      priority,
      agent: written.agent ?? config.defaultAgent,
      verify: written.verify ?? verifyOf.get(repo) ?? [],
      redTests: written.redTests,
      limits: written.limits,
      grants: written.grants ?? NO_GRANTS,
    };
  });
  return { tasks, hash: contentHash(tasks) };
}
