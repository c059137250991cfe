import { chmodSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { ObjectId } from "../../src/core/ids.ts";
import { findGit } from "../../src/git/find-git.ts";
import { MAX_INSPECTED_BYTES, readChange } from "../../src/git/read-change.ts";
import { Git } from "../../src/git/run-git.ts";
import { commitFiles, git, makeRepository, writeFiles } from "../fixtures/git-repository.ts";

const text = (content: Uint8Array | undefined): string | undefined =>
  content === undefined ? undefined : Buffer.from(content).toString();

async function repository(files: Readonly<Record<string, string>>) {
  const folder = makeRepository(files);
  const read = new Git({ program: await findGit(), profile: "user", gitDir: join(folder, ".git") });
  const base = git(folder, "rev-parse", "HEAD") as ObjectId;
  const commit = (added: Readonly<Record<string, string>> = {}): ObjectId => {
    writeFiles(folder, added);
    git(folder, "add", "--all");
    git(folder, "commit", "--quiet", "--allow-empty", "-m", "Change");
    return git(folder, "rev-parse", "HEAD") as ObjectId;
  };
  return { folder, read, base, commit };
}

it("a change has both versions of every file that differs, in content or in mode, and no other", async () => {
  const { folder, read, base, commit } = await repository({
    "same.txt": "same\n",
    "edited.txt": "old\n",
    "gone.txt": "gone\n",
    "run.sh": "true\n",
  });
  rmSync(join(folder, "gone.txt"));
  chmodSync(join(folder, "run.sh"), 0o755);
  symlinkSync("same.txt", join(folder, "link"));
  const head = commit({ "edited.txt": "new\n", "sub/ä b.txt": "added\n" });
  const { files, basePaths } = await readChange(read, base, head);
  const seen = files.map(({ path, base: before, head: after }) => [
    path,
    before && [before.kind, text(before.content)],
    after && [after.kind, text(after.content)],
  ]);
  expect(seen).toEqual([
    ["edited.txt", ["file", "old\n"], ["file", "new\n"]],
    ["gone.txt", ["file", "gone\n"], undefined],
    ["link", undefined, ["link", "same.txt"]],
    ["run.sh", ["file", "true\n"], ["executable", "true\n"]],
    ["sub/ä b.txt", undefined, ["file", "added\n"]],
  ]);
  expect(basePaths).toEqual(["edited.txt", "gone.txt", "run.sh", "same.txt"]);
});

it("a change knows the manifests of the base, changed or not, as the base has them", async () => {
  const { read, base, commit } = await repository({
    "package.json": '{"name":"root"}',
    "packages/a/package.json": '{"name":"a"}',
    "notes.json": "{}",
  });
  const head = commit({ "package.json": '{"name":"other"}', "packages/b/package.json": "{}" });
  const { manifests } = await readChange(read, base, head);
  expect(manifests.map(({ path, content }) => [path, text(content)])).toEqual([
    ["package.json", '{"name":"root"}'],
    ["packages/a/package.json", '{"name":"a"}'],
  ]);
});

it("a file that is too large to be looked into comes with its size, and without its content", async () => {
  const { read, base, commit } = await repository({ "a.txt": "a" });
  const head = commit({
    "big.txt": "x".repeat(MAX_INSPECTED_BYTES + 1),
    "fits.txt": "x".repeat(MAX_INSPECTED_BYTES),
  });
  const { files } = await readChange(read, base, head);
  expect(files.map(({ path, head: after }) => [path, after?.size, after?.content?.length])).toEqual([
    ["big.txt", MAX_INSPECTED_BYTES + 1, undefined],
    ["fits.txt", MAX_INSPECTED_BYTES, MAX_INSPECTED_BYTES],
  ]);
});

it("two commits with the same files have no change between them", async () => {
  const { read, base, commit, folder } = await repository({ "a.txt": "a" });
  expect((await readChange(read, base, commit())).files).toEqual([]);
  expect(commitFiles(folder, { "a.txt": "b" }, "Other")).not.toBe(base);
});
