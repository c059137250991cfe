import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CliWorkspace, GO_ON, NODE_PROJECT, PYTHON_PROJECT } from "../fixtures/cli-workspace.ts";
import {
  fingerprint,
  git,
  makeRepository,
  markerProgram,
  temporaryFolder,
  writeFiles,
} from "../fixtures/git-repository.ts";

const writes = (name: string): string => `echo 'export const made = "${name}";' > src/${name}.mjs`;

describe("a night on a repository", () => {
  it("lands what passes, and all else there is byte-identical: work tree, index, HEAD, config, hooks, refs", async () => {
    const workspace = await CliWorkspace.create({
      tasks: [
        { id: "one", agent: writes("one") },
        { id: "two", agent: writes("two") },
      ],
    });
    const repository = workspace.repository();
    // What a person has in the evening: staged, unstaged and untracked changes, a stash, hooks and settings.
    git(repository, "branch", "other");
    writeFiles(repository, { "src/add.mjs": "export const add = () => 0;\n" });
    git(repository, "stash", "--quiet");
    writeFiles(repository, { "staged.txt": "staged\n", "package.json": "{ broken", "untracked/file": "\n" });
    git(repository, "add", "staged.txt");
    rmSync(join(repository, "test/add.test.mjs"));
    const { program, marker } = markerProgram(temporaryFolder(), "hook");
    for (const name of ["reference-transaction", "post-checkout", "post-commit", "update"]) {
      const hook = join(repository, ".git/hooks", name);
      writeFileSync(hook, `#!/bin/sh\nexec '${program}' ${name}\n`);
      chmodSync(hook, 0o755);
    }
    git(repository, "config", "core.fsmonitor", program);
    const before = fingerprint(repository);
    expect(Object.keys(before)).toEqual(
      expect.arrayContaining([
        ".git/HEAD",
        ".git/index",
        ".git/config",
        ".git/refs/heads/main",
        "untracked/file",
      ]),
    );

    const { exitCode, stdout, stderr } = await workspace.night();

    expect(stderr).toContain("one: landed as");
    expect(stdout).toContain("2 of 2 tasks landed");
    expect(exitCode).toBe(0);
    expect(fingerprint(repository)).toEqual(before);
    expect(existsSync(marker)).toBe(false);
    expect(await workspace.leftovers()).toEqual([]);
    expect(workspace.landedTitles()).toEqual(["Do one", "Do two"]);
    expect(git(repository, "diff", "--name-status", `main..${workspace.branch()}`)).toBe(
      "A\tsrc/one.mjs\nA\tsrc/two.mjs",
    );
    expect((await workspace.summary()).repositories[0]).toMatchObject({ uncommitted: 4, delivered: true });
    expect((await workspace.verifiedEvents()).at(-1)).toMatchObject({ type: "night.finished" });
    // Control: an ordinary command of git's changes the fingerprint, and runs what is set up there.
    git(repository, "tag", "noticed");
    expect(fingerprint(repository)).not.toEqual(before);
    expect(existsSync(marker)).toBe(true);
  });

  it("takes from a Python task exactly its one line: no caches, no environments, no dependencies", async () => {
    const workspace = await CliWorkspace.create({
      repositories: { tally: PYTHON_PROJECT },
      tasks: [
        {
          id: "simpler",
          agent: [
            "sed -i 's/^    result = 0$/    assert numbers is not None/' tally.py",
            "python3 -m unittest",
            "mkdir -p .venv/bin .pytest_cache node_modules/left-pad",
            "echo x | tee .venv/bin/python .pytest_cache/CACHEDIR.TAG node_modules/left-pad/index.js",
            "test -d __pycache__ && ls -A",
          ].join("\n"),
        },
      ],
    });
    const { exitCode, stderr } = await workspace.night("--verbose");
    expect(stderr).toContain("simpler | __pycache__");
    expect(exitCode).toBe(0);
    const repository = workspace.repository("tally");
    const range = `main..${workspace.branch()}`;
    expect(git(repository, "diff", "--raw", "--numstat", "--abbrev=1", range).split("\n").at(-1)).toBe(
      "1\t1\ttally.py",
    );
    expect(git(repository, "diff", "--name-only", range)).toBe("tally.py");
    expect(git(repository, "diff", "--unified=0", range).split("\n").slice(-2)).toEqual([
      "-    result = 0",
      "+    assert numbers is not None",
    ]);
  });

  it("takes from a task in a repository with a submodule exactly its one line, and leaves the submodule as it was", async () => {
    const library = makeRepository({ "lib.mjs": "export const lib = 1;\n" });
    const workspace = await CliWorkspace.create({
      tasks: [
        {
          id: "one-line",
          agent:
            "sed -i 's/a + b/b + a/' src/add.mjs; rm -rf .gitmodules.bak; ls -A vendor/lib 2>/dev/null || true",
        },
      ],
    });
    const repository = workspace.repository();
    git(repository, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", library, "vendor/lib");
    git(repository, "commit", "--quiet", "-m", "A submodule");
    const before = fingerprint(repository);
    const { exitCode, stderr } = await workspace.night();
    expect(stderr).toContain("one-line: landed as");
    expect(exitCode).toBe(0);
    expect(fingerprint(repository)).toEqual(before);
    const branch = workspace.branch();
    expect(git(repository, "diff", "--numstat", `main..${branch}`)).toBe("1\t1\tsrc/add.mjs");
    const carried = (commit: string): string =>
      git(repository, "ls-tree", commit, "vendor/lib", ".gitmodules");
    expect(carried(branch)).toBe(carried("main"));
    expect(carried(branch)).toMatch(/^100644 blob .*\n160000 commit /);
  });
});

describe("a task that does not land", () => {
  it("because its tests fail is rolled back, and ends a night of phase 1 at once with exit code 4", async () => {
    const workspace = await CliWorkspace.create({
      tasks: [
        { id: "good", agent: writes("good") },
        { id: "bad", agent: "sed -i 's/a + b/a - b/' src/add.mjs; echo all tests pass" },
        { id: "never", agent: writes("never") },
      ],
    });
    const before = fingerprint(workspace.repository());
    const { exitCode, stdout } = await workspace.night();
    expect(exitCode).toBe(4);
    expect(stdout).toContain("1 of 3 tasks landed, 1 failed, 1 not started");
    expect(stdout).toContain("Stopped at the first failed task");
    expect(await workspace.results()).toEqual({ good: "landed", bad: "verify-failed", never: "not-started" });
    expect(workspace.landedTitles()).toEqual(["Do good"]);
    expect(fingerprint(workspace.repository())).toEqual(before);
    expect(workspace.shadowRefs().filter((ref) => ref.includes("attempts/bad"))).toEqual([]);
    // Its record says why.
    const [, bad] = (await workspace.summary()).tasks;
    expect(bad?.verifyTail).toContain("Expected values to be strictly equal");
  });

  it("for memory, for time, for an error, or since it changed nothing leaves no trace but its record", async () => {
    const allocates = 'node -e "const all = []; for (;;) all.push(Buffer.alloc(4 << 20, 1))"';
    const workspace = await CliWorkspace.create({
      policy: GO_ON,
      tasks: [
        { id: "greedy", agent: `${writes("greedy")}; ${allocates}`, limits: { memory: "64MiB" } },
        { id: "one", agent: writes("one") },
        { id: "slow", agent: `${writes("slow")}; sleep 600`, limits: { wallClock: "1s" } },
        { id: "two", agent: writes("two") },
        { id: "idle", agent: "echo nothing to do" },
        { id: "three", agent: writes("three") },
        { id: "sorry", agent: `${writes("sorry")}; exit 3` },
      ],
    });
    const before = fingerprint(workspace.repository());
    const { exitCode } = await workspace.night();
    expect(await workspace.results()).toEqual({
      greedy: "cap-memory",
      one: "landed",
      slow: "cap-wall-clock",
      two: "landed",
      idle: "no-change",
      three: "landed",
      sorry: "agent-failed",
    });
    expect(exitCode).toBe(1);
    expect(await workspace.leftovers()).toEqual([]);
    expect(fingerprint(workspace.repository())).toEqual(before);
    expect(workspace.landedTitles()).toEqual(["Do one", "Do two", "Do three"]);
    expect(git(workspace.repository(), "diff", "--name-only", `main..${workspace.branch()}`)).toBe(
      "src/one.mjs\nsrc/three.mjs\nsrc/two.mjs",
    );
    const failed = /attempts\/(?:greedy|slow|idle|sorry)/;
    expect(workspace.shadowRefs().filter((ref) => failed.test(ref))).toEqual([]);
    expect(workspace.branches()).toEqual(["refs/heads/main", `refs/heads/${workspace.branch()}`]);
    expect(git(workspace.repository(), "fsck", "--unreachable", "--no-reflogs")).toBe("");
  });

  it("since the repository's own tests are red: the night is refused before an agent starts", async () => {
    const workspace = await CliWorkspace.create({
      repositories: { app: { ...NODE_PROJECT, verify: ["echo this one is red; exit 5"] } },
      tasks: [{ id: "one", agent: writes("one") }],
    });
    const { exitCode, stderr } = await workspace.night();
    expect(exitCode).toBe(3);
    expect(stderr).toContain("(exit code 5)");
    expect(stderr).toContain("    this one is red");
    expect(workspace.eventsOf("attempt.started")).toEqual([]);
    expect(workspace.branches()).toEqual(["refs/heads/main"]);
  });
});

describe("what an agent prints", () => {
  /** Everything that could move a cursor, hide or reorder text: all control characters but the line feed. */
  // oxlint-disable-next-line no-control-regex
  const UNSAFE = /[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u061C\u200B-\u200F\u2028-\u202E\u2066-\u2069]/u;

  it("cannot reach the terminal as more than text, live, in the summary or in the status", async () => {
    // Colours, the window's title, the clipboard, a link, an erased line, C1 controls, and a change of direction.
    const hostile = String.raw`\033[31mRED\033[0m \033]0;OWNED\007 \033]52;c;ZXZpbA==\007 \033]8;;http://evil\033\\x \033[2K\r \302\2331m \342\200\256evil \010\013`;
    const workspace = await CliWorkspace.create({
      policy: GO_ON,
      tasks: [
        {
          id: "loud",
          agent: `printf '%b' '${hostile}\\nloud words\\n'; printf '%b' '${hostile}\\n' >&2; ${writes("loud")}`,
          verify: [`printf '%b' '${hostile}\\ntail words\\n'; exit 1`],
        },
        { id: "quiet", agent: writes("quiet") },
        { id: "named", agent: String.raw`: > "$(printf 'src/%b.mjs' '\033[31mname\342\200\256')"` },
      ],
    });
    const { stdout, stderr } = await workspace.night("--verbose");
    expect(stderr).toContain("loud | loud words");
    const outputs = [stdout, stderr];
    for (const args of [
      ["summary"],
      ["summary", "--markdown"],
      ["summary", "--json"],
      ["status"],
      ["status", "--json"],
    ]) {
      const ended = await workspace.call(...args);
      expect(ended.exitCode).toBe(0);
      outputs.push(ended.stdout, ended.stderr);
    }
    expect(outputs.join("\n")).toContain("tail words");
    for (const output of outputs) expect(UNSAFE.exec(output)).toBeNull();
    expect(await workspace.results()).toEqual({
      loud: "verify-failed",
      quiet: "landed",
      named: "check-blocked",
    });
    // Control: the agent did print it; the record has it as it was.
    const [printed] = workspace.eventsOf("sandbox.finished").filter(({ task }) => task === "loud");
    const record = readFileSync(join(workspace.folder, ".nightwarden", printed?.output?.file ?? ""), "utf8");
    expect(record).toContain(String.raw`\u001b]0;OWNED\u0007`);
  });

  it("cannot hide in a title: the plan is refused, and the refusal shows no control character", async () => {
    const workspace = await CliWorkspace.create({
      tasks: [{ id: "one", title: "Red \u001B[31m \u001B]0;OWNED\u0007 \u202Etitle", agent: writes("one") }],
    });
    const { exitCode, stderr, stdout } = await workspace.night();
    expect(exitCode).toBe(2);
    expect(stderr).toContain("tasks.yaml:3");
    expect(stderr).toContain("control character");
    expect(UNSAFE.exec(stdout + stderr)).toBeNull();
    expect(existsSync(join(workspace.folder, ".nightwarden"))).toBe(false);
  });
});
