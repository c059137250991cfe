import { chownSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { nightBranch } from "../../src/core/ids.ts";
import type { NightwardenError } from "../../src/core/nightwarden-error.ts";
import { findGit } from "../../src/git/find-git.ts";
import { findRepository } from "../../src/git/find-repository.ts";
import { inspectRepository } from "../../src/git/inspect-repository.ts";
import { openRepository } from "../../src/git/open-repository.ts";
import { ATTEMPT, capture, NIGHT } from "../fixtures/git-capture.ts";
import {
  commitFiles,
  fingerprint,
  git,
  makeRepository,
  markerProgram,
  temporaryFolder,
  writeFiles,
} from "../fixtures/git-repository.ts";

/** Lands one change on a repository and delivers it: the proof that it works. */
async function workOn(path: string, ref: string): Promise<void> {
  const repository = await openRepository({ name: "app", path, stateDir: join(temporaryFolder(), "state") });
  const { commit: base } = await repository.prepare(ref);
  const entries = git(path, "ls-tree", "-r", base).split("\n").length;
  const records = capture(entries, [{ path: "added.txt", content: "a\n", added: true }]);
  const { commit } = await repository.commitCapture({ attempt: ATTEMPT, base, message: "m", records });
  if (commit === null) throw new Error("nothing was committed");
  await repository.fastForward({ night: NIGHT, from: base, to: commit });
  expect(await repository.deliver({ night: NIGHT, base, to: commit, from: null })).toEqual({
    kind: "delivered",
  });
  expect(git(path, "diff", "--name-only", base, nightBranch(NIGHT))).toBe("added.txt");
}

async function expectWorking(path: string, ref = "main"): Promise<string[]> {
  const report = await inspectRepository({ path, ref });
  expect(report.problems).toEqual([]);
  await workOn(path, ref);
  return report.warnings.map(({ code }) => code);
}

async function problemsOf(path: string, ref = "main"): Promise<string[]> {
  const { problems } = await inspectRepository({ path, ref });
  for (const { message, hint } of problems) expect(message.length * hint.length).toBeGreaterThan(0);
  return problems.map(({ code }) => code);
}

function cloneOf(path: string, ...options: readonly string[]): string {
  const clone = join(temporaryFolder(), "clone");
  git(path, "clone", "--quiet", ...options, `file://${encodeURI(path)}`, clone);
  return clone;
}

describe("a repository that works", () => {
  test("is an ordinary one, by branch, by full name, by HEAD or by commit", async () => {
    const path = makeRepository();
    expect(await expectWorking(path)).toEqual([]);
    const repository = await openRepository({
      name: "app",
      path,
      stateDir: join(temporaryFolder(), "state"),
    });
    const commit = git(path, "rev-parse", "main");
    const branch = { commit, ref: "refs/heads/main", uncommitted: 0 };
    expect(await repository.prepare("main")).toEqual(branch);
    expect(await repository.prepare("refs/heads/main")).toEqual(branch);
    expect(await repository.prepare("HEAD")).toEqual(branch);
    expect(await repository.prepare(commit.slice(0, 10))).toEqual({ ...branch, ref: commit });
    expect(await repository.prepare("main~0")).toEqual({ ...branch, ref: commit });
  });

  test("is one with a work in progress, which is left out and said, and not a byte of it changes", async () => {
    const path = makeRepository();
    writeFiles(path, { "README.md": "changed\n", "new/file": "n\n", staged: "s\n" });
    git(path, "add", "staged");
    const before = fingerprint(path);
    expect(await expectWorking(path)).toEqual(["uncommitted"]);
    const repository = await openRepository({
      name: "app",
      path,
      stateDir: join(temporaryFolder(), "state"),
    });
    expect((await repository.prepare("main")).uncommitted).toBe(3);
    expect(fingerprint(path)).toEqual(before);
  });

  test("is one with a detached HEAD", async () => {
    const path = makeRepository();
    git(path, "checkout", "--quiet", "--detach");
    expect(await expectWorking(path, "HEAD")).toEqual(["detached"]);
  });

  test("is a linked worktree, from its own branch", async () => {
    const path = makeRepository();
    const linked = join(temporaryFolder(), "linked");
    git(path, "worktree", "add", "--quiet", "-b", "side", linked);
    commitFiles(linked, { side: "s\n" }, "side");
    expect(await expectWorking(linked, "HEAD")).toEqual([]);
    expect(git(path, "rev-parse", `${nightBranch(NIGHT)}~1`)).toBe(git(path, "rev-parse", "side"));
  });

  test("is a bare one", async () => {
    expect(await expectWorking(cloneOf(makeRepository(), "--bare"))).toEqual([]);
  });

  test("is a shallow clone", async () => {
    const path = makeRepository();
    commitFiles(path, { second: "2\n" }, "second");
    const clone = cloneOf(path, "--depth=1");
    expect(git(clone, "rev-list", "--count", "HEAD")).toBe("1");
    expect(await expectWorking(clone)).toEqual([]);
  });

  test("is one that borrows its objects", async () => {
    const path = makeRepository();
    const clone = join(temporaryFolder(), "clone");
    git(path, "clone", "--quiet", "--shared", path, clone);
    expect(await expectWorking(clone)).toEqual([]);
  });

  test("is a SHA-256 one", async () => {
    expect(await expectWorking(makeRepository({ a: "a\n" }, { objectFormat: "sha256" }))).toEqual([]);
  });

  test("is one with submodules, whose files agents do not get", async () => {
    const path = makeRepository();
    const library = makeRepository({ x: "x\n" });
    git(path, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", library, "lib");
    commitFiles(path, {}, "submodule");
    expect(await expectWorking(path)).toEqual(["submodules"]);
  });

  test("is a partial clone that has what the base needs", async () => {
    const origin = makeRepository();
    git(origin, "config", "uploadpack.allowFilter", "true");
    const clone = cloneOf(origin, "--filter=blob:none");
    expect(await expectWorking(clone)).toEqual([]);
  });
});

describe("a repository that is refused, with a hint", () => {
  test("is a folder without one, or no folder", async () => {
    const folder = temporaryFolder();
    expect(await problemsOf(folder)).toEqual(["not-a-repository"]);
    expect(await problemsOf(join(folder, "nothing"))).toEqual(["no-such-folder"]);
    const opening = openRepository({ name: "app", path: folder, stateDir: join(folder, "state") });
    await expect(opening).rejects.toMatchObject({ code: "refused.repository" });
  });

  test("is a folder inside one", async () => {
    expect(await problemsOf(join(makeRepository(), "src"))).toEqual(["not-top-level"]);
  });

  test("is one without a commit", async () => {
    const path = join(temporaryFolder(), "empty");
    mkdirSync(path);
    git(path, "init", "--quiet", "-b", "main");
    expect(await problemsOf(path)).toEqual(["no-commit"]);
    expect(await problemsOf(path, "HEAD")).toEqual(["no-commit"]);
  });

  test.each([
    "missing",
    "--all",
    "-rf",
    "@{-1}",
    "main:README.md",
    "",
    "0123456789012345678901234567890123456789",
    "a..b",
  ])("is one without the branch or commit %j", async (ref) => {
    const path = makeRepository();
    expect(await problemsOf(path, ref)).toEqual(["unknown-ref"]);
    const repository = await openRepository({
      name: "app",
      path,
      stateDir: join(temporaryFolder(), "state"),
    });
    await expect(repository.prepare(ref)).rejects.toMatchObject({ code: "refused.repository" });
  });

  test.skipIf(process.getuid?.() !== 0)("is somebody else's", async () => {
    const path = makeRepository();
    chownSync(join(path, ".git"), 12_345, 12_345);
    expect(await problemsOf(path)).toEqual(["foreign-owner"]);
  });

  test("is a partial clone that lacks some of the base, and nothing is fetched for it", async () => {
    const origin = makeRepository();
    git(origin, "config", "uploadpack.allowFilter", "true");
    const clone = cloneOf(origin, "--filter=blob:none", "--no-checkout");
    const { program, marker } = markerProgram(temporaryFolder(), "upload-pack");
    git(clone, "config", "remote.origin.uploadpack", `'${program}'`);
    const packs = (): string[] => readdirSync(join(clone, ".git/objects/pack"));
    const before = packs();
    expect(await problemsOf(clone)).toEqual(["objects-missing"]);
    const repository = await openRepository({
      name: "app",
      path: clone,
      stateDir: join(temporaryFolder(), "state"),
    });
    await expect(repository.prepare("main")).rejects.toMatchObject({ code: "refused.repository" });
    expect(packs()).toEqual(before);
    expect(readdirSync(join(marker, ".."))).not.toContain("upload-pack.ran");
    // Control: plain git fetches as soon as it looks.
    expect(() => git(clone, "show", "main:README.md")).toThrow();
    expect(readdirSync(join(marker, ".."))).toContain("upload-pack.ran");
    // And what the hint says helps.
    git(clone, "config", "--unset", "remote.origin.uploadpack");
    git(clone, "fetch", "--quiet", "--refetch", "--no-filter");
    expect(await problemsOf(clone)).toEqual([]);
  });

  test("is one with Git LFS, in any folder; a mention of it is not", async () => {
    const attributes = "# filter=lfs in a comment\n*.txt text\n";
    const path = makeRepository({
      ".gitattributes": attributes,
      "filter=lfs": "x",
      "README.md": "*.bin filter=lfs\n",
    });
    expect(await problemsOf(path)).toEqual([]);
    commitFiles(path, { "assets/.gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n" }, "lfs");
    expect(await problemsOf(path)).toEqual(["lfs"]);
  });

  test("is one whose branch nightwarden leaves no room for ours", async () => {
    const path = makeRepository();
    git(path, "branch", "nightwarden");
    expect(await problemsOf(path)).toEqual(["branch-in-the-way"]);
  });

  test("is a damaged one, in git's words", async () => {
    const path = makeRepository();
    writeFileSync(join(path, ".git/config"), "[core\n");
    expect(await problemsOf(path)).toEqual(["unreadable"]);
    const other = makeRepository();
    const blob = git(other, "rev-parse", "main:README.md");
    rmSync(join(other, ".git/objects", blob.slice(0, 2), blob.slice(2)));
    expect(await problemsOf(other)).toEqual(["objects-missing"]);
  });
});

describe("git itself", () => {
  function fakeGit(version: string): string {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "git"), `#!/bin/sh\necho 'git version ${version}'\n`, { mode: 0o755 });
    return folder;
  }

  test.each(["2.37.7", "1.9.1", "nonsense"])("is refused when it is %s", async (version) => {
    const finding = findGit(fakeGit(version));
    await expect(finding).rejects.toMatchObject({
      code: "refused.repository",
      hint: "Install git 2.38 or newer.",
    });
  });

  test.each(["2.38.0", "2.39.5 (Apple Git-154)", "2.100.1", "3.0.0"])(
    "is taken when it is %s",
    async (version) => {
      const folder = fakeGit(version);
      expect((await findGit(`relative:${folder}`)).searchPath).toBe(folder);
    },
  );

  test("is refused when it is not there, and never taken from where we are", async () => {
    const error = await findGit(".:bin:").catch((reason: NightwardenError) => reason);
    expect(error).toMatchObject({ code: "refused.repository", message: "git was not found" });
  });
});

describe("the repository of a folder", () => {
  test("is found from inside, with its branch", async () => {
    const path = makeRepository();
    expect(await findRepository(join(path, "src"))).toEqual({ path, branch: "main" });
    git(path, "checkout", "--quiet", "--detach");
    expect(await findRepository(path)).toEqual({ path, branch: undefined });
  });

  test("is none in a folder outside of all", async () => {
    expect(await findRepository(temporaryFolder())).toBeUndefined();
  });
});
