import {
  pathFromText,
  type CaptureLimits,
  type CollectorReply,
  type CollectorRequest,
  type MeasureLimits,
  type TreeMeasure,
  type TreeName,
} from "../core/collector-protocol.ts";
import { encodeFrame, FrameReader, MAX_BODY_BYTES, type Frame } from "../core/frame.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import type { SandboxUser } from "../core/sandbox-layout.ts";
import type { DependencySet, SetFile } from "../contracts/dependencies.ts";
import type { CaptureRecord, OpenTrees, TreeSource } from "../contracts/trees.ts";
import type { EnclosedProgram } from "./enclosed-program.ts";

const PACK_CHUNK_BYTES = 1024 * 1024;
/** A fill or a capture of a very large tree takes minutes at the worst. Longer is a collector that hangs. */
const COLLECTOR_DEADLINE_MS = 15 * 60_000;

/**
 * The trees of an attempt, through their collector. Wherever the collector runs, it is asked the same; it may still be
 * starting.
 */
export class CollectorTrees implements OpenTrees {
  readonly boundProblem?: string;
  private readonly collector: Promise<EnclosedProgram>;
  private readonly user: SandboxUser;
  private readonly release: () => Promise<void>;
  private readonly dependencies: DependencySet | undefined;
  private replies: AsyncGenerator<{ reply: CollectorReply; content: Uint8Array }, undefined> | undefined;
  /** Requests take turns: the collector answers one at a time. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(options: {
    readonly collector: Promise<EnclosedProgram>;
    /** Who owns the trees. */
    readonly user: SandboxUser;
    /** The set that the collector has beside its trees: each gets a copy. Absent: none. */
    readonly dependencies?: DependencySet;
    /** See `OpenTrees`. */
    readonly boundProblem?: string;
    /** Frees what holds the trees, when their collector is gone. May be called again. */
    readonly release: () => Promise<void>;
  }) {
    this.collector = options.collector;
    this.user = options.user;
    this.release = options.release;
    this.dependencies = options.dependencies;
    if (options.boundProblem !== undefined) this.boundProblem = options.boundProblem;
  }

  async fill(tree: TreeName, source: TreeSource): Promise<{ entries: number }> {
    return await this.inTurn(async () => {
      const { commit, objectFormat } = source;
      const { bytes, inodes } = this.dependencies ?? {};
      const set = bytes === undefined || inodes === undefined ? {} : { dependencies: { bytes, inodes } };
      await this.send({ type: "fill", tree, commit, objectFormat, ...this.user, ...set });
      let isFirst = true;
      for await (const pack of source.packs()) {
        if (!isFirst) await this.send({ type: "pack-end", last: false });
        isFirst = false;
        for await (const chunk of pack) {
          for (let at = 0; at < chunk.length; at += PACK_CHUNK_BYTES) {
            await this.send({ type: "pack" }, chunk.subarray(at, at + PACK_CHUNK_BYTES));
          }
        }
      }
      await this.send({ type: "pack-end", last: true });
      const { reply } = await this.nextReply();
      if (reply.type !== "filled") throw unexpected(reply);
      // While the agent works there is time for it. Where verify never comes, it goes with its tree.
      if (tree === "agent" && this.dependencies)
        await this.send({ type: "copy-ahead", tree: "verify", ...this.user });
      return { entries: reply.entries };
    });
  }

  async measure(tree: TreeName, limits: MeasureLimits): Promise<TreeMeasure> {
    return await this.inTurn(async () => {
      await this.send({ type: "measure", tree, limits });
      const { reply } = await this.nextReply();
      if (reply.type !== "measured") throw unexpected(reply);
      const { bytes, inodes, changedFiles, changedLines } = reply;
      return { bytes, inodes, changedFiles, changedLines };
    });
  }

  async *capture(options: {
    readonly tree: TreeName;
    readonly limits: CaptureLimits;
    readonly ignore: readonly string[];
  }): AsyncGenerator<CaptureRecord> {
    const { tree, ignore } = options;
    const limits = { ...options.limits, fileBytes: Math.min(options.limits.fileBytes, MAX_BODY_BYTES) };
    await this.turn;
    await this.send({ type: "capture", tree, limits, ignore });
    for (;;) {
      const { reply, content } = await this.nextReply();
      switch (reply.type) {
        case "entry":
        case "deleted":
        case "refused":
          yield { reply, content };
          break;
        case "captured":
        case "over-limit":
          yield { reply, content };
          return;
        case "ready":
        case "filled":
        case "measured":
        case "done":
        case "content":
        case "failed":
          throw unexpected(reply);
      }
    }
  }

  /** Writes files into a tree that nothing was filled into. */
  async put(tree: TreeName, files: readonly SetFile[]): Promise<void> {
    await this.inTurn(async () => {
      for (const { path, executable, content } of files) {
        await this.send({ type: "put", tree, path: pathFromText(path), executable, ...this.user }, content);
        const { reply } = await this.nextReply();
        if (reply.type !== "done") throw unexpected(reply);
      }
    });
  }

  /** One ordinary file of at most `maxBytes`; undefined: there is none. */
  async read(tree: TreeName, path: string, maxBytes: number): Promise<Uint8Array | undefined> {
    return await this.inTurn(async () => {
      await this.send({ type: "read", tree, path: pathFromText(path), maxBytes });
      const { reply, content } = await this.nextReply();
      if (reply.type !== "content") throw unexpected(reply);
      return reply.found ? content : undefined;
    });
  }

  /** Removes paths, makes the rest readable for everybody, and measures it. */
  async settle(tree: TreeName, remove: readonly string[]): Promise<{ bytes: number; inodes: number }> {
    return await this.inTurn(async () => {
      await this.send({ type: "settle", tree, remove: remove.map(pathFromText), ...this.user });
      const { reply } = await this.nextReply();
      if (reply.type !== "measured") throw unexpected(reply);
      return { bytes: reply.bytes, inodes: reply.inodes };
    });
  }

  async close(): Promise<void> {
    // A collector that could not start has left nothing, and whoever needed it has been told.
    const collector = await this.collector.catch(() => undefined);
    await collector?.remove();
    await this.release();
  }

  private async inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.turn.then(work);
    this.turn = mine.catch(() => undefined);
    return await mine;
  }

  private async send(request: CollectorRequest, body?: Uint8Array): Promise<void> {
    await (await this.collector).write(encodeFrame(request, body));
  }

  private async nextReply(): Promise<{ reply: CollectorReply; content: Uint8Array }> {
    if (!this.replies) {
      this.replies = collectorReplies(await this.collector);
      const first = await this.takeReply(this.replies);
      if (first.reply.type !== "ready") throw unexpected(first.reply);
    }
    return await this.takeReply(this.replies);
  }

  private async takeReply(
    replies: NonNullable<typeof this.replies>,
  ): Promise<{ reply: CollectorReply; content: Uint8Array }> {
    const collector = await this.collector;
    const timer = setTimeout(() => void collector.kill().catch(() => undefined), COLLECTOR_DEADLINE_MS);
    try {
      const next = await replies.next();
      if (next.done) {
        throw new NightwardenError({
          code: "infra.collector",
          message: "the collector ended before it had answered",
        });
      }
      return next.value;
    } finally {
      clearTimeout(timer);
    }
  }
}

async function* collectorReplies(
  collector: EnclosedProgram,
): AsyncGenerator<{ reply: CollectorReply; content: Uint8Array }, undefined> {
  const reader = new FrameReader();
  let diagnostics = "";
  for await (const { stream, bytes } of collector.output()) {
    if (stream === "stderr") diagnostics = (diagnostics + bytes.toString("utf8")).slice(-2000);
    else for (const frame of reader.push(bytes)) yield asReply(frame);
  }
  if (reader.pendingBytes > 0 || diagnostics !== "") {
    const message = `the collector failed: ${diagnostics.trim() || "it ended inside a frame"}`;
    throw new NightwardenError({ code: "infra.collector", message });
  }
}

function asReply(frame: Frame): { reply: CollectorReply; content: Uint8Array } {
  return { reply: frame.header as CollectorReply, content: frame.body };
}

function unexpected(reply: CollectorReply): NightwardenError {
  const message =
    reply.type === "failed" ? `the collector failed: ${reply.message}` : `the collector said "${reply.type}"`;
  return new NightwardenError({ code: "infra.collector", message });
}
