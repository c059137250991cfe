import { Inspector } from "../checks/inspector.ts";
import { loadRules } from "../checks/rules/load-rules.ts";
import type { Checks } from "../contracts/checks.ts";
import type { Change } from "../core/change.ts";
import { findGit } from "../git/find-git.ts";
import { locateRepository } from "../git/locate-repository.ts";
import { readChange } from "../git/read-change.ts";
import { refuse } from "../git/repository-problem.ts";
import { UserRepository } from "../git/user-repository.ts";

/** The checks, for somebody who is no night. End them with `close`. */
export function openChecks(): Checks & { close(): void } {
  return new Inspector();
}

/** Of every rule. */
export function ruleIds(): readonly string[] {
  return [...loadRules().keys()];
}

/**
 * What lies between two of a repository's commits, named as git names them. The repository is only read. Throws `refused.repository`
 * where it is none, or has no such commit.
 */
export async function readUserChange(options: {
  readonly path: string;
  readonly base: string;
  readonly head: string;
}): Promise<Change> {
  const program = await findGit();
  const located = await locateRepository(program, options.path);
  if (!located.ok) throw refuse(located.error);
  const user = new UserRepository(program, located.value);
  const [base, head] = [await user.requireRef(options.base), await user.requireRef(options.head)];
  return await readChange(user.git, base.commit, head.commit);
}
