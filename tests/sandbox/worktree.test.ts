import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  openSync,
  closeSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { SelfCheck } from "../../src/core/event-fields.ts";
import { bearsMark, bearsOwner, MARK_VARIABLE, newMark } from "../../src/sandbox/worktree/enclosure-mark.ts";
import { enclosedProcesses, type HostProcess } from "../../src/sandbox/worktree/host-process.ts";
import { HostProgram } from "../../src/sandbox/worktree/host-program.ts";
import { parsePs } from "../../src/sandbox/worktree/list-macos-processes.ts";
import { placeDifferences } from "../../src/sandbox/worktree/place-differences.ts";
import { shellCommand } from "../../src/sandbox/worktree/process-limits.ts";
import { removeFolder } from "../../src/sandbox/worktree/remove-folder.ts";
import { sweepWorktrees } from "../../src/sandbox/worktree/sweep-worktrees.ts";
import { WorktreeResidue } from "../../src/sandbox/worktree/worktree-residue.ts";
import { newAttempt, runOnTree, treeSourceOf } from "../contract/sandboxes.ts";
import { makeRepository, temporaryFolder } from "../fixtures/git-repository.ts";
import { worktreeUnderTest, type WorktreeUnderTest } from "../fixtures/worktree-under-test.ts";

vi.setConfig({ testTimeout: 60_000 });

let under: WorktreeUnderTest;
let folder: string;
beforeEach(() => {
  under = worktreeUnderTest();
  folder = temporaryFolder();
});
afterEach(async () => {
  expect(await under.leftovers()).toEqual([]);
});

/** Whether it runs: one that is dead and not yet buried does not. */
function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return !/\) [ZX] /.test(stat);
  } catch {
    return false;
  }
}

async function pidIn(file: string): Promise<number> {
  for (;;) {
    const text = existsSync(file) ? readFileSync(file, "utf8").trim() : "";
    if (text !== "") return Number(text);
    await sleep(10);
  }
}

/** A daemon as daemons are made: its own session, no parent, another folder, nothing open, and no environment at all. */
const DAEMON =
  'setsid env -i sh -c \'(cd / && exec env -i sh -c "echo \\$\\$ >\\"$1\\"; exec sleep 600" sh "$1") >/dev/null 2>&1 </dev/null &\' sh "$1"';

const source = () => treeSourceOf(makeRepository());

describe("processes of a worktree sandbox", () => {
  it("are all gone when it is: a daemon without session, parent and environment of ours, too; a mere kill leaves it alive", async () => {
    const control = join(folder, "control");
    const child = spawn("sh", ["-c", `${DAEMON}; sleep 600`, "sh", control], { stdio: "ignore" });
    const survivor = await pidIn(control);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(isAlive(survivor)).toBe(true);
    process.kill(survivor, "SIGKILL");

    const file = join(folder, "enclosed");
    const stop = new AbortController();
    const running = runOnTree(
      under,
      source(),
      [["sh", "-c", `${DAEMON}; echo ready; sleep 600`, "sh", file]],
      {},
      { signal: stop.signal },
    );
    const daemon = await pidIn(file);
    const environment = readFileSync(`/proc/${daemon}/environ`, "latin1");
    expect(environment).not.toContain("NIGHTWARDEN");
    stop.abort();
    const { run } = await running;
    expect(run.end.reason).toBe("stopped");
    expect(isAlive(daemon)).toBe(false);
  });

  it("end with the last command, also where it ended by itself and left a daemon", async () => {
    const file = join(folder, "left");
    const { run } = await runOnTree(under, source(), [
      ["sh", "-c", `${DAEMON}; until [ -s "$1" ]; do sleep 0.01; done`, "sh", file],
    ]);
    expect(run.allPassed).toBe(true);
    expect(isAlive(await pidIn(file))).toBe(false);
  });

  it("are found by the next start when their supervisor is gone, with their folders", async () => {
    const attempt = newAttempt();
    const trees = await under.trees.open({ attempt, slot: 0 });
    await trees.fill("agent", source());
    const script = join(folder, "hang.mjs");
    writeFileSync(script, "console.log(1); setTimeout(() => undefined, 600_000);");
    const mark = newMark(under.owner, attempt);
    await HostProgram.start({ script, args: [], cwd: folder, env: {}, mark, limits: {} });
    // A neighbour of another workspace is not ours to end.
    const other = worktreeUnderTest();
    const neighbour = await HostProgram.start({
      script,
      args: [],
      cwd: folder,
      env: {},
      mark: newMark(other.owner, attempt),
      limits: {},
    });
    expect(await sweepWorktrees({ owners: [under.owner], roots: [under.root] })).toEqual({
      processes: 2,
      folders: 1,
    });
    expect(readdirSync(under.root)).toEqual([]);
    expect(await sweepWorktrees({ owners: [under.owner], roots: [under.root] })).toEqual({
      processes: 0,
      folders: 0,
    });
    expect(await other.leftovers()).toHaveLength(1);
    await neighbour.remove();
    expect(await other.leftovers()).toEqual([]);
  });
});

describe("what stands of an attempt", () => {
  it("is counted by its mark, also where only the number is left, and removed without touching another's", async () => {
    const [mine, other] = [newAttempt(), newAttempt()];
    const residue = new WorktreeResidue({
      owner: under.owner,
      roots: [under.root],
      otherOwners: async () => Promise.resolve([]),
    });
    const script = join(folder, "hang.mjs");
    writeFileSync(script, "console.log(1); setTimeout(() => undefined, 600_000);");
    const trees = await under.trees.open({ attempt: mine, slot: 0 });
    await trees.fill("agent", source());
    const neighbour = await HostProgram.start({
      script,
      args: [],
      cwd: folder,
      env: {},
      mark: newMark(under.owner, other),
      limits: {},
    });
    // Its variable is another's: only the number tells.
    const mark = newMark(under.owner, mine);
    const bare = await HostProgram.start({
      script,
      args: [],
      cwd: folder,
      env: { [MARK_VARIABLE]: "" },
      mark,
      limits: {},
    });
    // Until then it is still prlimit, which sets the number.
    await bare.output().next();
    const scope = { kind: "attempt", attempt: mine, repo: "app" } as const;
    const found = (await residue.count(scope)).residue;
    expect(found.map(({ kind, attempt }) => [kind, attempt])).toEqual([
      ["process", mine.attempt],
      ["process", mine.attempt],
      ["folder", mine.attempt],
    ]);
    expect((await residue.count({ kind: "workspace" })).residue).toHaveLength(4);
    expect(await residue.remove(found)).toEqual([]);
    expect((await residue.count(scope)).residue).toEqual([]);
    expect((await bare.end()).exitCode).toBe(137);
    expect((await residue.count({ kind: "workspace" })).residue).toHaveLength(1);
    await neighbour.remove();
    await trees.close();
  });
});

describe("what a worktree sandbox gives a program", () => {
  it("holds nothing of the supervisor's environment; a plain child sees it", async () => {
    process.env["SENTINEL_OF_THE_SUPERVISOR"] = "inherited-7f3a";
    try {
      const script = "env; cat /proc/$PPID/environ | tr '\\0' '\\n'";
      const child = spawn("sh", ["-c", script], { stdio: ["ignore", "pipe", "ignore"] });
      let seen = "";
      for await (const chunk of child.stdout) seen += String(chunk);
      expect(seen).toContain("inherited-7f3a");

      const { lines, run } = await runOnTree(under, source(), [["sh", "-c", script]], { env: { OWN: "1" } });
      expect(run.allPassed).toBe(true);
      expect(lines).toContain("OWN=1");
      expect(lines.join("\n")).not.toContain("inherited-7f3a");
      const names = lines.map((line) => line.split("=")[0]);
      expect(new Set(names)).toEqual(
        new Set([
          "CI",
          "GIT_CEILING_DIRECTORIES",
          "HOME",
          "LANG",
          "NIGHTWARDEN_ENCLOSURE",
          "OWN",
          "PATH",
          "PWD",
          "TMPDIR",
        ]),
      );
    } finally {
      delete process.env["SENTINEL_OF_THE_SUPERVISOR"];
    }
  });

  it("is a HOME and a TMPDIR that are empty, its own, and gone afterwards", async () => {
    const { lines } = await runOnTree(under, source(), [
      [
        "sh",
        "-c",
        'ls -A "$HOME" "$TMPDIR"; touch "$HOME/x" "$TMPDIR/x"; stat -c %a "$HOME" "$TMPDIR"; echo "$HOME"',
      ],
    ]);
    const home = lines.at(-1) ?? "";
    expect(home.startsWith(under.root)).toBe(true);
    expect(existsSync(home)).toBe(false);
    expect(lines.filter((line) => line === "700")).toHaveLength(2);
  });

  it("does not restrict the network, nor the files of the user: nobody may believe that it does", async () => {
    const secret = join(folder, "secret");
    writeFileSync(secret, "of the user");
    const { lines } = await runOnTree(under, source(), [
      ["sh", "-c", 'cat "$1"; cat /proc/net/dev', "sh", secret],
    ]);
    const [first = "", ...devices] = lines;
    expect(first).toContain("of the user");
    const interfaces = (text: string): string[] =>
      [...text.matchAll(/^\s*(\S+):/gm)].map(([, name]) => name ?? "");
    expect(interfaces(devices.join("\n"))).toEqual(interfaces(readFileSync("/proc/net/dev", "utf8")));
  });

  it("is no repository without its own .git", async () => {
    const { lines } = await runOnTree(under, source(), [
      ["sh", "-c", "rm -rf .git; git rev-parse --show-toplevel 2>&1; true"],
    ]);
    expect(lines.join()).toContain("not a git repository");
  });

  it("has the kernel's limits on open files and on a file's size", async () => {
    const { lines, run } = await runOnTree(
      under,
      source(),
      [["sh", "-c", "ulimit -n; ulimit -c; head -c 100000 /dev/zero > big; stat -c %s big"]],
      {},
      { limits: { openFiles: 128, fileSize: 65_536, captureSize: 2 ** 20 } },
    );
    expect(run.end.reason).toBe("exited");
    expect(lines).toEqual(expect.arrayContaining(["128", "0", "65536"]));
  });

  it("is ended where its processes use more memory than they may", async () => {
    const hungry = "const kept = []; setInterval(() => kept.push(Buffer.alloc(2 ** 24, 1)), 20);";
    const { run } = await runOnTree(
      under,
      source(),
      [[process.execPath, "-e", hungry]],
      {},
      {
        limits: { memory: 300 * 2 ** 20 },
      },
    );
    expect(run).toMatchObject({ allPassed: false, end: { reason: "memory", outOfMemory: true } });
  });

  it("is ended where it has more processes than it may", async () => {
    const many = "for i in $(seq 60); do sleep 600 & done; wait";
    const { run } = await runOnTree(under, source(), [["sh", "-c", many]], {}, { limits: { pids: 40 } });
    expect(run).toMatchObject({ allPassed: false, end: { reason: "pids", outOfMemory: false } });
    expect(run.end.seen).toBeGreaterThan(40);
  });

  it("is a tree of which closed folders are removed, too", async () => {
    const { records } = await runOnTree(under, source(), [
      ["sh", "-c", "mkdir -p a/b && echo x > a/b/c && chmod 000 a/b/c a/b a"],
    ]);
    expect(records.at(-1)?.type).toBe("captured");
    // Root reads all; anybody else is told by name what could not be read.
    const told = records.some((reply) => "path" in reply && reply.path.startsWith("a"));
    expect(told).toBe(true);
  });
});

describe("a program that was started with more than it should have", () => {
  it("has open what was handed on, and says so", async () => {
    const file = join(folder, "handed-on");
    writeFileSync(file, "x");
    const handle = openSync(file, "r");
    const shim = join(import.meta.dirname, "../../dist/shim/main.js");
    const child = spawn(process.execPath, [shim], { stdio: ["pipe", "pipe", "ignore", handle], cwd: folder });
    child.stdin?.end();
    let printed = "";
    for await (const chunk of child.stdout ?? []) printed += String(chunk);
    closeSync(handle);
    expect(printed).toContain(JSON.stringify([file]));
  });

  const expected = { user: { uid: 1, gid: 2 }, cwd: "/t", home: "/h", variables: ["PATH"] };
  const place = { cwd: "/t", home: "/h", variables: ["PATH"], descriptors: [] };
  const good = { uid: 1, gid: 2, place } as unknown as SelfCheck;

  it.each([
    [{ uid: 0 }, "runs as 0:2"],
    [{ place: undefined }, "does not say"],
    [{ place: { ...place, cwd: "/" } }, "works in /"],
    [{ place: { ...place, home: null } }, "home of nobody"],
    [{ place: { ...place, variables: ["PATH", "AWS_KEY"] } }, "AWS_KEY"],
    [{ place: { ...place, descriptors: ["/etc/shadow"] } }, "/etc/shadow"],
  ])("is refused: %o", (change, words) => {
    expect(placeDifferences(good, expected)).toEqual([]);
    const found = placeDifferences({ ...good, ...change }, expected);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(words);
  });
});

describe("the mark", () => {
  const attempt = newAttempt();

  it("is another one for each program, by either of its forms, and tells the owner", () => {
    const [one, two] = [newMark("ws", attempt), newMark("ws", attempt)];
    const bare = { variable: undefined, locks: undefined };
    expect(bearsMark({ ...bare, variable: one.variable }, one)).toBe(true);
    expect(bearsMark({ ...bare, locks: one.locks }, one)).toBe(true);
    expect(bearsMark(two, one)).toBe(false);
    expect(bearsMark(bare, one)).toBe(false);
    expect(bearsOwner(one, "ws")).toBe(true);
    expect(bearsOwner({ ...bare, locks: two.locks }, "ws")).toBe(true);
    expect(bearsOwner(one, "w")).toBe(false);
    expect(bearsOwner({ ...bare, locks: 64n }, "ws")).toBe(false);
    expect(one.locks).toBeLessThan(2n ** 63n);
  });

  it("is taken with children and sessions, and never with who asks", () => {
    const at = (pid: number, parent: number, leader: number, variable?: string): HostProcess => ({
      pid,
      parent,
      leader,
      threads: 1,
      memoryBytes: 0,
      mark: { variable, locks: undefined },
    });
    const all = [
      at(1, 0, 1),
      at(10, 1, 10),
      at(20, 10, 20, "m"),
      at(21, 20, 20),
      at(22, 21, 22),
      at(23, 1, 22),
      at(30, 1, 30),
      at(40, 20, 20),
    ];
    const found = enclosedProcesses(all, ({ mark }) => mark.variable === "m", 40);
    expect(found.map(({ pid }) => pid).toSorted((a, b) => a - b)).toEqual([20, 21, 22, 23]);
    expect(enclosedProcesses(all, () => false, 40)).toEqual([]);
  });
});

describe("macOS, by its manuals and never run", () => {
  it("has processes in the form of its ps", () => {
    const printed = [
      "  501     1   501  1024 Ss   /sbin/thing PATH=/bin",
      "  612   501   612  2048 S+   /bin/sh -c x NIGHTWARDEN_ENCLOSURE=ws/t.1/abc/3 HOME=/h",
      "  613   612   612     0 Z    (sh)",
      "",
    ].join("\n");
    expect(parsePs(printed)).toMatchObject([
      { pid: 501, parent: 1, mark: { variable: undefined } },
      { pid: 612, parent: 501, leader: 612, memoryBytes: 2 ** 21, mark: { variable: "ws/t.1/abc/3" } },
    ]);
  });

  it("has limits by a shell, which every shell understands", async () => {
    const { file, args } = shellCommand(["sh", "-c", "ulimit -c; ulimit -n; echo $1", "sh", "a b"], {
      openFiles: 100,
      fileBytes: 1_000_000,
    });
    const child = spawn(file, args, { stdio: ["ignore", "pipe", "inherit"] });
    let printed = "";
    for await (const chunk of child.stdout) printed += String(chunk);
    expect(printed).toBe("0\n100\na b\n");
  });
});

describe("removing a folder", () => {
  it("takes away what is closed and what is gone, and follows no link", async () => {
    const outside = join(folder, "outside");
    mkdirSync(outside);
    writeFileSync(join(outside, "kept"), "x");
    const doomed = join(folder, "doomed");
    mkdirSync(join(doomed, "a", "b"), { recursive: true });
    const closing = spawn("sh", ["-c", 'ln -s "$1" a/b/link && chmod 000 a/b a', "sh", outside], {
      cwd: doomed,
    });
    await once(closing, "exit");
    await removeFolder(doomed);
    await removeFolder(doomed);
    expect(existsSync(doomed)).toBe(false);
    expect(readdirSync(outside)).toEqual(["kept"]);
  });
});
