import type { Config } from "../config/config.ts";
import type { Repository } from "../contracts/repository.ts";
import type { CheckLine } from "../core/check-line.ts";
import { grantGap } from "../core/grant-gap.ts";
import type { Task } from "../core/plan.ts";
import { prepareRecipe } from "../core/prepare-recipe.ts";
import { findRepository } from "../git/find-repository.ts";
import { inspectRepository } from "../git/inspect-repository.ts";
import { openRepository } from "../git/open-repository.ts";
import { stateDirOf } from "./workspace.ts";

export async function openRepositories(config: Config): Promise<Map<string, Repository>> {
  const stateDir = stateDirOf(config.workspaceDir);
  const opened = config.repositories.map(
    async ({ name, path }) => [name, await openRepository({ name, path, stateDir })] as const,
  );
  return new Map(await Promise.all(opened));
}

/** The repository that a folder is in, for `init`. */
export async function findRepositoryAt(folder: string): ReturnType<typeof findRepository> {
  return await findRepository(folder);
}

/** What is right and wrong with each repository, and with what tasks are granted in it, for people. */
export async function checkRepositories(config: Config, tasks: readonly Task[]): Promise<CheckLine[]> {
  const lines = config.repositories.map(async ({ name }) => await checkRepository(config, name, tasks));
  return (await Promise.all(lines)).flat();
}

export async function checkRepository(
  config: Config,
  name: string,
  tasks: readonly Task[],
): Promise<CheckLine[]> {
  const repository = config.repositories.find((each) => each.name === name);
  if (!repository) throw new RangeError(`there is no repository "${name}"`);
  const { path, base, prepare } = repository;
  const subject = `repository ${name}`;
  const ref = base.kind === "ref" ? base.ref : "HEAD";
  const report = await inspectRepository({ path, ref });
  const { problems, warnings } = report;
  const found = report.base ? `${path}, ${report.base.ref} at ${report.base.commit.slice(0, 12)}` : path;
  return [
    ...problems.map(({ message, hint }): CheckLine => ({ subject, verdict: "refused", message, hint })),
    ...(problems.length === 0 ? [{ subject, verdict: "ok", message: found } as const] : []),
    ...warnings.map(({ message }): CheckLine => ({ subject, verdict: "warning", message })),
    // Where a night continues an earlier one, only its gate knows from which files.
    ...(report.base && base.kind === "ref"
      ? grantLines(
          tasks.filter((task) => task.repo === name),
          (prepare && prepareRecipe(prepare, report.files)?.files) ?? [],
        )
      : []),
  ];
}

function grantLines(tasks: readonly Task[], files: readonly string[]): CheckLine[] {
  return tasks.flatMap(({ id, grants }): CheckLine[] => {
    const gap = grantGap(grants.dependencies, files);
    return gap ? [{ subject: `task ${id}`, verdict: "refused", ...gap }] : [];
  });
}
