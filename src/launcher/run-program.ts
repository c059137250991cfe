import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import {
  CONTROL,
  STDERR,
  STDIN,
  STDOUT,
  type LauncherOrder,
  type LauncherRun,
} from "../core/launcher-protocol.ts";
import { encodePiece, PieceReader, type Piece } from "../core/piece.ts";
import { readHostFacts } from "./host-facts.ts";
import { FILTER_FD, hostCommand, INFO_FD } from "./host-spec.ts";
import { TOOL_ENV } from "./host-tool.ts";
import { encodeMessage } from "./encode-message.ts";
import { parseOrder } from "./parse-order.ts";
import { Refusal } from "./refusal.ts";
import { RunPlace } from "./run-place.ts";
import { seccompFilter } from "./seccomp-filter.ts";
import type { StateRoot } from "./state-root.ts";

/** The exit code of SIGKILL. */
const KILLED = 137;
const MEMORY_PAUSE_MS = 200;
const NO_ORDER: Piece = { stream: CONTROL, bytes: new Uint8Array(0) };

/** What a run is given by and tells to the supervisor. */
export interface Supervisor {
  /** Pieces, behind the request. Its end is the supervisor's. */
  readonly input: Readable;
  readonly output: Writable;
}

/**
 * Makes a place, runs one of our programs in it, and passes on what it reads and prints, until it has ended or the
 * supervisor has. Returns when nothing of it is left on this machine.
 */
export async function runProgram(
  state: StateRoot,
  run: LauncherRun,
  options: { readonly caller: number; readonly supervisor: Supervisor },
): Promise<void> {
  const { input, output } = options.supervisor;
  const place = await RunPlace.make(state, run, options.caller);
  let pidNamespace: string | null = null;
  try {
    const child = start(run, place);
    const info = new Promise<void>((resolve) => {
      readInfo(child, (pid) => {
        pidNamespace = namespaceOf(pid);
        resolve();
      });
      child.once("exit", () => resolve());
    });
    output.write(encodeMessage({ type: "started" }));
    const ended = endOf(child);
    const kill = new Kill(place, child);
    const forwarded = [
      forward(child.stdout as Readable, STDOUT, output),
      forward(child.stderr as Readable, STDERR, output),
    ];
    // Nobody listens any more: what still comes is dropped, so that the end can be reached.
    const onGone = (): void => {
      for (const { drop } of forwarded) drop();
      kill.now();
    };
    const obey = (order: LauncherOrder): void => {
      if (order.type === "kill") kill.now();
      else output.write(encodeMessage({ type: "memory", limitReached: place.memoryLimitReached() }));
    };
    takeInput(input, child.stdin as Writable, { obey, onGone });
    output.once("error", onGone);
    const watching = watchMemory(place, output);
    const { code, signal } = await ended.exit;
    clearInterval(watching);
    await info;
    // Whatever it has left: what runs in a process name space whose first process is gone does not run for long.
    await place.kill();
    const outOfMemory = place.outOfMemory();
    await ended.output;
    await place.remove(pidNamespace);
    const isOurs = kill.wasOrdered || outOfMemory;
    const exitCode = signal === null ? code : isOurs ? KILLED : null;
    output.write(encodeMessage({ type: "ended", exitCode, outOfMemory }));
  } finally {
    await place.remove(pidNamespace);
  }
}

function start(run: LauncherRun, place: RunPlace): ChildProcess {
  const [program = "", ...args] = hostCommand(run, place.places, readHostFacts());
  const filter = `${place.places.passwd}.filter`;
  writeFileSync(filter, seccompFilter(process.arch === "arm64" ? "arm64" : "x64"), { mode: 0o600 });
  const filterFd = openSync(filter, "r");
  try {
    const stdio: ("pipe" | number)[] = ["pipe", "pipe", "pipe"];
    stdio[FILTER_FD] = filterFd;
    stdio[INFO_FD] = "pipe";
    return spawn(program, args, { cwd: "/", env: TOOL_ENV, stdio });
  } finally {
    closeSync(filterFd);
    rmSync(filter);
  }
}

class Kill {
  wasOrdered = false;
  private readonly place: RunPlace;
  private readonly child: ChildProcess;

  constructor(place: RunPlace, child: ChildProcess) {
    this.place = place;
    this.child = child;
  }

  now(): void {
    this.wasOrdered = true;
    // It may not have joined the group yet.
    this.child.kill("SIGKILL");
    this.place.kill().catch((error: unknown) => process.stderr.write(`launcher: ${String(error)}\n`));
  }
}

function endOf(child: ChildProcess): {
  readonly exit: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  readonly output: Promise<void>;
} {
  const exit = new Promise<{ code: number | null; signal: string | null }>((resolve, reject) => {
    child.once("error", (error) =>
      reject(new Refusal(`the sandbox's first program does not start: ${error.message}`)),
    );
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
  const output = new Promise<void>((resolve) => child.once("close", () => resolve()));
  return { exit, output };
}

/** Hands on what comes, at the reader's pace, until it is to be dropped. */
function forward(source: Readable, stream: number, output: Writable): { readonly drop: () => void } {
  let isDropped = false;
  source.on("data", (bytes: Buffer) => {
    if (isDropped || output.write(encodePiece(stream, bytes))) return;
    source.pause();
    output.once("drain", () => source.resume());
  });
  return {
    drop: () => {
      isDropped = true;
      source.resume();
    },
  };
}

function takeInput(
  input: Readable,
  stdin: Writable,
  { obey, onGone }: { readonly obey: (order: LauncherOrder) => void; readonly onGone: () => void },
): void {
  const reader = new PieceReader();
  // A program need not read its input: a closed pipe is its choice, not a failure.
  stdin.on("error", () => stdin.destroy());
  input.on("data", (chunk: Buffer) => {
    for (const { stream, bytes } of piecesOf(reader, chunk) ?? [NO_ORDER]) {
      if (stream === CONTROL) {
        const order = parseOrder(bytes);
        if (order) obey(order);
        else onGone();
      } else if (stream === STDIN && bytes.length === 0) stdin.end();
      else if (stream === STDIN && stdin.writable && !stdin.write(bytes)) {
        input.pause();
        const goOn = (): void => void input.resume();
        stdin.once("drain", goOn);
        stdin.once("close", goOn);
      }
    }
  });
  // The supervisor is gone, or wants nothing more of it.
  input.once("end", onGone);
  input.once("error", onGone);
  input.resume();
}

/** undefined: what comes has not the form that it must have. */
function piecesOf(reader: PieceReader, chunk: Buffer): Piece[] | undefined {
  try {
    return reader.push(chunk);
  } catch {
    return undefined;
  }
}

/** The kernel counts a kill and says nothing: it is looked at again and again, and told once. */
function watchMemory(place: RunPlace, output: Writable): NodeJS.Timeout {
  const timer = setInterval(() => {
    if (!place.outOfMemory()) return;
    clearInterval(timer);
    output.write(encodeMessage({ type: "out-of-memory" }));
  }, MEMORY_PAUSE_MS);
  return timer;
}

/** bubblewrap tells the number of its child as soon as there is one. */
function readInfo(child: ChildProcess, onPid: (pid: number) => void): void {
  const info = child.stdio[INFO_FD] as Readable;
  let text = "";
  info.on("data", (chunk: Buffer) => {
    text += chunk.toString("utf8");
    const pid = /"child-pid":\s*(\d+)/.exec(text)?.[1];
    if (pid !== undefined) onPid(Number(pid));
  });
  info.on("error", () => undefined);
}

function namespaceOf(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return null; // it has ended already
  }
}
