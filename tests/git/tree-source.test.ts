import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { ObjectId } from "../../src/core/ids.ts";
import type { Repository } from "../../src/contracts/repository.ts";
import { openRepository } from "../../src/git/open-repository.ts";
import { ATTEMPT, capture, NIGHT } from "../fixtures/git-capture.ts";
import { commitFiles, git, makeRepository, temporaryFolder } from "../fixtures/git-repository.ts";

async function open(path: string): Promise<{ repository: Repository; stateDir: string; shadow: string }> {
  const stateDir = join(temporaryFolder(), "state");
  const repository = await openRepository({ name: "app", path, stateDir });
  return { repository, stateDir, shadow: join(stateDir, "shadow", "app.git") };
}

/** Does what a collector does: takes each pack by itself into an empty repository. */
async function receive(
  repository: Repository,
  commit: ObjectId,
): Promise<{ folder: string; packs: number[] }> {
  const folder = join(temporaryFolder(), "received");
  mkdirSync(folder);
  git(folder, "init", "--quiet", "--bare", `--object-format=${repository.objectFormat}`, ".");
  const packs: number[] = [];
  for await (const pack of repository.treeSource(commit).packs()) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of pack) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    packs.push(bytes.length);
    execFileSync("git", ["--git-dir", folder, "index-pack", "--stdin"], { input: bytes });
  }
  writeFileSync(join(folder, "shallow"), `${commit}\n`);
  git(folder, "update-ref", "refs/heads/work", commit);
  git(folder, "fsck", "--strict", "--no-dangling");
  return { folder, packs };
}

async function landOne(repository: Repository, base: ObjectId, content: string): Promise<ObjectId> {
  const tip = (await repository.tip(NIGHT)) ?? base;
  const records = capture(2, [{ path: "README.md", content }]);
  const { commit } = await repository.commitCapture({ attempt: ATTEMPT, base: tip, message: "m", records });
  if (commit === null) throw new Error("nothing was committed");
  await repository.fastForward({ night: NIGHT, from: tip, to: commit });
  return commit;
}

describe("the packs of a tree", () => {
  test.each(["sha1", "sha256"] as const)(
    "hold all of the base's files and nothing of its history (%s)",
    async (objectFormat) => {
      const path = makeRepository({ "secret.txt": "password\n" }, { objectFormat });
      git(path, "rm", "--quiet", "secret.txt");
      const head = commitFiles(path, { "README.md": "hello\n", "src/app.ts": "one\n" }, "second");
      const { repository } = await open(path);
      const { commit } = await repository.prepare("main");
      const { folder, packs } = await receive(repository, commit);
      expect(packs).toHaveLength(1);
      expect(git(folder, "ls-tree", "-r", head)).toBe(git(path, "ls-tree", "-r", head));
      const objects = git(folder, "cat-file", "--batch-all-objects", "--batch-check=%(objecttype)").split(
        "\n",
      );
      expect(objects.toSorted()).toEqual(["blob", "blob", "commit", "tree", "tree"]);
    },
  );

  test("of a later commit are the base's and a small one", async () => {
    const path = makeRepository({ "README.md": "hello\n", "src/app.ts": "random ".repeat(10_000) });
    const { repository } = await open(path);
    const { commit: base } = await repository.prepare("main");
    await landOne(repository, base, "one\n");
    const tip = await landOne(repository, base, "two\n");
    const { folder, packs } = await receive(repository, tip);
    expect(packs).toHaveLength(2);
    expect(git(folder, "show", `${tip}:README.md`)).toBe("two");
    expect(git(folder, "ls-tree", "-r", "--name-only", tip)).toBe("README.md\nsrc/app.ts");
  });

  test("of a base are made once, and again where they were removed", async () => {
    const path = makeRepository();
    const { repository, stateDir } = await open(path);
    const { commit } = await repository.prepare("main");
    const file = join(stateDir, "shadow", "app.packs", `${commit}.pack`);
    await receive(repository, commit);
    const first = statSync(file);
    const bytes = readFileSync(file);
    await receive(repository, commit);
    expect(statSync(file).ino).toBe(first.ino);
    execFileSync("rm", [file]);
    await receive(repository, commit);
    expect(readFileSync(file)).toEqual(bytes);
  });

  test("of bases are kept for the last three only", async () => {
    const path = makeRepository();
    const { repository, stateDir } = await open(path);
    for (let round = 0; round < 5; round += 1) {
      commitFiles(path, { "README.md": `round ${round}\n` }, "next");
      await receive(repository, (await repository.prepare("main")).commit);
    }
    expect(readdirSync(join(stateDir, "shadow", "app.packs"))).toHaveLength(3);
  });

  test("end early where the consumer does, and leave no process", async () => {
    const path = makeRepository({ "README.md": "hello\n", "src/app.ts": "x" });
    const { repository } = await open(path);
    const { commit: base } = await repository.prepare("main");
    const tip = await landOne(repository, base, "one\n");
    for await (const pack of repository.treeSource(tip).packs()) {
      for await (const chunk of pack) if (chunk.length > 0) break;
    }
    for await (const pack of repository.treeSource(tip).packs()) if (pack) break;
  });
});

describe("the base in the shadow", () => {
  test("has no parent there, and the next night's base brings only what is new", async () => {
    const path = makeRepository({ "README.md": "hello\n", "large.bin": Buffer.alloc(3_000_000, "abc") });
    commitFiles(path, { "README.md": "hello again\n" }, "second");
    const { repository, shadow } = await open(path);
    const first = await repository.prepare("main");
    expect(git(shadow, "rev-list", "--count", first.commit)).toBe("1");
    git(shadow, "fsck", "--strict");
    const objects = (): number =>
      git(shadow, "cat-file", "--batch-all-objects", "--batch-check").split("\n").length;
    const before = objects();
    await repository.prepare("main");
    expect(objects()).toBe(before);
    commitFiles(path, { "README.md": "third\n" }, "third");
    const { commit } = await repository.prepare("main");
    expect(objects()).toBe(before + 3);
    expect(git(shadow, "ls-tree", "-r", commit)).toBe(git(path, "ls-tree", "-r", "main"));
    git(shadow, "fsck", "--strict");
  });

  test("is complete also if an earlier import was cut off", async () => {
    const path = makeRepository();
    commitFiles(path, { "README.md": "second\n" }, "second");
    const { repository, shadow } = await open(path);
    const { commit } = await repository.prepare("main");
    git(shadow, "update-ref", "-d", `refs/nightwarden/bases/${commit}`);
    expect((await repository.prepare("main")).commit).toBe(commit);
    expect(git(shadow, "rev-parse", `refs/nightwarden/bases/${commit}`)).toBe(commit);
    git(shadow, "fsck", "--strict");
  });

  test("is refused where its shadow belongs to a repository of another object format", async () => {
    const stateDir = join(temporaryFolder(), "state");
    await openRepository({ name: "app", path: makeRepository(), stateDir });
    const other = makeRepository({ a: "a" }, { objectFormat: "sha256" });
    const opening = openRepository({ name: "app", path: other, stateDir });
    await expect(opening).rejects.toMatchObject({ code: "refused.repository" });
  });

  test("two commits with the same files have the same tree", async () => {
    const path = makeRepository();
    const { repository } = await open(path);
    const { commit: one } = await repository.prepare("main");
    commitFiles(path, {}, "empty");
    const { commit: two } = await repository.prepare("main");
    expect(two).not.toBe(one);
    expect(await repository.treeOf(two)).toBe(await repository.treeOf(one));
  });
});

test("50,000 files are imported, packed and captured", async () => {
  const path = makeRepository();
  const files = Object.fromEntries(
    Array.from({ length: 50_000 }, (_, index) => [
      `d${index % 250}/e${index % 7}/f${index}.txt`,
      `file ${index}\n`,
    ]),
  );
  const stream = Object.entries(files).map(
    ([name, text]) => `M 100644 inline ${name}\ndata ${text.length}\n${text}\n`,
  );
  const header = "commit refs/heads/main\ncommitter a <a@b> 1 +0000\ndata 1\nm\nfrom refs/heads/main^0\n";
  execFileSync("git", ["-C", path, "fast-import", "--quiet", "--done"], {
    input: `${header}${stream.join("")}done\n`,
  });
  const { repository } = await open(path);
  const { commit: base } = await repository.prepare("main");
  const { packs } = await receive(repository, base);
  expect(packs).toHaveLength(1);
  const added = Object.keys(files).map((name) => ({ path: `copy/${name}`, content: name, added: true }));
  const { commit, refused, insertions } = await repository.commitCapture({
    attempt: ATTEMPT,
    base,
    message: "m",
    records: capture(50_002, [...added, { path: "README.md", content: "changed\n" }]),
  });
  expect(commit).not.toBeNull();
  expect(refused).toEqual([]);
  expect(insertions).toBe(50_001);
});
