import { once } from "node:events";
import type { Duplex, Readable } from "node:stream";
import type Docker from "dockerode";
import type { ContainerCreateOptions } from "dockerode";
import { messageOf, NightwardenError } from "../../core/nightwarden-error.ts";
import { demultiplex } from "../attach-stream.ts";
import type { EnclosedProgram, ProgramEnd, ProgramOutput } from "../enclosed-program.ts";
import { containerDifferences } from "./compare-container.ts";

const AFTER_OUTPUT_MS = 2000;
/** The exit code of SIGKILL. */
const KILLED = 137;
const REMOVAL_MS = 300;
/** A limit was reached where as much was used: the kernel hands memory out in pieces. */
const NEAR_LIMIT = 0.01;
const NEAR_LIMIT_BYTES = 2 * 1024 * 1024;
/** How long the engine may take to tell that a killed container has ended, before it counts as broken. */
const KILL_DEADLINE_MS = 20_000;

/**
 * One container of ours, from creation to removal: created, compared field by field, attached to, waited for and only
 * then started. Of the engine's answers nothing is assumed: a container that is not what was asked never starts.
 */
export class EngineContainer implements EnclosedProgram {
  readonly id: string;
  private readonly docker: Docker;
  private readonly stream: Duplex;
  private readonly exited: Promise<ProgramEnd>;
  /** Aborted when we have ordered its end ourselves. */
  private readonly killing: AbortController;
  private removal: Promise<void> | undefined;

  private constructor(options: {
    docker: Docker;
    id: string;
    stream: Duplex;
    exited: Promise<ProgramEnd>;
    killing: AbortController;
  }) {
    this.docker = options.docker;
    this.id = options.id;
    this.stream = options.stream;
    this.exited = options.exited;
    this.killing = options.killing;
  }

  /** Throws a NightwardenError; then nothing of the container is left. */
  static async start(docker: Docker, spec: ContainerCreateOptions): Promise<EngineContainer> {
    let id: string | undefined;
    let stream: Duplex | undefined;
    try {
      const container = await docker.createContainer(spec);
      id = container.id;
      const [created, image] = await Promise.all([
        container.inspect(),
        docker.getImage(spec.Image ?? "").inspect(),
      ]);
      const differences = containerDifferences(spec, image.Config.Env ?? [], created);
      if (differences.length > 0) {
        throw new NightwardenError({
          code: "refused.sandbox",
          message: `the engine made a container that is not what was asked for: ${differences.join("; ")}`,
          hint: "A sandbox that is weaker than asked never starts. Update the engine; see docs/containment.md.",
        });
      }
      stream = (await container.attach({
        stream: true,
        stdin: true,
        stdout: true,
        stderr: true,
        hijack: true,
      })) as Duplex;
      // A connection that breaks while nobody reads is learnt of by whoever reads next.
      stream.on("error", () => stream?.destroy());
      const killing = new AbortController();
      // The end must be asked for before the start: afterwards a short run could have ended unseen.
      const exited = (container.wait({ condition: "next-exit" }) as Promise<{ StatusCode: number }>).then(
        async ({ StatusCode }) =>
          await endOf(docker, container.id, { exitCode: StatusCode, isOurKill: killing.signal.aborted }),
      );
      exited.catch(() => undefined);
      await container.start();
      return new EngineContainer({ docker, id: container.id, stream, exited, killing });
    } catch (error) {
      stream?.destroy();
      if (id !== undefined) await removeContainer(docker, id).catch(() => undefined);
      if (error instanceof NightwardenError) throw error;
      throw new NightwardenError({
        code: "infra.engine",
        message: `the engine could not start a container: ${messageOf(error)}`,
        cause: error,
      });
    }
  }

  /** What the container prints, until it ends. To be read once. */
  output(): AsyncGenerator<ProgramOutput> {
    return demultiplex(this.stream as AsyncIterable<Buffer>);
  }

  /** Writes to standard input, at the reader's pace. A container that has ended takes everything and does nothing. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.stream.destroyed || !this.stream.writable) return;
    if (this.stream.write(bytes)) return;
    const waiting = new AbortController();
    const { signal } = waiting;
    try {
      await Promise.race([
        once(this.stream, "drain", { signal }),
        once(this.stream, "close", { signal }),
        this.exited,
      ]);
    } catch {
      // It broke: whoever reads the output learns how the container ended.
    } finally {
      waiting.abort();
    }
  }

  endInput(): void {
    this.stream.end();
  }

  /** Resolves when no process of the container runs any more. Rejects where the engine cannot say. */
  async end(): Promise<ProgramEnd> {
    return await this.exited;
  }

  /** Ends every process of the container at once. */
  async kill(): Promise<void> {
    this.killing.abort();
    try {
      await this.docker.getContainer(this.id).kill({ signal: "SIGKILL" });
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }

  /** Kills what still runs and removes the container. May be called again. */
  async remove(): Promise<void> {
    this.removal ??= removeContainer(this.docker, this.id).finally(() => this.stream.destroy());
    await this.removal;
  }

  /** The end of a container whose output has ended. Asks the engine, since one that went away says nothing by itself. */
  async endAfterOutput(): Promise<ProgramEnd> {
    for (;;) {
      const waited = await Promise.race([this.exited, delay(AFTER_OUTPUT_MS)]);
      if (waited) return waited;
      const now = await endOf(this.docker, this.id, {
        exitCode: null,
        isOurKill: this.killing.signal.aborted,
      });
      if (!now.isRunning) return now;
    }
  }

  onOutOfMemory(tell: () => void): () => void {
    let events: Readable | undefined;
    let isOver = false;
    const listen = async (): Promise<void> => {
      const stream = await this.docker.getEvents({ filters: { event: ["oom"], container: [this.id] } });
      events = stream as Readable;
      // A connection that breaks tells nothing more; the engine still says at the end whether memory ran out.
      events.on("error", () => events?.destroy());
      if (isOver) events.destroy();
      else events.on("data", tell);
    };
    listen().catch(() => undefined);
    return () => {
      isOver = true;
      events?.destroy();
    };
  }

  async memoryLimitReached(): Promise<boolean | null> {
    const query = { stream: false, "one-shot": true } as const;
    const { memory_stats } = await this.docker.getContainer(this.id).stats(query);
    // Only with control groups of version 1 does the engine hand on how far it went. Not the number of refusals: where
    // there is no swap, the kernel counts those for memory and swap together, which the engine leaves out.
    const { max_usage: highest, limit } = memory_stats as Partial<typeof memory_stats>;
    if (highest === undefined || limit === undefined) return null;
    return highest > limit - Math.max(limit * NEAR_LIMIT, NEAR_LIMIT_BYTES);
  }

  /** Waits for the end after a kill, but not for ever. */
  async endAfterKill(): Promise<ProgramEnd> {
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const message = `the engine did not end container ${this.id.slice(0, 12)} within ${KILL_DEADLINE_MS / 1000} s`;
        reject(
          new NightwardenError({ code: "infra.engine", message, hint: "Is the engine still answering?" }),
        );
      }, KILL_DEADLINE_MS);
    });
    try {
      return await Promise.race([this.exited, deadline]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** `exitCode` is what `wait` said; null: ask. */
async function endOf(
  docker: Docker,
  id: string,
  { exitCode, isOurKill }: { readonly exitCode: number | null; readonly isOurKill: boolean },
): Promise<ProgramEnd & { readonly isRunning: boolean }> {
  const gone = { exitCode: null, outOfMemory: false, isRunning: false };
  try {
    const { State } = await docker.getContainer(id).inspect();
    // A removal by somebody else kills first, and that looks like a program's own end until the container is gone.
    if (exitCode === KILLED && !State.OOMKilled && !isOurKill) {
      await delay(REMOVAL_MS);
      await docker.getContainer(id).inspect();
    }
    return { exitCode: exitCode ?? State.ExitCode, outOfMemory: State.OOMKilled, isRunning: State.Running };
  } catch (error) {
    if (isGone(error)) return gone;
    throw error;
  }
}

function delay(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(resolve, ms, undefined).unref());
}

/** Removes a container with its anonymous volumes, running or not. One that is gone already is fine. */
export async function removeContainer(docker: Docker, id: string): Promise<void> {
  try {
    await docker.getContainer(id).remove({ force: true, v: true });
  } catch (error) {
    if (isGone(error)) return;
    throw new NightwardenError({
      code: "infra.engine",
      message: `the engine could not remove container ${id.slice(0, 12)}: ${messageOf(error)}`,
      cause: error,
    });
  }
}

/** No such container, or it does not run: what a removal or a kill wants has been reached. */
export function isGone(error: unknown): boolean {
  const status = error instanceof Error && "statusCode" in error ? error.statusCode : undefined;
  return status === 404 || (status === 409 && /is not running|already in progress/.test(messageOf(error)));
}
