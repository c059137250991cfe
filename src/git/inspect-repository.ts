import { realpath } from "node:fs/promises";
import { messageOf, NightwardenError } from "../core/nightwarden-error.ts";
import { pathToText } from "../core/collector-protocol.ts";
import type { ObjectId } from "../core/ids.ts";
import { findGit, type GitProgram } from "./find-git.ts";
import { objectsMissing } from "./import-base.ts";
import { listTree, type TreeEntry } from "./list-tree.ts";
import { locateRepository, type RepositoryLocation } from "./locate-repository.ts";
import type { RepositoryProblem } from "./repository-problem.ts";
import type { Git } from "./run-git.ts";
import { listSnapshot } from "./snapshot.ts";
import { UserRepository } from "./user-repository.ts";

/** Something to know about a repository that does not keep a night from working on it. */
interface RepositoryWarning {
  readonly code: "uncommitted" | "submodules" | "detached";
  readonly message: string;
}

/** What `nightwarden check` says about a repository. With any problem it is refused; nothing was changed in it. */
export interface RepositoryReport {
  readonly base: { readonly commit: ObjectId; readonly ref: string } | null;
  /** The ordinary files of the base; empty where it cannot be read. */
  readonly files: readonly string[];
  readonly problems: readonly RepositoryProblem[];
  readonly warnings: readonly RepositoryWarning[];
}

/** Examines the repository at `path` as a night would start from `ref` (a branch, a commit, or HEAD). */
export async function inspectRepository(options: {
  readonly path: string;
  readonly ref: string;
}): Promise<RepositoryReport> {
  const { path, ref } = options;
  const program = await findGit().catch(asProblem);
  if ("code" in program) return refusedFor(program);
  const located = await locateRepository(program, path);
  if (!located.ok) return refusedFor(located.error);
  return inspectLocated({ program, path, ref, location: located.value });
}

async function inspectLocated(options: {
  readonly program: GitProgram;
  readonly path: string;
  readonly ref: string;
  readonly location: RepositoryLocation;
}): Promise<RepositoryReport> {
  const { path, location } = options;
  const user = new UserRepository(options.program, location);
  const notTop = await problemOfPath(path, location);
  if (notTop) return refusedFor(notTop);
  const base = await user.resolve(options.ref);
  if (!base) return refusedFor(await user.unresolved(options.ref));
  const snapshot = await listSnapshot(user.git, base.commit);
  if (snapshot.missing.length > 0) return { ...refusedFor(objectsMissing(snapshot.missing.length)), base };
  const entries = await listTree(user.git, base.commit);
  const problems = [await problemOfLfs(user.git, entries), await problemOfBranch(user.git)];
  const submodules = [...entries.values()].filter(({ mode }) => mode === "160000").length;
  const uncommitted = await user.countUncommitted();
  const warnings: (RepositoryWarning | undefined)[] = [
    uncommitted > 0
      ? warn("uncommitted", `${uncommitted} files have uncommitted changes, which are left out`)
      : undefined,
    submodules > 0
      ? warn("submodules", `${submodules} submodules: their files are not there for agents`)
      : undefined,
    location.workTree !== null && (await user.currentBranch()) === undefined
      ? warn("detached", "HEAD is on no branch; the night starts from the commit")
      : undefined,
  ];
  const files = [...entries].flatMap(([file, { mode }]) =>
    mode.startsWith("100") ? [pathToText(file)] : [],
  );
  return { base, files, problems: problems.filter(isPresent), warnings: warnings.filter(isPresent) };
}

/** The path of a folder inside would make a night on a repository that nobody named. */
async function problemOfPath(
  path: string,
  location: RepositoryLocation,
): Promise<RepositoryProblem | undefined> {
  const top = location.workTree ?? location.gitDir;
  if ((await realpath(path)) === (await realpath(top))) return undefined;
  return {
    code: "not-top-level",
    message: `${path} is inside the repository ${top}`,
    hint: `Write ${top} as its path.`,
  };
}

/** Agents would see and change pointers instead of files; and no program of git-lfs may run on what they wrote. */
async function problemOfLfs(
  git: Git,
  entries: ReadonlyMap<string, TreeEntry>,
): Promise<RepositoryProblem | undefined> {
  for (const [path, { oid, mode }] of entries) {
    if (!/(?:^|\/)\.gitattributes$/.test(path) || mode === "120000" || mode === "160000") continue;
    const attributes = await git.text(["cat-file", "blob", oid]);
    if (!/^[^#\n].*\sfilter=lfs(?:\s|$)/m.test(attributes)) continue;
    return {
      code: "lfs",
      message: `${path} puts files into Git LFS, which is not supported`,
      hint: "Start from a branch without LFS, or leave this repository out.",
    };
  }
  return undefined;
}

async function problemOfBranch(git: Git): Promise<RepositoryProblem | undefined> {
  if ((await git.readRef("refs/heads/nightwarden")) === undefined) return undefined;
  return {
    code: "branch-in-the-way",
    message: "a branch named nightwarden leaves no room for the branches nightwarden/<night>",
    hint: "Rename it: git branch -m nightwarden nightwarden-old",
  };
}

function refusedFor(problem: RepositoryProblem): RepositoryReport {
  return { base: null, files: [], problems: [problem], warnings: [] };
}

function asProblem(error: unknown): RepositoryProblem {
  if (!(error instanceof NightwardenError)) throw error;
  return { code: "git-unusable", message: messageOf(error), hint: error.hint ?? "Install git." };
}

function warn(code: RepositoryWarning["code"], message: string): RepositoryWarning {
  return { code, message };
}

function isPresent<T>(value: T | undefined): value is T {
  return value !== undefined;
}
