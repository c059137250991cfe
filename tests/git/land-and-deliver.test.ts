import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { AttemptRef } from "../../src/core/attempt.ts";
import { attemptId, nightBranch, type NightId, type ObjectId, type TaskId } from "../../src/core/ids.ts";
import type { Repository } from "../../src/contracts/repository.ts";
import { openRepository } from "../../src/git/open-repository.ts";
import { ATTEMPT, capture, NIGHT } from "../fixtures/git-capture.ts";
import {
  commitFiles,
  fingerprint,
  git,
  makeRepository,
  temporaryFolder,
  writeFiles,
} from "../fixtures/git-repository.ts";

const BRANCH = nightBranch(NIGHT);
const FILES = { "README.md": "hello\n", "src/app.ts": "one\ntwo\nthree\nfour\nfive\n" };

interface Night {
  readonly path: string;
  readonly repository: Repository;
  readonly base: ObjectId;
  readonly shadow: string;
}

async function begin(path = makeRepository(FILES)): Promise<Night> {
  const stateDir = join(temporaryFolder(), "state");
  const repository = await openRepository({ name: "app", path, stateDir });
  const { commit } = await repository.prepare("main");
  return { path, repository, base: commit, shadow: join(stateDir, "shadow", "app.git") };
}

function attemptOf(task: string): AttemptRef {
  return { task: task as TaskId, attempt: attemptId(task as TaskId, 1), token: "t0" };
}

/** A candidate on `on` that writes one file, which the base has unless `added`. */
async function candidate(
  { repository }: Night,
  on: ObjectId,
  change: {
    readonly path: string;
    readonly content: string;
    readonly added?: boolean;
    readonly entries?: number;
  },
): Promise<ObjectId> {
  const { commit } = await repository.commitCapture({
    attempt: attemptOf("task"),
    base: on,
    message: `Change ${change.path}\n`,
    records: capture(change.entries ?? 2, [change]),
  });
  if (commit === null) throw new Error("nothing was committed");
  return commit;
}

async function landed(night: Night, change: Parameters<typeof candidate>[2]): Promise<ObjectId> {
  const from = (await night.repository.tip(NIGHT)) ?? night.base;
  const to = await candidate(night, from, change);
  await night.repository.fastForward({ night: NIGHT, from, to });
  return to;
}

const first = { path: "README.md", content: "hello, world\n" };
const second = { path: "src/app.ts", content: "ONE\ntwo\nthree\nfour\nfive\n" };

describe("landing in the shadow", () => {
  test("moves the night's branch, and done again changes nothing", async () => {
    const night = await begin();
    expect(await night.repository.tip(NIGHT)).toBeUndefined();
    const to = await landed(night, first);
    await night.repository.fastForward({ night: NIGHT, from: night.base, to });
    expect(await night.repository.tip(NIGHT)).toBe(to);
  });

  test("is refused when the branch is elsewhere, or the commit was made on something else", async () => {
    const night = await begin();
    const to = await landed(night, first);
    const sibling = await candidate(night, night.base, second);
    const move = async (from: ObjectId): Promise<void> =>
      night.repository.fastForward({ night: NIGHT, from, to: sibling });
    await expect(move(night.base)).rejects.toMatchObject({ code: "infra.git" });
    await expect(move(to)).rejects.toMatchObject({ code: "infra.git" });
    const other = "2026-11-21-aaaa" as NightId;
    const fromNoBase = night.repository.fastForward({ night: other, from: to, to: sibling });
    await expect(fromNoBase).rejects.toMatchObject({ code: "infra.git" });
    expect(await night.repository.tip(NIGHT)).toBe(to);
  });
});

describe("going back in the shadow", () => {
  test("moves the night's branch to a commit of its own, and done again changes nothing", async () => {
    const night = await begin();
    const one = await landed(night, first);
    const two = await landed(night, second);
    await night.repository.goBack({ night: NIGHT, from: two, to: one });
    await night.repository.goBack({ night: NIGHT, from: two, to: one });
    expect(await night.repository.tip(NIGHT)).toBe(one);
    await night.repository.goBack({ night: NIGHT, from: one, to: night.base });
    expect(await night.repository.tip(NIGHT)).toBe(night.base);
    const again = await landed(night, second);
    expect(await night.repository.tip(NIGHT)).toBe(again);
  });

  test("is refused where the branch is elsewhere, or was not made on that commit", async () => {
    const night = await begin();
    const sibling = await candidate(night, night.base, second);
    const one = await landed(night, first);
    const two = await landed(night, second);
    const elsewhere = night.repository.goBack({ night: NIGHT, from: one, to: night.base });
    await expect(elsewhere).rejects.toMatchObject({ code: "infra.git" });
    const aside = night.repository.goBack({ night: NIGHT, from: two, to: sibling });
    await expect(aside).rejects.toMatchObject({ code: "infra.git" });
    expect(await night.repository.tip(NIGHT)).toBe(two);
  });
});

describe("a candidate whose tip has moved", () => {
  const rebuild = async (night: Night, commit: ObjectId, tip: ObjectId) =>
    night.repository.rebuild({ attempt: ATTEMPT, commit, tip, message: "Rebuilt\n" });

  test("stays the same commit if it was made on that tip", async () => {
    const night = await begin();
    const commit = await candidate(night, night.base, first);
    expect(await rebuild(night, commit, night.base)).toEqual({ kind: "rebuilt", commit });
  });

  test("is made again on top of it, the same each time", async () => {
    const night = await begin();
    const commit = await candidate(night, night.base, {
      path: "src/app.ts",
      content: "one\ntwo\nthree\nfour\nFIVE\n",
    });
    await landed(night, first);
    const tip = await landed(night, second);
    const rebuilt = await rebuild(night, commit, tip);
    expect(await rebuild(night, commit, tip)).toEqual(rebuilt);
    if (rebuilt.kind === "conflict") throw new Error("unexpected conflict");
    expect(git(night.shadow, "show", "-s", "--format=%P %an %B", rebuilt.commit)).toBe(
      `${tip} Nightwarden Rebuilt`,
    );
    expect(git(night.shadow, "diff-tree", "-r", "--name-only", tip, rebuilt.commit)).toBe("src/app.ts");
    expect(git(night.shadow, "show", `${rebuilt.commit}:src/app.ts`)).toBe("ONE\ntwo\nthree\nfour\nFIVE");
    expect(git(night.shadow, "show", `${rebuilt.commit}:README.md`)).toBe("hello, world");
    await night.repository.dropAttempt(ATTEMPT);
    expect(git(night.shadow, "for-each-ref", "refs/nightwarden/attempts/fix-login.1")).toBe("");
  });

  test("is in conflict over the same lines, by the file's name", async () => {
    const night = await begin();
    const commit = await candidate(night, night.base, {
      path: "src/app.ts",
      content: "1\ntwo\nthree\nfour\nfive\n",
    });
    const tip = await landed(night, second);
    expect(await rebuild(night, commit, tip)).toEqual({ kind: "conflict", paths: ["src/app.ts"] });
  });

  test("is in conflict over names that differ by case only", async () => {
    const night = await begin();
    const commit = await candidate(night, night.base, { path: "Notes.md", content: "a", added: true });
    const tip = await landed(night, { path: "notes.md", content: "b", added: true });
    expect(await rebuild(night, commit, tip)).toEqual({ kind: "conflict", paths: ["Notes.md"] });
  });

  test("is its own change alone on a tip that went back behind what it was made on", async () => {
    const night = await begin();
    const bad = await landed(night, first);
    const commit = await candidate(night, bad, second);
    await night.repository.goBack({ night: NIGHT, from: bad, to: night.base });
    const rebuilt = await rebuild(night, commit, night.base);
    expect(await rebuild(night, commit, night.base)).toEqual(rebuilt);
    if (rebuilt.kind === "conflict") throw new Error("unexpected conflict");
    expect(git(night.shadow, "rev-parse", `${rebuilt.commit}^`)).toBe(night.base);
    expect(git(night.shadow, "show", `${rebuilt.commit}:src/app.ts`)).toBe("ONE\ntwo\nthree\nfour\nfive");
    expect(git(night.shadow, "show", `${rebuilt.commit}:README.md`)).toBe("hello");
  });

  test("is in conflict where it changes what the tip went back behind", async () => {
    const night = await begin();
    const bad = await landed(night, second);
    const commit = await candidate(night, bad, {
      path: "src/app.ts",
      content: "UNO\ntwo\nthree\nfour\nfive\n",
    });
    await night.repository.goBack({ night: NIGHT, from: bad, to: night.base });
    expect(await rebuild(night, commit, night.base)).toEqual({ kind: "conflict", paths: ["src/app.ts"] });
  });

  test("is not joined by a merge driver or attribute of the tree", async () => {
    const night = await begin(
      makeRepository({ ".gitattributes": "* merge=union -diff\n", "README.md": "hello\n" }),
    );
    const commit = await candidate(night, night.base, { path: "README.md", content: "a\n" });
    const tip = await landed(night, { path: "README.md", content: "b\n" });
    expect(await rebuild(night, commit, tip)).toEqual({ kind: "conflict", paths: ["README.md"] });
  });
});

describe("delivery", () => {
  const deliver = async (night: Night, to: ObjectId, from: ObjectId | null = null) =>
    night.repository.deliver({ night: NIGHT, base: night.base, to, from });

  test("brings the branch, whole, and changes nothing else in the user's repository", async () => {
    const night = await begin();
    writeFiles(night.path, { "README.md": "uncommitted\n", "new.txt": "untracked\n" });
    const before = fingerprint(night.path);
    const one = await landed(night, first);
    expect(await deliver(night, one)).toEqual({ kind: "delivered" });
    const two = await landed(night, second);
    expect(await deliver(night, two, one)).toEqual({ kind: "delivered" });
    expect(fingerprint(night.path)).toEqual(before);
    expect(git(night.path, "rev-list", `main..${BRANCH}`).split("\n")).toEqual([two, one]);
    expect(git(night.path, "rev-parse", `${BRANCH}~2`)).toBe(night.base);
    git(night.path, "fsck", "--strict", "--no-dangling");
    git(night.path, "reset", "--hard", "--quiet");
    git(night.path, "merge", "--quiet", BRANCH);
    expect(git(night.path, "diff", "--stat", "main", BRANCH)).toBe("");
  });

  test("control: the comparison sees a change of HEAD, of the index, of a hook and of another branch", () => {
    const path = makeRepository();
    const before = fingerprint(path);
    const differs = (change: () => void): void => {
      change();
      expect(fingerprint(path)).not.toEqual(before);
    };
    differs(() => git(path, "update-ref", "refs/heads/other", "HEAD"));
    git(path, "update-ref", "-d", "refs/heads/other");
    expect(fingerprint(path)).toEqual(before);
    differs(() => writeFiles(path, { ".git/hooks/pre-commit": "x" }));
  });

  test("may be repeated, at once and after a crash that forgot what was delivered", async () => {
    const night = await begin();
    const to = await landed(night, first);
    await deliver(night, to);
    expect(await deliver(night, to)).toEqual({ kind: "delivered" });
    expect(await deliver(night, to, to)).toEqual({ kind: "delivered" });
  });

  test("goes back with the night's branch, and on from there, from exactly what was delivered", async () => {
    const night = await begin();
    const bad = await landed(night, first);
    await deliver(night, bad);
    await night.repository.goBack({ night: NIGHT, from: bad, to: night.base });
    const good = await landed(night, second);
    await expect(deliver(night, good, bad)).rejects.toMatchObject({ code: "infra.git" });
    const back = { night: NIGHT, base: night.base, hasGoneBack: true };
    // What was taken back need not be in the shadow any more.
    git(night.shadow, "update-ref", "-d", `refs/nightwarden/attempts/task.1/t0`);
    git(night.shadow, "prune", "--expire=now");
    expect(await night.repository.deliver({ ...back, to: night.base, from: bad })).toEqual({
      kind: "delivered",
    });
    expect(git(night.path, "rev-parse", BRANCH)).toBe(night.base);
    expect(await night.repository.deliver({ ...back, to: good, from: night.base })).toEqual({
      kind: "delivered",
    });
    expect(git(night.path, "rev-list", `main..${BRANCH}`)).toBe(good);
    git(night.path, "fsck", "--strict", "--no-dangling");
  });

  test("does not go back where a person moved the branch, or has it checked out", async () => {
    const night = await begin();
    const bad = await landed(night, first);
    await deliver(night, bad);
    await night.repository.goBack({ night: NIGHT, from: bad, to: night.base });
    const back = { night: NIGHT, base: night.base, to: night.base, from: bad, hasGoneBack: true };
    git(night.path, "checkout", "--quiet", BRANCH);
    expect(await night.repository.deliver(back)).toMatchObject({
      kind: "deferred",
      reason: expect.stringContaining("checked out"),
    });
    git(night.path, "commit", "--quiet", "--allow-empty", "-m", "mine");
    const mine = git(night.path, "rev-parse", BRANCH);
    git(night.path, "checkout", "--quiet", "main");
    expect(await night.repository.deliver(back)).toMatchObject({
      kind: "deferred",
      reason: expect.stringContaining("did not put it"),
    });
    expect(git(night.path, "rev-parse", BRANCH)).toBe(mine);
  });

  test("is deferred while the branch is checked out, here or in a linked worktree", async () => {
    const night = await begin();
    const one = await landed(night, first);
    await deliver(night, one);
    const two = await landed(night, second);
    git(night.path, "checkout", "--quiet", BRANCH);
    const before = fingerprint(night.path);
    expect(await deliver(night, two, one)).toMatchObject({
      kind: "deferred",
      reason: expect.stringContaining("checked out"),
    });
    expect(fingerprint(night.path)).toEqual(before);
    git(night.path, "checkout", "--quiet", "main");
    const linked = join(temporaryFolder(), "linked");
    git(night.path, "worktree", "add", "--quiet", linked, BRANCH);
    expect(await deliver(night, two, one)).toMatchObject({
      kind: "deferred",
      reason: expect.stringContaining(linked),
    });
    git(linked, "bisect", "start", BRANCH, "main");
    git(linked, "checkout", "--quiet", "--detach");
    expect(await deliver(night, two, one)).toMatchObject({ kind: "deferred" });
    expect(git(night.path, "rev-parse", BRANCH)).toBe(one);
    git(linked, "bisect", "reset", "main~0");
    git(night.path, "worktree", "remove", "--force", linked);
    expect(await deliver(night, two, one)).toEqual({ kind: "delivered" });
  });

  test("is deferred in the middle of a rebase of the branch", async () => {
    const night = await begin();
    const one = await landed(night, first);
    await deliver(night, one);
    git(night.path, "checkout", "--quiet", BRANCH);
    git(night.path, "-c", "sequence.editor=sed -i s/^pick/edit/", "rebase", "--quiet", "-i", "HEAD~1");
    expect(git(night.path, "branch", "--show-current")).toBe("");
    const two = await landed(night, second);
    expect(await deliver(night, two, one)).toMatchObject({ kind: "deferred" });
    expect(git(night.path, "rev-parse", BRANCH)).toBe(one);
  });

  test.each([
    ["was moved", (path: string) => git(path, "update-ref", `refs/heads/${BRANCH}`, "main")],
    ["was deleted", (path: string) => git(path, "branch", "--quiet", "-D", BRANCH)],
    [
      "is another name of main",
      (path: string) => git(path, "symbolic-ref", `refs/heads/${BRANCH}`, "refs/heads/main"),
    ],
  ])("is deferred when the branch %s, and nothing is touched", async (_, change) => {
    const night = await begin();
    const one = await landed(night, first);
    await deliver(night, one);
    const two = await landed(night, second);
    change(night.path);
    const before = git(night.path, "for-each-ref");
    const delivery = await deliver(night, two, one);
    expect(delivery).toMatchObject({ kind: "deferred", reason: expect.stringMatching(/^the branch /) });
    expect(git(night.path, "for-each-ref")).toBe(before);
  });

  test("is deferred when a branch of the night's name was there before, or one is in the way", async () => {
    const night = await begin();
    const to = await landed(night, first);
    git(night.path, "branch", BRANCH, "main");
    expect(await deliver(night, to)).toMatchObject({ kind: "deferred" });
    git(night.path, "branch", "-D", BRANCH);
    git(night.path, "branch", "nightwarden", "main");
    expect(await deliver(night, to)).toMatchObject({
      kind: "deferred",
      reason: expect.stringContaining("in the way"),
    });
    git(night.path, "branch", "-D", "nightwarden");
    git(night.path, "branch", `${BRANCH}/below`, "main");
    expect(await deliver(night, to)).toMatchObject({
      kind: "deferred",
      reason: expect.stringContaining("in the way"),
    });
  });

  test("is deferred when the base is gone from the user's repository", async () => {
    const night = await begin();
    const to = await landed(night, first);
    git(night.path, "checkout", "--quiet", "--orphan", "fresh");
    git(night.path, "commit", "--quiet", "-m", "fresh");
    git(night.path, "branch", "--quiet", "-D", "main");
    git(night.path, "reflog", "expire", "--expire=now", "--all");
    git(night.path, "gc", "--quiet", "--prune=now");
    expect(await deliver(night, to)).toMatchObject({
      kind: "deferred",
      reason: expect.stringContaining("no longer"),
    });
  });

  test("does not mind the user's commits at the same time", async () => {
    const night = await begin();
    let tip: ObjectId | null = null;
    const commits: string[] = [];
    for (let round = 0; round < 5; round += 1) {
      const to = await landed(night, { path: "README.md", content: `round ${round}\n` });
      const delivery = deliver(night, to, tip);
      for (let index = 0; index < 3; index += 1) {
        commits.push(commitFiles(night.path, { [`mine${round}-${index}`]: "m" }, "mine"));
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(await delivery).toEqual({ kind: "delivered" });
      tip = to;
    }
    expect(git(night.path, "rev-list", "main").split("\n")).toEqual([...commits.toReversed(), night.base]);
    expect(git(night.path, "rev-parse", BRANCH)).toBe(tip);
    expect(existsSync(join(night.path, ".git/index.lock"))).toBe(false);
    git(night.path, "fsck", "--strict", "--no-dangling");
  });

  test("of a night that went on from one which nobody merged: both branches are whole", async () => {
    const night = await begin();
    const one = await landed(night, first);
    await deliver(night, one);
    const { commit: base } = await night.repository.prepare(BRANCH);
    expect(base).toBe(one);
    const next = "2026-11-21-bbbb" as NightId;
    const two = await candidate(night, one, second);
    await night.repository.fastForward({ night: next, from: one, to: two });
    expect(await night.repository.deliver({ night: next, base: one, to: two, from: null })).toEqual({
      kind: "delivered",
    });
    git(night.path, "branch", "-D", BRANCH);
    // The first night again, after its base became a base of its own: its history must still be there.
    expect(await deliver(night, one)).toEqual({ kind: "delivered" });
    expect(git(night.path, "rev-list", nightBranch(next)).split("\n")).toEqual([two, one, night.base]);
    git(night.path, "fsck", "--strict", "--no-dangling");
  });

  test("in a SHA-256 repository", async () => {
    const night = await begin(makeRepository(FILES, { objectFormat: "sha256" }));
    const to = await landed(night, first);
    expect(await deliver(night, to)).toEqual({ kind: "delivered" });
    expect(git(night.path, "rev-parse", BRANCH)).toBe(to);
  });
});

test("a commit is merged when the user's branch has it, and not before, nor if it was never delivered", async () => {
  const night = await begin();
  const to = await landed(night, first);
  expect(await night.repository.isMerged(to, night.base)).toBe(false);
  await night.repository.deliver({ night: NIGHT, base: night.base, to, from: null });
  expect(await night.repository.isMerged(to, night.base)).toBe(false);
  git(night.path, "merge", "--quiet", "--no-ff", "-m", "merge", BRANCH);
  const main = git(night.path, "rev-parse", "main") as ObjectId;
  expect(await night.repository.isMerged(to, main)).toBe(true);
});

describe("an attempt that starts from more than its base", () => {
  const files = [
    { path: "package.json", executable: false, content: Buffer.from("{}\n") },
    { path: "README.md", executable: false, content: Buffer.from("granted\n") },
  ];
  const begins = async () => {
    const night = await begin();
    const { repository, base } = night;
    const start = await repository.commitStart({ attempt: ATTEMPT, base, message: "Granted\n", files });
    const end = async (records: ReturnType<typeof capture>) =>
      await repository.commitCapture({ attempt: ATTEMPT, base, start, message: "Both\n", records });
    return { ...night, start, end };
  };
  const show = (shadow: string, spec: string): string => git(shadow, "show", spec);

  test("lands in one commit on the base, which has both; the numbers are the agent's alone", async () => {
    const { start, end, shadow, base } = await begins();
    const captured = await end(capture(3, [second]));
    expect(captured).toMatchObject({ added: 0, changed: 1, insertions: 1, deletions: 1 });
    const { commit } = captured;
    expect(git(shadow, "rev-parse", `${commit}^`)).toBe(base);
    expect(git(shadow, "rev-parse", `${start}^`)).toBe(base);
    expect(show(shadow, `${commit}:README.md`)).toBe("granted");
    expect(show(shadow, `${commit}:package.json`)).toBe("{}");
    expect(show(shadow, `${commit}:src/app.ts`)).toContain("ONE");
    // After a crash the flow calls again: the same commit, as long as the capture has the same second.
    expect(git(shadow, "rev-parse", `${(await end(capture(3, [second]))).commit}^{tree}`)).toBe(
      git(shadow, "rev-parse", `${commit}^{tree}`),
    );
  });

  test("is a change also where the agent made none, and none where it took all of it back", async () => {
    const { end, shadow, repository } = await begins();
    const { commit } = await end(capture(3, []));
    expect(git(shadow, "diff-tree", "-r", "--name-only", `${commit}^`, `${commit}`)).toBe(
      "README.md\npackage.json",
    );
    const back = capture(3, [
      { path: "README.md", content: FILES["README.md"] },
      { path: "package.json", deleted: true },
    ]);
    expect((await end(back)).commit).toBeNull();
    // Nothing of any of it stays when the attempt is dropped.
    await end(capture(3, []));
    await repository.dropAttempt(ATTEMPT);
    expect(git(shadow, "for-each-ref", "refs/nightwarden/attempts/")).toBe("");
  });
});
