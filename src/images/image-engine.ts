import { randomBytes } from "node:crypto";
import type { Readable } from "node:stream";
import type Docker from "dockerode";
import type { Container } from "dockerode";
import { z } from "zod";
import { messageOf, NightwardenError } from "../core/nightwarden-error.ts";
import { LineSplitter } from "../lib/line-splitter.ts";
import { tarOf, type ContextEntry } from "./context.ts";

type OnProgress = (line: string) => void;

/** What is known of an image on the engine. */
export interface EngineImage {
  readonly id: string;
  /** As Docker names processors: amd64, arm64. */
  readonly arch: string;
  /** Folders that every container of the image gets a volume for. */
  readonly volumes: readonly string[];
}

const LABEL_MANAGED = "nightwarden.managed";
const LABEL_CONTENT = "nightwarden.content";

/** Lines of a build that are kept to explain why it failed. */
const TAIL_LINES = 15;
/** An engine that can reach a registry hears from it well within this; one that cannot may try for minutes. */
const PULL_SILENCE_MS = 60_000;
const MAX_MESSAGE_BYTES = 1024 * 1024;

/** What the builder says of its own layers and containers: of use only where a build fails. */
const BUILDER_CHATTER = /^\s*(?:--->|Removing intermediate container)/;

/** The images of one engine: asked for, fetched, built. Every image made here bears our labels. */
export class ImageEngine {
  readonly docker: Docker;
  private readonly buildPrefix: string;

  constructor(docker: Docker, buildPrefix: string) {
    this.docker = docker;
    this.buildPrefix = buildPrefix;
  }

  /** A name, and not a label, by which a later run finds what a killed build left: images inherit labels. */
  buildContainerName(): string {
    return `${this.buildPrefix}-${randomBytes(6).toString("hex")}`;
  }

  /** undefined: the engine does not have it. */
  async find(name: string): Promise<EngineImage | undefined> {
    try {
      const { Id, Architecture, Config } = await this.docker.getImage(name).inspect();
      return { id: Id, arch: Architecture, volumes: Object.keys(Config.Volumes ?? {}) };
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** Fetches an image from its registry. Throws what the engine says, or when it has said nothing for too long. */
  async pull(name: string, onProgress: OnProgress): Promise<EngineImage> {
    const reference = /[:@][^/]*$/.test(name) ? name : `${name}:latest`;
    const silence = new AbortController();
    const timer = setTimeout(() => {
      silence.abort(new Error(`no answer from the registry for ${PULL_SILENCE_MS / 1000} s`));
    }, PULL_SILENCE_MS);
    try {
      const answer = await this.docker.pull(reference, { abortSignal: silence.signal });
      await follow(answer, onProgress, () => timer.refresh());
    } finally {
      clearTimeout(timer);
    }
    return this.require(name);
  }

  /** Builds with the engine's first builder, which all engines have. The image is tagged `tag`. */
  async build(options: {
    readonly what: string;
    readonly tag: string;
    readonly content: string;
    readonly dockerfile: string;
    readonly args: Readonly<Record<string, string>>;
    readonly entries: readonly ContextEntry[];
    readonly onProgress: OnProgress;
  }): Promise<EngineImage> {
    const tail: string[] = [];
    try {
      const answer = await this.docker.buildImage(tarOf(options.entries), {
        t: options.tag,
        dockerfile: options.dockerfile,
        buildargs: { ...options.args },
        labels: labels(options.content),
        rm: true,
        forcerm: true,
        version: "1",
      });
      await follow(answer, (line) => {
        tail.push(line);
        if (tail.length > TAIL_LINES) tail.shift();
        if (!BUILDER_CHATTER.test(line)) options.onProgress(line);
      });
    } catch (error) {
      throw imageError(options.what, [...tail, messageOf(error)]);
    }
    return this.require(options.tag);
  }

  /** Makes an image of one layer from the files of a system. */
  async importFiles(options: {
    readonly tar: Readable;
    readonly tag: string;
    readonly content: string;
  }): Promise<EngineImage> {
    const answer = await this.docker.importImage(options.tar, {
      ...repoAndTag(options.tag),
      changes: [
        "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        'CMD ["/bin/sh"]',
        ...labelChanges(labels(options.content)),
      ],
    });
    await follow(answer, () => undefined);
    return this.require(options.tag);
  }

  /** Makes an image of a container's files: its image with one layer more. */
  async commit(
    container: Container,
    options: {
      readonly tag: string;
      readonly content: string;
      /** Beside our own. Values without spaces. */
      readonly labels?: Readonly<Record<string, string>>;
    },
  ): Promise<EngineImage> {
    await container.commit({
      ...repoAndTag(options.tag),
      changes: [
        // What the container was made to run is of no use in the image.
        "ENTRYPOINT []",
        'CMD ["/bin/sh"]',
        ...labelChanges({ ...labels(options.content), ...options.labels }),
      ],
    });
    return this.require(options.tag);
  }

  async require(name: string): Promise<EngineImage> {
    const image = await this.find(name);
    if (image) return image;
    throw new NightwardenError({
      code: "infra.engine",
      message: `the engine made the image ${name} and does not have it`,
      hint: "Something else removes images on this engine, such as a clean-up job: see what runs there.",
    });
  }
}

const engineMessage = z.looseObject({
  stream: z.string().optional(),
  status: z.string().optional(),
  id: z.string().optional(),
  progress: z.string().optional(),
  error: z.string().optional(),
});

/** Reads an answer that comes message by message to its end; throws the error that one of them may hold. */
async function follow(
  answer: NodeJS.ReadableStream,
  onProgress: OnProgress,
  onMessage?: () => void,
): Promise<void> {
  let failure: string | undefined;
  const splitter = new LineSplitter({
    maxLineBytes: MAX_MESSAGE_BYTES,
    onLine: ({ text }) => {
      if (text.trim() === "") return;
      const message = engineMessage.parse(JSON.parse(text));
      failure ??= message.error;
      onMessage?.();
      // A line for each block of a download would fill any log.
      if (message.progress) return;
      const said = message.stream ?? [message.id, message.status].filter(Boolean).join(" ");
      for (const line of said.split("\n")) if (line.trim() !== "") onProgress(line.trimEnd());
    },
  });
  for await (const chunk of answer) splitter.push(Buffer.from(chunk));
  splitter.finish();
  if (failure !== undefined) throw new Error(failure);
}

function repoAndTag(name: string): { readonly repo: string; readonly tag: string } {
  const colon = name.lastIndexOf(":");
  return { repo: name.slice(0, colon), tag: name.slice(colon + 1) };
}

function labels(content: string): Record<string, string> {
  return { [LABEL_MANAGED]: "image", [LABEL_CONTENT]: content };
}

function labelChanges(values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).map(([name, value]) => `LABEL ${name}=${value}`);
}

export function imageError(what: string, lines: readonly string[], hint?: string): NightwardenError {
  const tail = lines.slice(-TAIL_LINES).map((line) => `    ${line}`);
  return new NightwardenError({
    code: "refused.image",
    message: `${what} could not be built:\n${tail.join("\n")}`,
    hint: hint ?? "The last lines above say what failed.",
  });
}

export function isNotFound(error: unknown): boolean {
  return error instanceof Error && "statusCode" in error && error.statusCode === 404;
}
