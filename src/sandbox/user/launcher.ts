import type { Readable, Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import type { MeasureLimits } from "../../core/collector-protocol.ts";
import { encodeFrame } from "../../core/frame.ts";
import {
  CONTROL,
  type LauncherFacts,
  type LauncherMessage,
  type LauncherRequest,
} from "../../core/launcher-protocol.ts";
import { messageOf, NightwardenError } from "../../core/nightwarden-error.ts";
import { startProcess, type StartedProcess } from "../../lib/run-process.ts";
import { pieces } from "../attach-stream.ts";

/** How the launcher is started: directly where we are root, else through sudo. */
export interface LauncherCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** The answer to a request, of the kind that belongs to it. */
type Answer<T extends LauncherMessage["type"]> = Extract<LauncherMessage, { readonly type: T }>;

/** A launcher that works on a request. */
export interface LauncherProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Resolves when it has ended, however it did, with the end of what it printed on standard error. */
  readonly ended: Promise<{ readonly exitCode: number | null; readonly stderr: string }>;
}

const MAX_STDERR_CHARS = 500;
const LAST_WORDS_MS = 1000;

/** An agent's file, as it is shown to its sandboxes. */
export interface AgentFile {
  readonly path: string;
  readonly executable: boolean;
  readonly bytes: Uint8Array;
}

const message: z.ZodType<LauncherMessage> = z.discriminatedUnion("type", [
  z.object({ type: z.literal("started") }),
  z.object({ type: z.literal("ended"), exitCode: z.number().int().nullable(), outOfMemory: z.boolean() }),
  z.object({ type: z.literal("out-of-memory") }),
  z.object({ type: z.literal("memory"), limitReached: z.boolean().nullable() }),
  z.object({ type: z.literal("opened"), bounded: z.boolean(), why: z.string().nullable() }),
  z.object({ type: z.literal("kept"), digest: z.string() }),
  z.object({ type: z.literal("done") }),
  z.object({
    type: z.literal("sets"),
    sets: z.array(z.object({ id: z.string(), settled: z.boolean() })),
  }),
  z.object({ type: z.literal("swept"), runs: z.number(), trees: z.number() }),
  z.object({
    type: z.literal("listed"),
    entries: z.array(
      z.object({
        kind: z.enum(["run", "trees"]),
        owner: z.string(),
        id: z.string(),
        attempt: z.string().nullable(),
      }),
    ),
  }),
  z.object({
    type: z.literal("probed"),
    facts: z.object({
      bubblewrap: z.string().nullable(),
      missingPrograms: z.array(z.string()),
      controlGroups: z.union([
        z.object({ version: z.union([z.literal(1), z.literal(2)]) }),
        z.object({ problem: z.string() }),
      ]),
      namespaces: z.string().nullable(),
      takenUsers: z.array(z.string()),
      treeBound: z.string().nullable(),
      memoryBytes: z.number(),
      node: z.string(),
    }),
  }),
  z.object({ type: z.literal("refused"), message: z.string(), hint: z.string().nullable() }),
  z.object({ type: z.literal("failed"), message: z.string() }),
]);

/** Asks the launcher, each time a new one: it does one thing and ends. */
export class Launcher {
  private readonly command: LauncherCommand;

  constructor(command: LauncherCommand) {
    this.command = command;
  }

  /** Makes an attempt's trees. */
  async openTrees(request: {
    owner: string;
    id: string;
    attempt: string;
    bound: MeasureLimits | null;
  }): Promise<Answer<"opened">> {
    return await this.ask({ op: "open-trees", ...request }, "opened");
  }

  async closeTrees(request: { owner: string; id: string }): Promise<void> {
    await this.ask({ op: "close-trees", ...request }, "done");
  }

  /** Makes an empty set of dependencies. */
  async openSet(request: { owner: string; id: string; attempt: string }): Promise<void> {
    await this.ask({ op: "open-set", ...request }, "done");
  }

  /** After that it is never written again. */
  async settleSet(request: { owner: string; id: string }): Promise<void> {
    await this.ask({ op: "settle-set", ...request }, "done");
  }

  async removeSet(request: { owner: string; id: string }): Promise<void> {
    await this.ask({ op: "remove-set", ...request }, "done");
  }

  async listSets(owner: string): Promise<Answer<"sets">["sets"]> {
    return (await this.ask({ op: "list-sets", owner }, "sets")).sets;
  }

  /** Ends and removes one run whose own launcher is gone. */
  async endRun(request: { owner: string; id: string }): Promise<void> {
    await this.ask({ op: "end-run", ...request }, "done");
  }

  /** Hands over an agent's files; returns the hash by which a run names them. */
  async keepFiles(owner: string, files: readonly AgentFile[]): Promise<string> {
    const send = async (stdin: Writable): Promise<void> => {
      for (const { path, executable, bytes } of files) {
        const frame = encodeFrame({ path, executable }, bytes);
        if (!stdin.write(frame) && !stdin.destroyed)
          await new Promise((resolve) => {
            stdin.once("drain", resolve);
            stdin.once("close", resolve);
          });
      }
    };
    return (await this.ask({ op: "keep-files", owner }, "kept", send)).digest;
  }

  /** Ends and removes everything of these workspaces'. */
  async sweep(owners: readonly string[]): Promise<Answer<"swept">> {
    return await this.ask({ op: "sweep", owners }, "swept");
  }

  /** What there is of workspaces whose name begins so. */
  async list(prefix: string): Promise<Answer<"listed">["entries"]> {
    return (await this.ask({ op: "list", prefix }, "listed")).entries;
  }

  async probe(): Promise<LauncherFacts> {
    return (await this.ask({ op: "probe" }, "probed")).facts;
  }

  /** Starts a launcher and gives it a request; what it says is read by the caller. */
  async open(request: LauncherRequest): Promise<LauncherProcess> {
    const started = await startProcess({ ...this.command, name: "the launcher", cwd: "/" }).catch(
      (error: unknown) => {
        throw unasked(messageOf(error));
      },
    );
    const { stdin, stdout } = started;
    // One that ends early has closed its input; how it ended is told by `ended`.
    stdin.on("error", () => stdin.destroy());
    stdin.write(`${JSON.stringify(request)}\n`);
    return { stdin, stdout, ended: endOf(started) };
  }

  private async ask<T extends LauncherMessage["type"]>(
    request: LauncherRequest,
    wanted: T,
    send?: (stdin: Writable) => Promise<void>,
  ): Promise<Answer<T>> {
    const process = await this.open(request);
    if (send) await send(process.stdin);
    process.stdin.end();
    for await (const { stream, bytes } of pieces(process.stdout as AsyncIterable<Buffer>)) {
      if (stream !== CONTROL) continue;
      const said = readMessage(bytes);
      if (said.type === wanted) return said as Answer<T>;
      throw errorOf(said);
    }
    throw await silence(process);
  }
}

export function readMessage(bytes: Buffer): LauncherMessage {
  const parsed = message.safeParse(parseJson(bytes.toString("utf8")));
  if (parsed.success) return parsed.data;
  throw new NightwardenError({
    code: "refused.sandbox",
    message: "the launcher answered what no launcher of this version answers",
    hint: "Install the launcher of the same version of Nightwarden; see ops/os-user.md.",
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What stands in the way, where the launcher said something else than was wanted. */
export function errorOf(said: LauncherMessage): NightwardenError {
  if (said.type === "refused") {
    const hint = said.hint ?? "See docs/containment.md and ops/os-user.md.";
    return new NightwardenError({
      code: "refused.sandbox",
      message: `the launcher refuses: ${said.message}`,
      hint,
    });
  }
  const why = said.type === "failed" ? said.message : `it said "${said.type}"`;
  return new NightwardenError({ code: "infra.engine", message: `the launcher failed: ${why}` });
}

/** One that ended without a word: mostly sudo, which does not let us. */
export async function silence({ ended }: LauncherProcess): Promise<NightwardenError> {
  const { exitCode, stderr } = await ended;
  return unasked(stderr === "" ? `it ended with ${exitCode ?? "a signal"}` : stderr);
}

async function endOf({
  exited,
  stderr,
}: StartedProcess): Promise<{ readonly exitCode: number | null; readonly stderr: string }> {
  let said = "";
  const all = new Promise((resolve) => stderr.once("close", resolve));
  stderr.on("data", (chunk: Buffer) => (said = (said + chunk.toString("utf8")).slice(-MAX_STDERR_CHARS)));
  stderr.on("error", () => undefined);
  const { exitCode } = await exited;
  // What it said last may still be on its way; one that it has started might keep the pipe open.
  await Promise.race([all, delay(LAST_WORDS_MS, undefined, { ref: false })]);
  return { exitCode, stderr: said.trim() };
}

function unasked(why: string): NightwardenError {
  return new NightwardenError({
    code: "refused.sandbox",
    message: `the launcher could not be asked: ${why}`,
    hint: "The OS-user sandbox needs root, or one line of sudoers: ops/os-user.md has it.",
  });
}
