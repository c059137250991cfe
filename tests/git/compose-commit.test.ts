import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { ObjectId } from "../../src/core/ids.ts";
import type { Repository } from "../../src/contracts/repository.ts";
import { findGit } from "../../src/git/find-git.ts";
import { openRepository } from "../../src/git/open-repository.ts";
import { ShadowResidue } from "../../src/git/shadow-residue.ts";
import { ATTEMPT, capture } from "../fixtures/git-capture.ts";
import { git, makeRepository, temporaryFolder, type Files } from "../fixtures/git-repository.ts";

const BASE: Files = {
  "package.json": '{ "scripts": { "test": "old" } }\n',
  "src/app.ts": "old\n",
  "test/a.test.ts": "old\n",
  "test/gone.test.ts": "old\n",
};

interface Opened {
  readonly repository: Repository;
  readonly base: ObjectId;
  readonly head: ObjectId;
  readonly stateDir: string;
  readonly shadow: string;
}

async function open(objectFormat: "sha1" | "sha256" = "sha1"): Promise<Opened> {
  const stateDir = join(temporaryFolder(), "state");
  const path = makeRepository(BASE, { objectFormat });
  const repository = await openRepository({ name: "app", path, stateDir });
  const { commit: base } = await repository.prepare("main");
  const { commit: head } = await repository.commitCapture({
    attempt: ATTEMPT,
    base,
    message: "Change all\n",
    records: capture(4, [
      { path: "package.json", content: '{ "scripts": { "test": "new" }, "version": "2" }\n' },
      { path: "src/app.ts", content: "new\n", mode: "100755" },
      { path: "test/a.test.ts", content: "new\n" },
      { path: "test/gone.test.ts", deleted: true },
      { path: "test/new.test.ts", content: "new\n", added: true },
      { path: "test/link.test.ts", content: "a.test.ts", mode: "120000", added: true },
      { path: "test/\u00fc .test.ts", content: "bytes\n", added: true },
      { path: "src/new.ts", content: "new\n", added: true },
    ]),
  });
  if (head === null) throw new Error("nothing was committed");
  return { repository, base, head, stateDir, shadow: join(stateDir, "shadow", "app.git") };
}

/** Every entry of a commit: mode, path, content. */
function filesOf(shadow: string, commit: string): string[] {
  const listing = execFileSync("git", ["--git-dir", shadow, "ls-tree", "-r", "-z", commit]).toString(
    "latin1",
  );
  return listing
    .split("\0")
    .filter((line) => line !== "")
    .map((line) => {
      const [info = "", path = ""] = line.split("\t");
      const [mode = "", , oid = ""] = info.split(" ");
      return `${mode} ${path} ${JSON.stringify(git(shadow, "cat-file", "blob", oid))}`;
    });
}

const takes = (path: string): boolean => path.startsWith("test/");
const NOTHING = { joins: () => false, join: () => "" };

describe.each(["sha1", "sha256"] as const)("a commit of two, in a repository of %s", (objectFormat) => {
  test("has the named paths as in the one, and all else as in the other", async () => {
    const { repository, base, head, shadow } = await open(objectFormat);
    const old = await repository.compose({
      ...NOTHING,
      attempt: ATTEMPT,
      name: "old-tests",
      source: head,
      overlay: base,
      takes,
    });
    expect(filesOf(shadow, old.commit)).toEqual([
      `100644 package.json ${JSON.stringify('{ "scripts": { "test": "new" }, "version": "2" }')}`,
      '100755 src/app.ts "new"',
      '100644 src/new.ts "new"',
      '100644 test/a.test.ts "old"',
      '100644 test/gone.test.ts "old"',
    ]);
    expect(old.paths.toSorted()).toEqual(
      [
        "test/a.test.ts",
        "test/gone.test.ts",
        "test/link.test.ts",
        "test/new.test.ts",
        "test/\u00fc .test.ts",
      ].toSorted(),
    );
    const fresh = await repository.compose({
      ...NOTHING,
      attempt: ATTEMPT,
      name: "new-tests",
      source: base,
      overlay: head,
      takes,
    });
    expect(filesOf(shadow, fresh.commit)).toEqual([
      `100644 package.json ${JSON.stringify('{ "scripts": { "test": "old" } }')}`,
      '100644 src/app.ts "old"',
      '100644 test/a.test.ts "new"',
      '120000 test/link.test.ts "a.test.ts"',
      '100644 test/new.test.ts "new"',
      '100644 test/\u00c3\u00bc .test.ts "bytes"',
    ]);
  });
});

describe("a commit of two", () => {
  test("joins a file of which both have a part", async () => {
    const { repository, base, head, shadow } = await open();
    const { commit, paths } = await repository.compose({
      attempt: ATTEMPT,
      name: "old-tests",
      source: head,
      overlay: base,
      takes: () => false,
      joins: (path) => path === "package.json",
      join: ({ path, source, other }) => `${path}: ${source}${other}`,
    });
    expect(paths).toEqual(["package.json"]);
    expect(git(shadow, "cat-file", "blob", `${commit}:package.json`)).toBe(
      'package.json: { "scripts": { "test": "new" }, "version": "2" }\n{ "scripts": { "test": "old" } }',
    );
    expect(git(shadow, "diff-tree", "-r", "--name-only", head, commit)).toBe("package.json");
  });

  test("is the source itself where nothing is different", async () => {
    const { repository, base, head } = await open();
    const options = { attempt: ATTEMPT, name: "old-tests", source: head, overlay: base } as const;
    expect(await repository.compose({ ...NOTHING, ...options, takes: () => false })).toEqual({
      commit: head,
      paths: [],
    });
    const same = { joins: () => true, join: ({ source }: { source: string }) => source };
    expect(await repository.compose({ ...options, ...same, takes: () => false })).toEqual({
      commit: head,
      paths: [],
    });
  });

  test("is the same one when it is made again, and a tree can be made of it", async () => {
    const { repository, base, head } = await open();
    const options = {
      ...NOTHING,
      attempt: ATTEMPT,
      name: "new-tests",
      source: base,
      overlay: head,
      takes,
    } as const;
    const first = await repository.compose(options);
    expect(await repository.compose(options)).toEqual(first);
    let bytes = 0;
    for await (const pack of repository.treeSource(first.commit).packs())
      for await (const chunk of pack) bytes += chunk.length;
    expect(bytes).toBeGreaterThan(100);
  });

  test("stands for its attempt while it is there, and goes with it", async () => {
    const { repository, base, head, stateDir, shadow } = await open();
    const residue = new ShadowResidue({ program: await findGit(), repo: "app", stateDir });
    const names = async (): Promise<string[]> =>
      (await residue.count({ kind: "attempt", attempt: ATTEMPT, repo: "app" })).residue.map(
        ({ name }) => name,
      );
    const compose = async (): Promise<unknown> =>
      await repository.compose({
        ...NOTHING,
        attempt: ATTEMPT,
        name: "old-tests",
        source: head,
        overlay: base,
        takes,
      });
    const before = await names();
    await compose();
    const composite = `refs/nightwarden/attempts/${ATTEMPT.attempt}/${ATTEMPT.token}.old-tests`;
    expect(await names()).toEqual([...before, composite]);
    await repository.dropComposites(ATTEMPT);
    expect(await names()).toEqual(before);
    await repository.dropComposites(ATTEMPT);
    await compose();
    await repository.dropAttempt(ATTEMPT);
    expect(await names()).toEqual([]);
    expect(git(shadow, "for-each-ref", "refs/nightwarden/attempts")).toBe("");
  });
});
