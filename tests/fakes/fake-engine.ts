import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PlaceAccount, ResiduePlace, ResidueScope, Unremoved } from "../../src/contracts/residue.ts";
import type {
  Sandbox,
  SandboxJob,
  SandboxRequest,
  SandboxRun,
  Sandboxes,
} from "../../src/contracts/sandbox.ts";
import type { TreeSource } from "../../src/contracts/trees.ts";
import type { CaptureRecord, OpenTrees, Trees } from "../../src/contracts/trees.ts";
import type { AttemptRef } from "../../src/core/attempt.ts";
import type { Residue, ResidueKind } from "../../src/core/residue.ts";
import type { CaptureLimits, TreeName } from "../../src/core/collector-protocol.ts";
import { IgnoreRules } from "../../src/core/ignore-rules.ts";
import type { TestResult } from "../../src/core/test-run.ts";
import { SandboxStop } from "../../src/core/sandbox-stop.ts";
import type { Programs } from "../contract/sandboxes.ts";

/** Files of a tree in memory: path (one character a byte) → content. */
type Files = Map<string, Buffer>;

interface FakeTree {
  readonly files: Files;
  readonly base: ReadonlyMap<string, Buffer>;
}

/** What a program may do in the fake: change the files, print lines, and end with a code, or never. */
export interface FakeRun {
  readonly files: Files;
  readonly stdin: string;
  readonly env: Readonly<Record<string, string>>;
  readonly print: (text: string) => void;
  readonly ended: AbortSignal;
}
export type FakeProgram = (run: FakeRun, args: readonly string[]) => Promise<number> | number;

/**
 * An engine in memory, with programs as functions. It keeps the promises of contracts/sandbox.ts and contracts/trees.ts
 * (tests/contract/sandboxes.ts runs on it, too), so the flow of a night can be tested without containers.
 */
export class FakeEngine implements Sandboxes, Trees {
  readonly residue = new FakeResidue();
  readonly programs = new Map<string, FakeProgram>(Object.entries(BUILT_IN));
  /** Names of what stands. */
  readonly open_ = new Set<string>();
  /** Called before each start; throws to let the engine fail. */
  beforeStart: (request: SandboxRequest) => void = () => undefined;
  /** What tests report of a tree's files, where a job asks for it; null: nothing. */
  testsOf: (files: Files) => readonly TestResult[] | null = () => null;
  /** Trees stay when they are closed, as after an engine that was restarted in between. */
  keepsTrees = false;
  private readonly trees = new WeakMap<OpenTrees, Map<TreeName, FakeTree>>();
  private count = 0;

  constructor() {
    this.residue.onRemoved = (name) => this.fall(name);
  }

  async open({ attempt }: { readonly attempt: AttemptRef }): Promise<OpenTrees> {
    const name = `trees-${(this.count += 1)}`;
    const trees = new Map<TreeName, FakeTree>();
    this.stand("volume", name, attempt.attempt);
    const open: OpenTrees = {
      fill: async (tree, source) => {
        const base = await filesOf(source);
        trees.set(tree, { files: new Map(base), base });
        return { entries: base.size };
      },
      measure: async (tree, { changes }) => {
        const { files, base } = trees.get(tree) ?? { files: new Map<string, Buffer>(), base: new Map() };
        const bytes = [...files.values()].reduce((sum, content) => sum + content.length, 0);
        const changed = changes ? changesOf({ files, base }, changes.ignore) : [];
        return await Promise.resolve({
          bytes,
          inodes: files.size,
          changedFiles: changed.length,
          changedLines: changed.reduce((sum, lines) => sum + lines, 0),
        });
      },
      capture: ({ tree, limits, ignore }) => capture(required(trees.get(tree)), limits, ignore),
      close: async () => {
        if (!this.keepsTrees) this.fall(name);
        return await Promise.resolve();
      },
    };
    this.trees.set(open, trees);
    return await Promise.resolve(open);
  }

  async start(request: SandboxRequest): Promise<Sandbox> {
    this.beforeStart(request);
    const id = `fake-${(this.count += 1)}`;
    this.stand("container", id, request.attempt.attempt);
    const trees = required(this.trees.get(request.trees));
    return await Promise.resolve({
      id,
      selfCheck: {
        uid: 64_001,
        gid: 64_001,
        interfaces: ["lo"],
        capabilities: "0",
        boundingCapabilities: "0",
        noNewPrivileges: true,
        seccomp: 2,
        rootReadOnly: true,
        memoryBytes: null,
        pids: null,
      },
      // A tree that was not filled is empty.
      run: async (job, signal) => await this.run(job, signal, trees.get(request.tree)?.files ?? new Map()),
      destroy: async () => {
        this.fall(id);
        return await Promise.resolve();
      },
    });
  }

  private stand(kind: ResidueKind, name: string, attempt: string): void {
    this.open_.add(name);
    this.residue.standing.push({ kind, place: FAKE_PLACE, name, attempt, token: null, bytes: null });
  }

  private fall(name: string): void {
    this.open_.delete(name);
    this.residue.standing = this.residue.standing.filter((each) => each.name !== name);
  }

  private async run(job: SandboxJob, signal: AbortSignal, files: Files): Promise<SandboxRun> {
    const started = performance.now();
    const ended = new AbortController();
    let reason: SandboxRun["end"]["reason"] = "exited";
    let outputBytes = 0;
    let failedCommand: number | null = null;
    let missingProgram: string | null = null;
    const stop = (why: typeof reason): void => {
      if (reason !== "exited") return;
      reason = why;
      ended.abort();
    };
    const timers = [setTimeout(() => stop("wall-clock"), job.wallClockMs)];
    if (job.firstOutputMs !== undefined) {
      timers.push(
        setTimeout(() => (outputBytes === 0 ? stop("first-output") : undefined), job.firstOutputMs),
      );
    }
    const onAbort = (): void => stop(signal.reason instanceof SandboxStop ? signal.reason.why : "stopped");
    signal.addEventListener("abort", onAbort);
    if (signal.aborted) onAbort();
    let lastOutputMs = started;
    const watchSilence = (): void => {
      const { silence } = job;
      if (!silence) return;
      const leftMs = Math.max(lastOutputMs, silence.heardAtMs()) + silence.maxMs - performance.now();
      if (leftMs <= 0) stop("silence");
      else timers.push(setTimeout(watchSilence, leftMs));
    };
    watchSilence();
    let seen: number | undefined;
    const watchGuard = (): void => {
      const { guard } = job;
      if (!guard || ended.signal.aborted) return;
      const ask = async (): Promise<void> => {
        const passed = await guard.check({ isOver: false });
        if (!passed) watchGuard();
        else {
          seen = passed.seen;
          stop(passed.reason);
        }
      };
      timers.push(setTimeout(() => void ask(), guard.everyMs));
    };
    watchGuard();
    const print = (text: string): void => {
      lastOutputMs = performance.now();
      outputBytes += text.length + 1;
      if (reason === "exited") job.onLine({ stream: "stdout", text, cut: false });
      if (outputBytes > job.outputBytes) stop("output");
    };
    let exitCode = 0;
    for (const [index, [name = "", ...args]] of job.commands.entries()) {
      const program = this.programs.get(name);
      if (ended.signal.aborted) break;
      if (!program) {
        missingProgram = `${name}: not found`;
        exitCode = 127;
      } else {
        const run = {
          files,
          stdin: index === (job.stdinOf ?? 0) ? job.stdin : "",
          env: job.env,
          print,
          ended: ended.signal,
        };
        exitCode = await Promise.race([program(run, args), aborted(ended.signal)]);
      }
      if (exitCode !== 0) {
        failedCommand = index;
        break;
      }
    }
    ended.abort();
    for (const timer of timers) clearTimeout(timer);
    const last = reason === "exited" ? await job.guard?.check({ isOver: true }) : undefined;
    if (last) [reason, seen] = [last.reason, last.seen];
    const end = {
      exitCode,
      reason,
      outOfMemory: false,
      ...(seen === undefined ? {} : { seen }),
      durationMs: performance.now() - started,
      outputBytes,
      droppedBytes: 0,
    };
    const allPassed = exitCode === 0 && reason === "exited";
    const tests = job.tests ? { tests: this.testsOf(files) } : {};
    return { end, failedCommand, missingProgram, allPassed, ...tests };
  }
}

const FAKE_PLACE = "fake engine";

/** What stands on the fake engine. */
export class FakeResidue implements ResiduePlace {
  readonly name = FAKE_PLACE;
  standing: Residue[] = [];
  /** What is asked of it, in order. */
  readonly calls: string[] = [];
  /** Why something cannot be removed; undefined: it can. */
  holds: (residue: Residue) => string | undefined = () => undefined;
  /** Throws where the engine is to be silent. */
  beforeCount: () => void = () => undefined;
  onRemoved: (name: string) => void = () => undefined;

  async count(scope: ResidueScope): Promise<PlaceAccount> {
    this.calls.push(`count ${scope.kind}`);
    this.beforeCount();
    const isMeant = ({ attempt }: Residue): boolean =>
      scope.kind === "workspace" || attempt === scope.attempt.attempt;
    return await Promise.resolve({ residue: this.standing.filter(isMeant) });
  }

  async weigh(residue: readonly Residue[]): Promise<readonly Residue[]> {
    return await Promise.resolve(residue.map((each) => ({ ...each, bytes: 1000 })));
  }

  async remove(residue: readonly Residue[]): Promise<readonly Unremoved[]> {
    const unremoved: Unremoved[] = [];
    for (const each of residue) {
      this.calls.push(`remove ${each.kind}`);
      const why = this.holds(each);
      if (why !== undefined) {
        unremoved.push({ residue: each, why });
        continue;
      }
      this.standing = this.standing.filter(({ name }) => name !== each.name);
      this.onRemoved(each.name);
    }
    return await Promise.resolve(unremoved);
  }
}

export const FAKE_PROGRAMS: Programs = {
  write: (path, text) => ["write", path, text],
  remove: (path) => ["remove", path],
  print: (text) => ["print", text],
  printRaw: (text) => ["print", ...text.replace(/\n$/, "").split("\n")],
  exit: (code) => ["exit", String(code)],
  echo: () => ["echo"],
  hang: () => ["hang"],
  flood: () => ["flood"],
};

const BUILT_IN: Readonly<Record<string, FakeProgram>> = {
  write: ({ files }, [path = "", text = ""]) => {
    files.set(path, Buffer.from(text));
    return 0;
  },
  remove: ({ files }, [path = ""]) => (files.delete(path) ? 0 : 1),
  print: ({ print }, lines) => {
    for (const line of lines) print(line);
    return 0;
  },
  exit: (_, [code]) => Number(code),
  echo: ({ print, stdin, env }) => {
    print(stdin.trimEnd());
    print(`NAME=${env["NAME"] ?? ""}`);
    return 0;
  },
  hang: async ({ ended }) => await aborted(ended),
  flood: async ({ print, ended }) => {
    while (!ended.aborted) {
      print("x".repeat(100));
      await new Promise((go) => setImmediate(go));
    }
    return 137;
  },
};

async function aborted(signal: AbortSignal): Promise<number> {
  if (!signal.aborted) await once(signal, "abort");
  return 137;
}

/** The files of a tree source, by the real git: what a fake understands of packs would prove nothing. */
async function filesOf(source: TreeSource): Promise<Map<string, Buffer>> {
  const gitDir = mkdtempSync(join(tmpdir(), "nw-fake-"));
  const git = (...args: string[]): Buffer =>
    execFileSync("git", ["--git-dir", gitDir, ...args], { maxBuffer: 2 ** 28 });
  try {
    git("init", "-q", "--bare", `--object-format=${source.objectFormat}`, gitDir);
    for await (const pack of source.packs()) {
      const indexing = spawn("git", ["--git-dir", gitDir, "index-pack", "--stdin"], {
        stdio: ["pipe", "ignore", "inherit"],
      });
      // It ends at the end of the pack, which can be before the stream's.
      const closed = once(indexing, "close");
      for await (const chunk of pack) indexing.stdin.write(chunk);
      indexing.stdin.end();
      await closed;
    }
    const files = new Map<string, Buffer>();
    for (const line of git("ls-tree", "-r", "-z", source.commit)
      .toString("latin1")
      .split("\0")
      .filter(Boolean)) {
      const [info = "", path = ""] = line.split("\t");
      const [, type = "", oid = ""] = info.split(" ");
      files.set(path, type === "commit" ? Buffer.from(oid) : git("cat-file", "blob", oid));
    }
    return files;
  } finally {
    rmSync(gitDir, { recursive: true, force: true });
  }
}

/** For each changed path, by how many lines it is longer or shorter. */
function changesOf(tree: FakeTree, policyIgnore: readonly string[]): number[] {
  const isIgnored = ignoredIn(tree, policyIgnore);
  const lines = (content: Buffer | undefined): number => content?.toString("latin1").split("\n").length ?? 1;
  return [...new Set([...tree.files.keys(), ...tree.base.keys()])].flatMap((path) => {
    const [now, then] = [tree.files.get(path), tree.base.get(path)];
    if (now && then ? now.equals(then) : !then && isIgnored(path)) return [];
    return [Math.abs(lines(now) - lines(then))];
  });
}

function ignoredIn(tree: FakeTree, policyIgnore: readonly string[]): (path: string) => boolean {
  const rules = [
    new IgnoreRules([{ folder: "", text: tree.base.get(".gitignore")?.toString("latin1") ?? "" }]),
    new IgnoreRules([{ folder: "", text: policyIgnore.join("\n") }]),
  ];
  return (path) => {
    const names = path.split("/");
    return names.some((_, index) =>
      rules.some((each) => each.ignores(names.slice(0, index + 1).join("/"), index < names.length - 1)),
    );
  };
}

async function* capture(
  tree: FakeTree,
  limits: CaptureLimits,
  policyIgnore: readonly string[],
): AsyncGenerator<CaptureRecord> {
  const isIgnored = ignoredIn(tree, policyIgnore);
  let [bytes, unchanged, ignored] = [0, 0, 0];
  if (tree.files.size > limits.files) {
    yield await record({ type: "over-limit", limit: "files", value: limits.files + 1 });
    return;
  }
  for (const [path, content] of tree.files) {
    const base = tree.base.get(path);
    if (base?.equals(content)) unchanged += 1;
    else if (!base && isIgnored(path)) ignored += 1;
    else {
      bytes += content.length;
      if (bytes > limits.bytes) {
        yield await record({ type: "over-limit", limit: "bytes", value: bytes });
        return;
      }
      yield await record({ type: "entry", path, mode: "100644", added: !base }, content);
    }
  }
  for (const path of tree.base.keys())
    if (!tree.files.has(path)) yield await record({ type: "deleted", path });
  yield await record({ type: "captured", unchanged, ignored, baseEntries: tree.base.size });
}

async function record(
  reply: CaptureRecord["reply"],
  content: Uint8Array = Buffer.alloc(0),
): Promise<CaptureRecord> {
  return await Promise.resolve({ reply, content });
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("the contract was broken: used before it was filled or opened");
  return value;
}

export function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
