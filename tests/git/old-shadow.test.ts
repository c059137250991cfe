import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, symlinkSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ObjectId } from "../../src/core/ids.ts";
import type { OldThings } from "../../src/core/retention.ts";
import { findGit } from "../../src/git/find-git.ts";
import { OldShadow } from "../../src/git/old-shadow.ts";
import { openRepository } from "../../src/git/open-repository.ts";
import {
  git,
  gitWithInput,
  makeRepository,
  temporaryFolder,
  writeFiles,
} from "../fixtures/git-repository.ts";

const never = new AbortController().signal;
const NIGHT = "refs/heads/nightwarden/2026-01-01-aaaa";

interface Shadow {
  readonly gitDir: string;
  readonly place: OldShadow;
  readonly bases: readonly [old: ObjectId, current: ObjectId];
}

/** A shadow with two bases, a night's branch, and refs of attempts and of somebody else. */
async function shadow(): Promise<Shadow> {
  const path = makeRepository();
  const stateDir = join(temporaryFolder(), "state");
  const repository = await openRepository({ name: "app", path, stateDir });
  const { commit: first } = await repository.prepare("HEAD");
  writeFiles(path, { "later.txt": "later\n" });
  git(path, "add", "--all");
  git(path, "commit", "--quiet", "--amend", "-m", "Another");
  const { commit: second } = await repository.prepare("HEAD");
  const gitDir = join(stateDir, "shadow", "app.git");
  for (const [ref, commit] of [
    [NIGHT, second],
    ["refs/nightwarden/attempts/a.1/oldtoken", second],
    ["refs/nightwarden/attempts/a.1/oldtoken.rebuilt", second],
    ["refs/nightwarden/attempts/a.2/newtoken", second],
    ["refs/heads/mine/oldtoken", second],
    ["refs/nightwarden/attempts-of-mine/a.1/oldtoken", second],
  ])
    git(gitDir, "update-ref", ref ?? "", commit ?? "");
  const place = new OldShadow({ program: await findGit(), repo: "app", stateDir, manyLooseBytes: 0 });
  return { gitDir, place, bases: [first, second] };
}

const refsOf = (gitDir: string): string[] =>
  git(gitDir, "for-each-ref", "--format=%(refname)").split("\n").toSorted();

const oldOf = ({ bases: [first] }: Shadow): OldThings => ({
  nights: new Set(),
  tokens: new Set(["oldtoken"]),
  bases: new Map([["app", new Set([first])]]),
});
const nothingOld: OldThings = { nights: new Set(), tokens: new Set(), bases: new Map() };

const has = (gitDir: string, id: string): boolean => {
  try {
    execFileSync("git", ["--git-dir", gitDir, "cat-file", "-e", id], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};

function age(folder: string): void {
  const past = new Date(Date.now() - 48 * 3_600_000);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    utimesSync(join(entry.parentPath, entry.name), past, past);
}

describe("an old shadow", () => {
  it("loses the refs of old attempts and bases; branches, other attempts and other people's refs stay", async () => {
    const made = await shadow();
    const { gitDir, place, bases } = made;
    age(join(gitDir, "objects"));
    const { removed, bytes, isDone } = await place.clean(oldOf(made), never);
    expect(isDone).toBe(true);
    expect(bytes).toBeGreaterThan(0);
    expect(removed.filter(({ kind }) => kind === "ref").map(({ name }) => name)).toEqual([
      "refs/nightwarden/attempts/a.1/oldtoken",
      "refs/nightwarden/attempts/a.1/oldtoken.rebuilt",
      `refs/nightwarden/bases/${bases[0]}`,
    ]);
    expect(refsOf(gitDir)).toEqual(
      [
        NIGHT,
        "refs/heads/mine/oldtoken",
        "refs/nightwarden/attempts-of-mine/a.1/oldtoken",
        "refs/nightwarden/attempts/a.2/newtoken",
        `refs/nightwarden/bases/${bases[1]}`,
      ].toSorted(),
    );
    expect(has(gitDir, bases[0])).toBe(false);
    expect(has(gitDir, bases[1])).toBe(true);
    git(gitDir, "fsck", "--strict", "--no-dangling");
  });

  it("loses what nothing reaches when it is a day old, and nothing that is younger", async () => {
    const { gitDir, place, bases } = await shadow();
    const lost = gitWithInput(gitDir, "of an attempt that was rolled back\n", "hash-object", "-w", "--stdin");
    age(join(gitDir, "objects"));
    const young = gitWithInput(gitDir, "of one that has no ref yet\n", "hash-object", "-w", "--stdin");
    const { removed, isDone } = await place.clean(nothingOld, never);
    expect(isDone).toBe(true);
    expect(removed.filter(({ kind }) => kind === "ref")).toEqual([]);
    expect([has(gitDir, lost), has(gitDir, young)]).toEqual([false, true]);
    for (const base of bases) expect(has(gitDir, base)).toBe(true);
    git(gitDir, "fsck", "--strict", "--no-dangling");
  });

  it("stays as it is where there is no time, and that is said", async () => {
    const made = await shadow();
    const before = refsOf(made.gitDir);
    expect(await made.place.clean(oldOf(made), AbortSignal.abort())).toMatchObject({
      removed: [],
      isDone: false,
    });
    expect(refsOf(made.gitDir)).toEqual(before);
  });

  it("is no link to somebody's repository in its place", async () => {
    const made = await shadow();
    const stateDir = join(temporaryFolder(), "state");
    mkdirSync(join(stateDir, "shadow"), { recursive: true });
    symlinkSync(made.gitDir, join(stateDir, "shadow", "app.git"));
    const before = refsOf(made.gitDir);
    const place = new OldShadow({ program: await findGit(), repo: "app", stateDir, manyLooseBytes: 0 });
    expect(await place.clean(oldOf(made), never)).toEqual({ removed: [], bytes: 0, isDone: true });
    expect(refsOf(made.gitDir)).toEqual(before);
  });

  it("that is not there has nothing to lose", async () => {
    const stateDir = temporaryFolder();
    const place = new OldShadow({ program: await findGit(), repo: "app", stateDir });
    expect(await place.clean(nothingOld, never)).toEqual({ removed: [], bytes: 0, isDone: true });
    expect(existsSync(join(stateDir, "shadow"))).toBe(false);
  });
});
