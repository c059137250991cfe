import type { Repository } from "../../src/contracts/repository.ts";
import { NightwardenError } from "../../src/core/nightwarden-error.ts";
import type { NightDeps } from "../../src/night/deps.ts";

/** Repositories whose branch of the night cannot go back. */
export function withStuckBranches(deps: NightDeps): NightDeps {
  const stuck = (repository: Repository): Repository =>
    new Proxy(repository, {
      get: (target, key) => (key === "goBack" ? cannotGoBack : (Reflect.get(target, key) as unknown)),
    });
  const repositories = [...deps.repositories].map(([name, each]) => [name, stuck(each)] as const);
  return { ...deps, repositories: new Map(repositories) };
}

async function cannotGoBack(): Promise<never> {
  return await Promise.reject(new NightwardenError({ code: "infra.git", message: "the branch is locked" }));
}
