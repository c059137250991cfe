import { randomBytes } from "node:crypto";
import type Docker from "dockerode";
import type { AttemptRef } from "../core/attempt.ts";
import type {
  CaptureLimits,
  CollectorReply,
  CollectorRequest,
  MeasureLimits,
  TreeName,
} from "../core/collector-protocol.ts";
import { encodeFrame, FrameReader, MAX_BODY_BYTES, type Frame } from "../core/frame.ts";
import { messageOf, NightwardenError } from "../core/nightwarden-error.ts";
import type { TreeSource } from "../contracts/trees.ts";
import type { CaptureRecord, OpenTrees, Trees } from "../contracts/trees.ts";
import {
  collectorSpec,
  LABEL_ATTEMPT,
  LABEL_ROLE,
  LABEL_WORKSPACE,
  slotUser,
  TREES_PATH,
} from "./container-spec.ts";
import { EngineContainer } from "./engine-container.ts";
import { removeVolume } from "./sweep.ts";

const TREE_NAMES: readonly TreeName[] = ["agent", "verify"];
const PACK_CHUNK_BYTES = 1024 * 1024;
/** A fill or a capture of a very large tree takes minutes at the worst. Longer is a collector that hangs. */
const COLLECTOR_DEADLINE_MS = 15 * 60_000;

/** Trees as engine volumes, with one collector for the trees of an attempt. */
export class DockerTrees implements Trees {
  private readonly docker: Docker;
  private readonly image: string;
  private readonly workspace: string;
  private readonly volumes = new WeakMap<OpenTrees, Readonly<Record<TreeName, string>>>();

  constructor(options: { docker: Docker; collectorImage: string; workspace: string }) {
    this.docker = options.docker;
    this.image = options.collectorImage;
    this.workspace = options.workspace;
  }

  async open(options: { readonly attempt: AttemptRef; readonly slot: number }): Promise<OpenTrees> {
    const { attempt } = options.attempt;
    const labels = { [LABEL_WORKSPACE]: this.workspace, [LABEL_ATTEMPT]: attempt };
    const suffix = `${attempt}-${options.attempt.token.slice(0, 8)}-${randomBytes(3).toString("hex")}`;
    const volumeName = (tree: TreeName): string => `nightwarden-tree-${tree}-${suffix}`;
    const names = { agent: volumeName("agent"), verify: volumeName("verify") };
    try {
      await Promise.all(
        TREE_NAMES.map(async (tree) => {
          await this.docker.createVolume({
            Name: names[tree],
            Driver: "local",
            Labels: { ...labels, [LABEL_ROLE]: tree },
          });
        }),
      );
      const spec = collectorSpec({
        name: `nightwarden-collector-${suffix}`,
        image: this.image,
        labels: { ...labels, [LABEL_ROLE]: "collector" },
        trees: TREE_NAMES.map((tree) => ({ volume: names[tree], path: `${TREES_PATH}/${tree}` })),
      });
      // Not waited for: a sandbox can start on the volumes meanwhile.
      const collector = EngineContainer.start(this.docker, spec);
      collector.catch(() => undefined);
      const open = new DockerOpenTrees({
        docker: this.docker,
        collector,
        volumes: Object.values(names),
        slot: options.slot,
      });
      this.volumes.set(open, names);
      return open;
    } catch (error) {
      await removeVolumes(this.docker, Object.values(names));
      if (error instanceof NightwardenError) throw error;
      const message = `the engine could not make the volumes of an attempt: ${messageOf(error)}`;
      throw new NightwardenError({ code: "infra.engine", message, cause: error });
    }
  }

  /** The volume that holds a tree: for the sandboxes of the same engine. */
  volumeOf(trees: OpenTrees, tree: TreeName): string {
    const names = this.volumes.get(trees);
    if (!names) throw new TypeError("these trees were opened by another back end");
    return names[tree];
  }
}

class DockerOpenTrees implements OpenTrees {
  private readonly docker: Docker;
  private readonly collector: Promise<EngineContainer>;
  private readonly volumes: readonly string[];
  private readonly slot: number;
  private replies: AsyncGenerator<{ reply: CollectorReply; content: Uint8Array }, undefined> | undefined;
  /** Requests take turns: the collector answers one at a time. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(options: {
    docker: Docker;
    collector: Promise<EngineContainer>;
    volumes: readonly string[];
    slot: number;
  }) {
    this.docker = options.docker;
    this.collector = options.collector;
    this.volumes = options.volumes;
    this.slot = options.slot;
  }

  async fill(tree: TreeName, source: TreeSource): Promise<{ entries: number }> {
    return await this.inTurn(async () => {
      const { commit, objectFormat } = source;
      await this.send({ type: "fill", tree, commit, objectFormat, ...slotUser(this.slot) });
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
      return { entries: reply.entries };
    });
  }

  async measure(tree: TreeName, limits: MeasureLimits): Promise<{ bytes: number; inodes: number }> {
    return await this.inTurn(async () => {
      await this.send({ type: "measure", tree, limits });
      const { reply } = await this.nextReply();
      if (reply.type !== "measured") throw unexpected(reply);
      return { bytes: reply.bytes, inodes: reply.inodes };
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
        case "failed":
          throw unexpected(reply);
      }
    }
  }

  async close(): Promise<void> {
    // A collector that could not start has left nothing, and whoever needed it has been told.
    const collector = await this.collector.catch(() => undefined);
    await collector?.remove();
    await removeVolumes(this.docker, this.volumes);
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
  container: EngineContainer,
): AsyncGenerator<{ reply: CollectorReply; content: Uint8Array }, undefined> {
  const reader = new FrameReader();
  let diagnostics = "";
  for await (const { stream, bytes } of container.output()) {
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

async function removeVolumes(docker: Docker, names: readonly string[]): Promise<void> {
  await Promise.all(names.map(async (name) => await removeVolume(docker, name)));
}
