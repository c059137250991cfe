import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Sandbox, SandboxJob, SandboxRun, Sandboxes } from "../../src/contracts/sandbox.ts";
import type { TreeSource } from "../../src/contracts/trees.ts";
import type { CaptureRecord, OpenTrees, Trees } from "../../src/contracts/trees.ts";
import type { AttemptRef } from "../../src/core/attempt.ts";
import type { AttemptId, ObjectId, TaskId } from "../../src/core/ids.ts";
import type { Limits } from "../../src/core/limits.ts";
import { SandboxStop } from "../../src/core/sandbox-stop.ts";
import { TEST_LIMITS } from "../fixtures/test-limits.ts";

/** Commands that do the same thing in every implementation. */
export interface Programs {
  write(path: string, text: string): readonly string[];
  remove(path: string): readonly string[];
  print(text: string): readonly string[];
  /** Prints exactly these characters. */
  printRaw(text: string): readonly string[];
  exit(code: number): readonly string[];
  /** Prints its standard input and its environment variable `NAME`. */
  echo(): readonly string[];
  hang(): readonly string[];
  flood(): readonly string[];
}

export interface SandboxesUnderTest {
  readonly sandboxes: Sandboxes;
  readonly trees: Trees;
  readonly image: string;
  readonly programs: Programs;
  /** Containers, volumes or whatever the implementation made that is still there. */
  leftovers(): Promise<readonly string[]>;
}

let attempts = 0;

export function newAttempt(): AttemptRef {
  attempts += 1;
  const token = `token${String(attempts).padStart(12, "0")}`;
  return { task: "task" as TaskId, attempt: `task.${attempts}` as AttemptId, token };
}

/** A commit of a throw-away repository as the source of trees. */
export function treeSourceOf(repository: string, revision = "HEAD"): TreeSource {
  const git = (...args: string[]): string =>
    execFileSync("git", ["-C", repository, ...args], { maxBuffer: 2 ** 30 }).toString();
  const commit = git("rev-parse", revision).trim() as ObjectId;
  const objectFormat = git("rev-parse", "--show-object-format").trim() as "sha1" | "sha256";
  return {
    commit,
    objectFormat,
    async *packs() {
      const objects = git("rev-list", "--objects", "--no-walk", commit).replaceAll(/ .*$/gm, "");
      const packing = spawn("git", ["-C", repository, "pack-objects", "--stdout", "-q"], {
        stdio: ["pipe", "pipe", "inherit"],
      });
      packing.stdin.end(objects);
      yield await Promise.resolve(packing.stdout as AsyncIterable<Uint8Array>);
    },
  };
}

/** What one program leaves in a tree and says, from an empty tree to the end. */
export async function runOnTree(
  under: SandboxesUnderTest,
  source: TreeSource,
  commands: readonly (readonly string[])[],
  job: Partial<SandboxJob> | ((trees: OpenTrees) => Promise<Partial<SandboxJob>>) = {},
  options: {
    readonly limits?: Partial<Limits>;
    readonly signal?: AbortSignal;
    readonly ignore?: readonly string[];
    readonly onRunning?: () => void;
    /** Sees each line while the program runs, with the sandbox's id. */
    readonly onLine?: (text: string, sandbox: string) => void;
  } = {},
): Promise<{
  run: SandboxRun;
  lines: string[];
  records: CaptureRecord["reply"][];
  contents: Map<string, string>;
  sandbox: string;
}> {
  const attempt = newAttempt();
  const limits = { ...TEST_LIMITS, ...options.limits };
  const trees = await under.trees.open({ attempt, slot: 0 });
  let sandbox: Sandbox | undefined;
  try {
    await trees.fill("agent", source);
    sandbox = await under.sandboxes.start({
      attempt,
      role: "agent",
      image: under.image,
      trees,
      tree: "agent",
      limits,
      slot: 0,
    });
    const lines: string[] = [];
    const whole: SandboxJob = {
      commands,
      env: {},
      stdin: "",
      wallClockMs: 60_000,
      outputBytes: 2 ** 20,
      ...(typeof job === "function" ? await job(trees) : job),
      onLine: (line) => {
        lines.push(line.text);
        options.onLine?.(line.text, id);
      },
    };
    const { id } = sandbox;
    const running = sandbox.run(whole, options.signal ?? new AbortController().signal);
    options.onRunning?.();
    const run = await running;
    await sandbox.destroy();
    const { records, contents } = await captureAll(trees, limits, options.ignore ?? []);
    return { run, lines, records, contents, sandbox: id };
  } finally {
    await sandbox?.destroy();
    await trees.close();
  }
}

export async function captureAll(
  trees: OpenTrees,
  limits: Limits,
  ignore: readonly string[],
): Promise<{ records: CaptureRecord["reply"][]; contents: Map<string, string> }> {
  const records: CaptureRecord["reply"][] = [];
  const contents = new Map<string, string>();
  const captureLimits = { files: limits.captureFiles, bytes: limits.captureSize, fileBytes: limits.fileSize };
  for await (const { reply, content } of trees.capture({ tree: "agent", limits: captureLimits, ignore })) {
    records.push(reply);
    if (reply.type === "entry") contents.set(reply.path, Buffer.from(content).toString("utf8"));
  }
  return { records, contents };
}

/** The promises of contracts/sandbox.ts and contracts/trees.ts. */
export function testSandboxes(name: string, setUp: () => Promise<SandboxesUnderTest>): void {
  describe(`sandboxes and trees: ${name}`, () => {
    let under: SandboxesUnderTest;
    let repository: string;
    let source: TreeSource;

    beforeAll(async () => {
      under = await setUp();
      repository = mkdtempSync(join(tmpdir(), "nw-contract-"));
      const git = (...args: string[]): void =>
        void execFileSync("git", ["-C", repository, "-c", "user.name=t", "-c", "user.email=t@t", ...args]);
      git("init", "-q");
      for (const file of ["a.txt", "b.txt", "c.txt"]) writeFileSync(join(repository, file), `${file}\n`);
      writeFileSync(join(repository, ".gitignore"), "ignored/\n*.tmp\n");
      git("add", "-A");
      git("commit", "-qm", "base");
      source = treeSourceOf(repository);
    });
    afterAll(async () => {
      rmSync(repository, { recursive: true, force: true });
      expect(await under.leftovers()).toEqual([]);
    });

    it("a program that changes nothing leaves nothing to capture", async () => {
      const { run, records } = await runOnTree(under, source, [under.programs.print("hello")]);
      expect(run.allPassed).toBe(true);
      expect(records).toEqual([{ type: "captured", unchanged: 4, ignored: 0, baseEntries: 4 }]);
    });

    it("what a program adds, changes and deletes is captured, and nothing else", async () => {
      const { programs } = under;
      const commands = [
        programs.write("new.txt", "new"),
        programs.write("a.txt", "changed"),
        programs.remove("b.txt"),
      ];
      const { records, contents } = await runOnTree(under, source, commands);
      expect(Object.fromEntries(contents)).toEqual({ "new.txt": "new", "a.txt": "changed" });
      expect(records).toContainEqual({ type: "entry", path: "new.txt", mode: "100644", added: true });
      expect(records).toContainEqual({ type: "entry", path: "a.txt", mode: "100644", added: false });
      expect(records).toContainEqual({ type: "deleted", path: "b.txt" });
      expect(records.at(-1)).toEqual({ type: "captured", unchanged: 2, ignored: 0, baseEntries: 4 });
    });

    it("new files that the base or the policy ignores are left out, whatever the program does to the ignore file", async () => {
      const { programs } = under;
      const commands = [
        programs.write(".gitignore", "\n"),
        programs.write("ignored/x", "x"),
        programs.write("y.tmp", "y"),
        programs.write("z.pyc", "z"),
      ];
      const { contents, records } = await runOnTree(under, source, commands, {}, { ignore: ["*.pyc"] });
      expect([...contents.keys()]).toEqual([".gitignore"]);
      expect(records.at(-1)).toMatchObject({ ignored: 3 });
    });

    it("a tree over a limit is not taken at all", async () => {
      const big = await runOnTree(
        under,
        source,
        [under.programs.write("big", "x".repeat(2000))],
        {},
        { limits: { captureSize: 1000 } },
      );
      expect(big.records).toEqual([{ type: "over-limit", limit: "bytes", value: 2000 }]);
      const many = await runOnTree(
        under,
        source,
        [under.programs.print("x")],
        {},
        { limits: { captureFiles: 3 } },
      );
      expect(many.records).toEqual([{ type: "over-limit", limit: "files", value: 4 }]);
    });

    it("commands run one after the other, and the first that fails is the last", async () => {
      const { programs } = under;
      const commands = [programs.print("one"), programs.exit(7), programs.print("three")];
      const { run, lines } = await runOnTree(under, source, commands);
      expect(lines).toEqual(["one"]);
      expect(run).toMatchObject({
        allPassed: false,
        failedCommand: 1,
        end: { exitCode: 7, reason: "exited" },
      });
    });

    it("the first command gets the standard input, and each gets the environment of the job", async () => {
      const { lines } = await runOnTree(under, source, [under.programs.echo()], {
        stdin: "the prompt\n",
        env: { NAME: "value" },
      });
      expect(lines).toEqual(["the prompt", "NAME=value"]);
    });

    it("a program that does not end its last line loses nothing, and hides nothing that follows", async () => {
      const { programs } = under;
      const commands = [programs.write("x", "x"), programs.printRaw("no end"), programs.exit(3)];
      const { lines, run } = await runOnTree(under, source, commands);
      expect(lines).toEqual(["no end"]);
      expect(run).toMatchObject({ failedCommand: 2, end: { exitCode: 3 } });
    });

    it("empty lines are the program's own, no more and no fewer", async () => {
      const { programs } = under;
      const commands = [programs.printRaw("\na\n\n\n"), programs.printRaw("\n")];
      const { lines } = await runOnTree(under, source, commands);
      expect(lines).toEqual(["", "a", "", "", ""]);
    });

    it("a program that does not exist is named", async () => {
      const { run } = await runOnTree(under, source, [["/no/such/program"]]);
      expect(run.missingProgram).toContain("/no/such/program");
      expect(run.allPassed).toBe(false);
    });

    it("a program that works too long is ended, and the reason is the wall clock", async () => {
      const { run } = await runOnTree(under, source, [under.programs.hang()], { wallClockMs: 300 });
      expect(run).toMatchObject({ allPassed: false, end: { reason: "wall-clock" } });
      expect(run.end.durationMs).toBeGreaterThanOrEqual(299);
    });

    it("a program that is silent at the start is ended early; one that speaks is not", async () => {
      const caps = { firstOutputMs: 300, wallClockMs: 2_000 };
      const silent = await runOnTree(under, source, [under.programs.hang()], caps);
      expect(silent.run.end.reason).toBe("first-output");
      const speaking = await runOnTree(
        under,
        source,
        [under.programs.print("here"), under.programs.hang()],
        caps,
      );
      expect(speaking.run.end.reason).toBe("wall-clock");
    });

    it("a program that falls silent is ended, unless something else was heard of it", async () => {
      const commands = [under.programs.print("here"), under.programs.hang()];
      const silent = await runOnTree(under, source, commands, {
        silence: { maxMs: 300, heardAtMs: () => 0 },
        wallClockMs: 20_000,
      });
      expect(silent.run.end.reason).toBe("silence");
      const heard = await runOnTree(under, source, commands, {
        silence: { maxMs: 300, heardAtMs: () => performance.now() },
        wallClockMs: 2_000,
      });
      expect(heard.run.end.reason).toBe("wall-clock");
    });

    it("a tree is measured while a program works in it, and a guard that objects ends the run", async () => {
      const limits = { bytes: 2 ** 40, inodes: 1_000_000 };
      const commands = [under.programs.write("big", "x".repeat(100_000)), under.programs.hang()];
      const guarded = async (grownBytes: number): Promise<SandboxRun> => {
        const { run } = await runOnTree(under, source, commands, async (trees) => {
          const before = await trees.measure("agent", limits);
          const check = async () => {
            const { bytes } = await trees.measure("agent", limits);
            return bytes - before.bytes > grownBytes ? { reason: "disk" as const, seen: bytes } : undefined;
          };
          return { guard: { everyMs: 20, check }, wallClockMs: 3_000 };
        });
        return run;
      };
      const stopped = await guarded(50_000);
      expect(stopped).toMatchObject({ allPassed: false, end: { reason: "disk" } });
      expect(stopped.end.seen).toBeGreaterThan(50_000);
      const left = await guarded(500_000);
      expect(left.end.reason).toBe("wall-clock");
    });

    it("a program that has ended before its tree was looked at is held to what it has left", async () => {
      const commands = [under.programs.write("big", "x".repeat(100_000))];
      const moments: boolean[] = [];
      const guarded = async (atMost: number): Promise<SandboxRun> => {
        const { run } = await runOnTree(under, source, commands, async (trees) => {
          const limits = { bytes: 2 ** 40, inodes: 1_000_000 };
          const before = await trees.measure("agent", limits);
          const check = async ({ isOver }: { readonly isOver: boolean }) => {
            moments.push(isOver);
            const bytes = (await trees.measure("agent", limits)).bytes - before.bytes;
            return bytes > atMost ? { reason: "disk" as const, seen: bytes } : undefined;
          };
          return { guard: { everyMs: 3_600_000, check } };
        });
        return run;
      };
      const over = await guarded(50_000);
      expect(over).toMatchObject({
        allPassed: false,
        failedCommand: null,
        end: { reason: "disk", exitCode: 0 },
      });
      expect(over.end.seen).toBeGreaterThan(50_000);
      expect(await guarded(500_000)).toMatchObject({ allPassed: true, end: { reason: "exited" } });
      expect(moments).toEqual([true, true]);
    });

    it.each(["over-budget", "gateway-died"] as const)(
      "a run is ended as %s where its reason says so",
      async (why) => {
        const controller = new AbortController();
        const { run } = await runOnTree(
          under,
          source,
          [under.programs.hang()],
          {},
          { signal: controller.signal, onRunning: () => controller.abort(new SandboxStop(why, "because")) },
        );
        expect(run).toMatchObject({ allPassed: false, end: { reason: why } });
      },
    );

    it("a program that prints without end is ended, and little more than the cap is handed on", async () => {
      const { run, lines } = await runOnTree(under, source, [under.programs.flood()], {
        outputBytes: 10_000,
      });
      expect(run.end.reason).toBe("output");
      expect(lines.join("\n").length).toBeLessThan(200_000);
    });

    it("a stop ends a program at once, also one that was asked before the start", async () => {
      const controller = new AbortController();
      const stopped = await runOnTree(
        under,
        source,
        [under.programs.hang()],
        {},
        { signal: controller.signal, onRunning: () => controller.abort() },
      );
      expect(stopped.run).toMatchObject({ allPassed: false, end: { reason: "stopped" } });
      const before = await runOnTree(
        under,
        source,
        [under.programs.hang()],
        {},
        { signal: AbortSignal.abort() },
      );
      expect(before.run.end.reason).toBe("stopped");
    });

    it("the tree for verification holds the commit's files and none of the agent's", async () => {
      const attempt = newAttempt();
      const trees = await under.trees.open({ attempt, slot: 0 });
      try {
        const place = { attempt, image: under.image, trees, limits: TEST_LIMITS, slot: 0 };
        const signal = new AbortController().signal;
        const job = {
          env: {},
          stdin: "",
          wallClockMs: 30_000,
          outputBytes: 2 ** 20,
          onLine: () => undefined,
        };
        await trees.fill("agent", source);
        const agent = await under.sandboxes.start({ ...place, role: "agent", tree: "agent" });
        await agent.run({ ...job, commands: [under.programs.write("left-behind", "x")] }, signal);
        await agent.destroy();
        await trees.fill("verify", source);
        const verify = await under.sandboxes.start({ ...place, role: "verify", tree: "verify" });
        const run = await verify.run(
          { ...job, commands: [under.programs.remove("a.txt"), under.programs.remove("left-behind")] },
          signal,
        );
        expect(run.failedCommand).toBe(1);
        await verify.destroy();
        await verify.destroy();
      } finally {
        await trees.close();
        await trees.close();
      }
    });
  });
}
