import { chmodSync, existsSync, mkdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { nightBranch } from "../../src/core/ids.ts";
import { inspectRepository } from "../../src/git/inspect-repository.ts";
import { openRepository } from "../../src/git/open-repository.ts";
import { ATTEMPT, capture, NIGHT } from "../fixtures/git-capture.ts";
import { git, makeRepository, markerProgram, temporaryFolder, useHome } from "../fixtures/git-repository.ts";

/** A program of the user's for every way that git has to run one here; each leaves a marker of its own. */
function trapped(): { path: string; home: string; markers: () => string[] } {
  const traps = temporaryFolder();
  const path = makeRepository({
    ".gitattributes": "*.txt filter=global\n*.md filter=local\n",
    "a.txt": "a\n",
    "b.md": "b\n",
  });
  const markers: string[] = [];
  const trap = (name: string): string => {
    const { program, marker } = markerProgram(traps, name);
    markers.push(marker);
    return `'${program}'`;
  };
  for (const hook of ["reference-transaction", "post-update", "update", "pre-receive", "post-index-change"]) {
    const file = join(path, ".git/hooks", hook);
    mkdirSync(join(path, ".git/hooks"), { recursive: true });
    writeFileSync(file, `#!/bin/sh\nexec ${trap(`hook-${hook}`)}\n`);
    chmodSync(file, 0o755);
  }
  const home = temporaryFolder();
  useHome(home);
  git(path, "config", "--global", "filter.global.clean", trap("clean-global"));
  git(path, "config", "filter.local.clean", trap("clean-local"));
  git(path, "config", "core.fsmonitor", trap("fsmonitor"));
  for (const marker of markers) rmSync(marker, { force: true });
  return {
    path,
    home,
    markers: () =>
      markers.filter((marker) => existsSync(marker)).map((marker) => marker.slice(traps.length + 1)),
  };
}

/** Makes git compare the contents again: the same size, another time. */
function touch(path: string): void {
  for (const file of ["a.txt", "b.md"]) utimesSync(join(path, file), 1, 1);
}

test("no hook, filter or monitor of the user's runs in a whole night", async () => {
  const { path, home, markers } = trapped();
  const savedHome = process.env["HOME"];
  process.env["HOME"] = home;
  try {
    touch(path);
    const report = await inspectRepository({ path, ref: "main" });
    expect(report.problems).toEqual([]);
    const repository = await openRepository({
      name: "app",
      path,
      stateDir: join(temporaryFolder(), "state"),
    });
    const { commit: base } = await repository.prepare("main");
    const { commit } = await repository.commitCapture({
      attempt: ATTEMPT,
      base,
      message: "m",
      records: capture(3, [{ path: "a.txt", content: "A\n" }]),
    });
    if (commit === null) throw new Error("nothing was committed");
    await repository.fastForward({ night: NIGHT, from: base, to: commit });
    expect(await repository.deliver({ night: NIGHT, base, to: commit, from: null })).toEqual({
      kind: "delivered",
    });
    expect(await repository.isMerged(commit, base)).toBe(false);
    expect(markers()).toEqual([]);
  } finally {
    process.env["HOME"] = savedHome;
  }
});

test("control: plain git runs them in the same repository", () => {
  const { path, markers } = trapped();
  touch(path);
  git(path, "status", "--porcelain");
  git(path, "update-ref", `refs/heads/${nightBranch(NIGHT)}`, "HEAD");
  expect(markers()).toEqual(
    expect.arrayContaining([
      "clean-global.ran",
      "clean-local.ran",
      "fsmonitor.ran",
      "hook-reference-transaction.ran",
      "hook-post-index-change.ran",
    ]),
  );
});

test("nothing of the caller's environment reaches git", async () => {
  const path = makeRepository();
  const elsewhere = makeRepository({ other: "o\n" });
  const names = {
    GIT_DIR: join(elsewhere, ".git"),
    GIT_INDEX_FILE: "/nowhere",
    GIT_OBJECT_DIRECTORY: "/nowhere",
  };
  Object.assign(process.env, names);
  try {
    const repository = await openRepository({
      name: "app",
      path,
      stateDir: join(temporaryFolder(), "state"),
    });
    expect((await repository.prepare("main")).uncommitted).toBe(0);
  } finally {
    for (const name of Object.keys(names)) delete process.env[name];
  }
});
