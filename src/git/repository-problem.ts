import { NightwardenError } from "../core/nightwarden-error.ts";

type RepositoryProblemCode =
  | "git-unusable"
  | "no-such-folder"
  | "not-a-repository"
  | "not-top-level"
  | "unreadable"
  | "foreign-owner"
  | "no-commit"
  | "unknown-ref"
  | "objects-missing"
  | "lfs"
  | "branch-in-the-way";

/** Why a repository cannot be worked on, and what its owner can do about it. */
export interface RepositoryProblem {
  readonly code: RepositoryProblemCode;
  readonly message: string;
  readonly hint: string;
}

/** The same as an error, where there is no list to add it to. */
export function refuse(problem: RepositoryProblem): NightwardenError {
  return new NightwardenError({ code: "refused.repository", message: problem.message, hint: problem.hint });
}
