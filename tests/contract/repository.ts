import { describe, expect, test } from "vitest";
import type { Repository } from "../../src/contracts/repository.ts";
import type { ResiduePlace } from "../../src/contracts/residue.ts";
import type { AttemptRef } from "../../src/core/attempt.ts";
import { attemptId, nightBranch, type NightId, type ObjectId, type TaskId } from "../../src/core/ids.ts";
import { capture } from "../fixtures/git-capture.ts";

/** A repository under test, and the person whom it belongs to. */
export interface RepositoryUnderTest {
  readonly repository: Repository;
  readonly residue: ResiduePlace;
  /** The person commits these files on `main`; null: deletes them. */
  readonly commit: (files: Readonly<Record<string, string | null>>) => ObjectId;
  /** Where a branch of the person's is; undefined: there is none. */
  readonly branch: (name: string) => ObjectId | undefined;
  /** The person moves, makes or (null) deletes a branch. */
  readonly moveBranch: (name: string, to: ObjectId | null) => void;
  readonly checkOut: (name: string) => void;
}

const NIGHT = "2026-11-20-k3f9" as NightId;
const BRANCH = nightBranch(NIGHT);
const TEXT = "one\ntwo\nthree\nfour\nfive\n";
const FILES = { "README.md": "hello\n", "src/app.txt": TEXT, "old.txt": "old\n" };

type Changes = Readonly<Record<string, string | null>>;

/** One repository with a base, and what an attempt would do with it. */
class World {
  readonly it: RepositoryUnderTest;
  readonly base: ObjectId;
  private count = 0;

  constructor(it: RepositoryUnderTest, base: ObjectId) {
    this.it = it;
    this.base = base;
  }

  get repository(): Repository {
    return this.it.repository;
  }

  attempt(): AttemptRef {
    const task = `task-${(this.count += 1)}` as TaskId;
    return { task, attempt: attemptId(task, 1), token: `token${this.count}` };
  }

  /** What a collector says of these changes of `base`. */
  async capture(base: ObjectId, changes: Changes, attempt = this.attempt()) {
    const there = new Set((await this.repository.files(base)).map(({ path }) => path));
    const records = Object.entries(changes).map(([path, content]) =>
      content === null ? ({ path, deleted: true } as const) : { path, content, added: !there.has(path) },
    );
    const message = `Change ${Object.keys(changes).join(" ")}\n`;
    return await this.repository.commitCapture({
      attempt,
      base,
      message,
      records: capture(there.size, records),
    });
  }

  async candidate(base: ObjectId, changes: Changes, attempt?: AttemptRef): Promise<ObjectId> {
    const { commit } = await this.capture(base, changes, attempt);
    if (commit === null) throw new Error("nothing was committed");
    return commit;
  }

  async land(changes: Changes): Promise<ObjectId> {
    const from = (await this.repository.tip(NIGHT)) ?? this.base;
    const to = await this.candidate(from, changes);
    await this.repository.fastForward({ night: NIGHT, from, to });
    return to;
  }

  async rebuild(commit: ObjectId, tip: ObjectId, attempt = this.attempt()) {
    return await this.repository.rebuild({ attempt, commit, tip, message: "Rebuilt\n" });
  }

  async deliver(to: ObjectId, from: ObjectId | null) {
    return await this.repository.deliver({ night: NIGHT, base: this.base, to, from });
  }

  async text(commit: ObjectId, path: string): Promise<string | undefined> {
    const file = (await this.repository.files(commit)).find((each) => each.path === path);
    if (!file) return undefined;
    const [content = new Uint8Array()] = await this.repository.contents([file.oid], 1_000_000);
    return new TextDecoder().decode(content);
  }
}

/** What every Repository promises; see contracts/repository.ts. */
export function repositoryContract(name: string, create: () => Promise<RepositoryUnderTest>): void {
  const begin = async (): Promise<World> => {
    const it = await create();
    it.commit(FILES);
    const { commit } = await it.repository.prepare("main");
    return new World(it, commit);
  };

  describe(`${name} keeps the promises of a repository:`, () => {
    test("a base is a branch's commit, or that commit by its id, and is found again", async () => {
      const { it, base, repository } = await begin();
      expect(base).toBe(it.branch("main"));
      expect(await repository.prepare("main")).toEqual({
        commit: base,
        ref: "refs/heads/main",
        uncommitted: 0,
      });
      expect(await repository.prepare("HEAD")).toMatchObject({ commit: base });
      expect(await repository.prepare(base)).toMatchObject({ commit: base });
      await expect(repository.prepare("nowhere")).rejects.toMatchObject({ code: "refused.repository" });
    });

    test("contents have git's own ids, and files are those of the commit", async () => {
      const { base, repository } = await begin();
      const files = await repository.files(base);
      expect(files.map(({ path }) => path)).toEqual(["README.md", "old.txt", "src/app.txt"]);
      expect(files[0]).toMatchObject({ oid: "ce013625030ba8dba906f756967f9e9ca394464a", executable: false });
      await expect(repository.contents([files[0]!.oid], 2)).rejects.toMatchObject({
        code: "refused.prepare",
      });
    });

    test("a capture is a commit on its base, and counts what was changed", async () => {
      const world = await begin();
      const captured = await world.capture(world.base, {
        "src/app.txt": "one\nTWO\nthree\nfour\nfive\n",
        "new/file.txt": "a\nb\n",
        "old.txt": null,
      });
      expect(captured).toMatchObject({
        added: 1,
        changed: 1,
        deleted: 1,
        unchanged: 1,
        insertions: 3,
        deletions: 2,
        refused: [],
        overLimit: null,
      });
      const { files } = await world.repository.change(world.base, captured.commit!);
      expect(files.map(({ path, base, head }) => [path, base?.size, head?.size])).toEqual([
        ["new/file.txt", undefined, 4],
        ["old.txt", 4, undefined],
        ["src/app.txt", 24, 24],
      ]);
      expect(await world.text(captured.commit!, "new/file.txt")).toBe("a\nb\n");
    });

    test("a capture without a change is no commit, and numbers that do not add up are refused", async () => {
      const world = await begin();
      expect(await world.capture(world.base, { "README.md": "hello\n" })).toMatchObject({ commit: null });
      const records = capture(7, []);
      const options = { attempt: world.attempt(), base: world.base, message: "m\n", records };
      const lie = capture(3, [], { baseEntries: 9 });
      await expect(world.repository.commitCapture({ ...options, records: lie })).rejects.toMatchObject({
        code: "infra.collector",
      });
      await expect(world.repository.commitCapture(options)).rejects.toMatchObject({
        code: "infra.collector",
      });
    });

    test("two commits with the same files have the same tree, and others have not", async () => {
      const world = await begin();
      const one = await world.candidate(world.base, { "a.txt": "a\n" });
      const two = await world.candidate(one, { "b.txt": "b\n" });
      const other = await world.candidate(await world.candidate(world.base, { "b.txt": "b\n" }), {
        "a.txt": "a\n",
      });
      const trees = await Promise.all(
        [one, two, other].map(async (each) => await world.repository.treeOf(each)),
      );
      expect(trees[1]).toBe(trees[2]);
      expect(trees[0]).not.toBe(trees[1]);
      await expect(world.repository.treeOf("a".repeat(40) as ObjectId)).rejects.toMatchObject({
        code: "infra.git",
      });
    });

    test("a candidate on the tip stays the commit that it is", async () => {
      const world = await begin();
      const commit = await world.candidate(world.base, { "a.txt": "a\n" });
      expect(await world.rebuild(commit, world.base)).toEqual({ kind: "rebuilt", commit });
    });

    test("a candidate is made again on a tip that moved, the same each time", async () => {
      const world = await begin();
      const commit = await world.candidate(world.base, { "src/app.txt": "one\ntwo\nthree\nfour\nFIVE\n" });
      await world.land({ "README.md": "hi\n", "old.txt": null });
      const tip = await world.land({ "src/app.txt": "ONE\ntwo\nthree\nfour\nfive\n", "more.txt": "m\n" });
      const attempt = world.attempt();
      const rebuilt = await world.rebuild(commit, tip, attempt);
      expect(await world.rebuild(commit, tip, attempt)).toEqual(rebuilt);
      if (rebuilt.kind === "conflict") throw new Error("unexpected conflict");
      expect(await world.text(rebuilt.commit, "src/app.txt")).toBe("ONE\ntwo\nthree\nfour\nFIVE\n");
      expect(await world.text(rebuilt.commit, "more.txt")).toBe("m\n");
      expect(await world.text(rebuilt.commit, "old.txt")).toBeUndefined();
      const next = await world.repository.fastForward({ night: NIGHT, from: tip, to: rebuilt.commit });
      expect(next).toBeUndefined();
      expect(await world.repository.tip(NIGHT)).toBe(rebuilt.commit);
    });

    test.each<[string, Changes, Changes, string]>([
      [
        "the same line",
        { "src/app.txt": "1\ntwo\nthree\nfour\nfive\n" },
        { "src/app.txt": "I\ntwo\nthree\nfour\nfive\n" },
        "src/app.txt",
      ],
      [
        "lines beside each other",
        { "src/app.txt": "one\n2\nthree\nfour\nfive\n" },
        { "src/app.txt": "one\ntwo\n3\nfour\nfive\n" },
        "src/app.txt",
      ],
      [
        "a file that one deletes",
        { "src/app.txt": null },
        { "src/app.txt": "one\ntwo\nthree\nfour\n5\n" },
        "src/app.txt",
      ],
      ["a new file of the same name", { "new.txt": "a\n" }, { "new.txt": "b\n" }, "new.txt"],
      ["names that differ by case only", { "Notes.md": "a\n" }, { "notes.md": "b\n" }, "Notes.md"],
    ])("is in conflict over %s", async (_, mine, landed, path) => {
      const world = await begin();
      const commit = await world.candidate(world.base, mine);
      const tip = await world.land(landed);
      expect(await world.rebuild(commit, tip)).toEqual({ kind: "conflict", paths: [path] });
    });

    test("the same change on both sides is no conflict, and leaves the tip's tree", async () => {
      const world = await begin();
      const changes = { "new.txt": "a\n", "src/app.txt": "one\n2\nthree\nfour\nfive\n", "old.txt": null };
      const commit = await world.candidate(world.base, changes);
      const tip = await world.land(changes);
      const rebuilt = await world.rebuild(commit, tip);
      if (rebuilt.kind === "conflict") throw new Error("unexpected conflict");
      expect(await world.repository.treeOf(rebuilt.commit)).toBe(await world.repository.treeOf(tip));
    });

    test("the branch moves from where it is to what was made on that, and in no other way", async () => {
      const world = await begin();
      const { repository, base } = world;
      expect(await repository.tip(NIGHT)).toBeUndefined();
      const to = await world.land({ "a.txt": "a\n" });
      await repository.fastForward({ night: NIGHT, from: base, to });
      const sibling = await world.candidate(base, { "b.txt": "b\n" });
      const move = async (from: ObjectId, night = NIGHT): Promise<void> =>
        await repository.fastForward({ night, from, to: sibling });
      await expect(move(base)).rejects.toMatchObject({ code: "infra.git" });
      await expect(move(to)).rejects.toMatchObject({ code: "infra.git" });
      await expect(move(to, "2026-11-21-aaaa" as NightId)).rejects.toMatchObject({ code: "infra.git" });
      expect(await repository.tip(NIGHT)).toBe(to);
    });

    test("the branch goes back to a commit of its own from where it is, and in no other way", async () => {
      const world = await begin();
      const { repository, base } = world;
      const one = await world.land({ "a.txt": "a\n" });
      const two = await world.land({ "b.txt": "b\n" });
      const sibling = await world.candidate(one, { "c.txt": "c\n" });
      const back = async (from: ObjectId, to: ObjectId): Promise<void> =>
        await repository.goBack({ night: NIGHT, from, to });
      await expect(back(one, base)).rejects.toMatchObject({ code: "infra.git" });
      await expect(back(two, sibling)).rejects.toMatchObject({ code: "infra.git" });
      expect(await repository.tip(NIGHT)).toBe(two);
      await back(two, one);
      await back(two, one);
      expect(await repository.tip(NIGHT)).toBe(one);
      await repository.fastForward({ night: NIGHT, from: one, to: sibling });
      expect(await repository.tip(NIGHT)).toBe(sibling);
    });

    test("a candidate is made again without what it was made on, where the branch went back behind that", async () => {
      const world = await begin();
      const { repository } = world;
      const one = await world.land({ "culprit.txt": "x\n", "README.md": "bad\n" });
      const two = await world.land({ "src/app.txt": "one\ntwo\nthree\nfour\n5\n", "new.txt": "n\n" });
      await repository.goBack({ night: NIGHT, from: two, to: world.base });
      const rebuilt = await world.rebuild(two, world.base);
      if (rebuilt.kind === "conflict") throw new Error("unexpected conflict");
      expect(await world.text(rebuilt.commit, "culprit.txt")).toBeUndefined();
      expect(await world.text(rebuilt.commit, "README.md")).toBe("hello\n");
      expect(await world.text(rebuilt.commit, "new.txt")).toBe("n\n");
      const on = await world.candidate(one, { "culprit.txt": "y\n" });
      expect(await world.rebuild(on, world.base)).toEqual({ kind: "conflict", paths: ["culprit.txt"] });
    });

    test("a delivery follows a branch that went back, and still forces nothing", async () => {
      const world = await begin();
      const { repository, base } = world;
      const one = await world.land({ "a.txt": "a\n" });
      await world.deliver(one, null);
      await repository.goBack({ night: NIGHT, from: one, to: base });
      const two = await world.land({ "b.txt": "b\n" });
      await expect(world.deliver(two, one)).rejects.toMatchObject({ code: "infra.git" });
      const follow = { night: NIGHT, base, to: two, from: one, hasGoneBack: true };
      world.it.moveBranch(BRANCH, base);
      expect(await repository.deliver(follow)).toMatchObject({ kind: "deferred" });
      world.it.moveBranch(BRANCH, one);
      expect(await repository.deliver(follow)).toEqual({ kind: "delivered" });
      expect(world.it.branch(BRANCH)).toBe(two);
    });

    test("what an attempt made is counted as its own, and dropped at once", async () => {
      const world = await begin();
      const attempt = world.attempt();
      const commit = await world.candidate(world.base, { "a.txt": "a\n" }, attempt);
      const tip = await world.land({ "b.txt": "b\n" });
      await world.rebuild(commit, tip, attempt);
      const scope = { kind: "attempt", attempt, repo: world.repository.name } as const;
      const standing = (await world.it.residue.count(scope)).residue;
      expect(standing.map(({ kind, token }) => [kind, token])).toEqual([
        ["ref", attempt.token],
        ["ref", attempt.token],
      ]);
      await world.repository.dropAttempt(attempt);
      await world.repository.dropAttempt(attempt);
      expect((await world.it.residue.count(scope)).residue).toEqual([]);
    });

    test("an account's residue can be removed by its place", async () => {
      const world = await begin();
      await world.candidate(world.base, { "a.txt": "a\n" });
      const { residue } = await world.it.residue.count({ kind: "workspace" });
      expect(residue).toHaveLength(1);
      expect(await world.it.residue.remove(residue)).toEqual([]);
      expect((await world.it.residue.count({ kind: "workspace" })).residue).toEqual([]);
    });

    test("a commit of two takes what is asked from the other one", async () => {
      const world = await begin();
      const attempt = world.attempt();
      const commit = await world.candidate(world.base, {
        "README.md": "hi\n",
        "tests/a.txt": "t\n",
        "old.txt": null,
      });
      const compose = async (takes: (path: string) => boolean) =>
        await world.repository.compose({
          attempt,
          name: "old-tests",
          source: world.base,
          overlay: commit,
          takes,
          joins: () => false,
          join: ({ source }) => source,
        });
      expect(await compose(() => false)).toEqual({ commit: world.base, paths: [] });
      const composed = await compose((path) => path !== "README.md");
      expect([...composed.paths].sort()).toEqual(["old.txt", "tests/a.txt"]);
      expect(await world.text(composed.commit, "README.md")).toBe("hello\n");
      expect(await world.text(composed.commit, "tests/a.txt")).toBe("t\n");
      expect(await world.text(composed.commit, "old.txt")).toBeUndefined();
      await world.repository.dropComposites(attempt);
      const { residue } = await world.it.residue.count({
        kind: "attempt",
        attempt: { ...attempt },
        repo: "app",
      });
      expect(residue.map(({ name: ref }) => ref).filter((ref) => ref.includes("old-tests"))).toEqual([]);
    });

    test("a delivery makes the branch, moves it on, and may be repeated", async () => {
      const world = await begin();
      const one = await world.land({ "a.txt": "a\n" });
      expect(await world.deliver(one, null)).toEqual({ kind: "delivered" });
      expect(await world.deliver(one, null)).toEqual({ kind: "delivered" });
      const two = await world.land({ "b.txt": "b\n" });
      expect(await world.deliver(two, one)).toEqual({ kind: "delivered" });
      expect(world.it.branch(BRANCH)).toBe(two);
      expect(world.it.branch("main")).toBe(world.base);
    });

    test("a delivery never moves a branch that a person has moved, deleted or checked out", async () => {
      const world = await begin();
      const one = await world.land({ "a.txt": "a\n" });
      await world.deliver(one, null);
      const two = await world.land({ "b.txt": "b\n" });
      const isDeferred = async (at: ObjectId | undefined): Promise<void> => {
        expect(await world.deliver(two, one)).toMatchObject({ kind: "deferred" });
        expect(world.it.branch(BRANCH)).toBe(at);
      };
      world.it.moveBranch(BRANCH, world.base);
      await isDeferred(world.base);
      world.it.moveBranch(BRANCH, null);
      await isDeferred(undefined);
      world.it.moveBranch(BRANCH, one);
      world.it.checkOut(BRANCH);
      await isDeferred(one);
      world.it.checkOut("main");
      expect(await world.deliver(two, one)).toEqual({ kind: "delivered" });
    });

    test("a branch of the night's name that was there before is left alone", async () => {
      const world = await begin();
      world.it.moveBranch(BRANCH, world.base);
      const one = await world.land({ "a.txt": "a\n" });
      expect(await world.deliver(one, null)).toMatchObject({ kind: "deferred" });
      expect(world.it.branch(BRANCH)).toBe(world.base);
    });

    test("a result is merged when it is in the history, or its change is", async () => {
      const world = await begin();
      const { repository } = world;
      const one = await world.land({ "a.txt": "a\n" });
      expect(await repository.isMerged(one, world.base)).toBe(false);
      expect(await repository.isMerged(one, one)).toBe(true);
      expect(await repository.isMerged(world.base, one)).toBe(true);
      world.it.commit({ "z.txt": "z\n" });
      const picked = world.it.commit({ "a.txt": "a\n" });
      await world.deliver(one, null);
      await repository.prepare("main");
      expect(await repository.isMerged(one, picked)).toBe(true);
    });
  });
}
