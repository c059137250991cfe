import { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import type { Container } from "dockerode";
import { z } from "zod";
import { LineSplitter } from "../lib/line-splitter.ts";
import { tarOf, type ContextEntry } from "./context.ts";
import { imageError, type EngineImage, type ImageEngine } from "./image-engine.ts";

export interface Installation {
  readonly engine: ImageEngine;
  /** Names the image in errors. */
  readonly what: string;
  readonly image: string;
  /** What the container sees below /mnt; `install.sh` among it is run, as root. None of it gets into the image. */
  readonly entries: readonly ContextEntry[];
  readonly network: "none" | "bridge" | "host";
  readonly onProgress: (line: string) => void;
}

const waitReply = z.looseObject({ StatusCode: z.number() });
const MAX_LINE_BYTES = 1000;
const TAIL_LINES = 15;

/** Installs into `image` and makes an image with one layer more. */
export async function installAsLayer(
  installation: Installation & { readonly tag: string; readonly content: string },
): Promise<EngineImage> {
  const { engine, tag, content } = installation;
  return installInContainer(installation, async (container) => engine.commit(container, { tag, content }));
}

/** Installs into `image` and gives all files of the result to `take`. */
export async function installAsFiles(
  installation: Installation,
  take: (tar: NodeJS.ReadableStream) => Promise<void>,
): Promise<void> {
  await installInContainer(installation, async (container) => {
    await take(await container.export());
  });
}

async function installInContainer<T>(
  installation: Installation,
  take: (container: Container) => Promise<T>,
): Promise<T> {
  const { docker } = installation.engine;
  const container = await docker.createContainer({
    name: installation.engine.buildContainerName(),
    Image: installation.image,
    User: "0",
    Entrypoint: ["/bin/sh"],
    Cmd: ["/mnt/install.sh"],
    Labels: { "nightwarden.managed": "image-build" },
    HostConfig: {
      NetworkMode: installation.network,
      // A volume, because it is no part of what is committed or exported.
      Mounts: [{ Type: "volume", Source: "", Target: "/mnt" }],
    },
  });
  try {
    await container.putArchive(tarOf(installation.entries), { path: "/mnt" });
    await runToEnd(installation, container);
    return await take(container);
  } finally {
    await container.remove({ force: true, v: true });
  }
}

async function runToEnd(installation: Installation, container: Container): Promise<void> {
  const tail: string[] = [];
  const splitter = new LineSplitter({
    maxLineBytes: MAX_LINE_BYTES,
    onLine: ({ text }) => {
      if (text.trim() === "") return;
      tail.push(text);
      if (tail.length > TAIL_LINES) tail.shift();
      installation.onProgress(text);
    },
  });
  const lines = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      splitter.push(chunk);
      done();
    },
  });
  const output = await container.attach({ stream: true, stdout: true, stderr: true });
  installation.engine.docker.modem.demuxStream(output, lines, lines);
  // The end must be asked for before the start: afterwards a short run could have ended unseen.
  const exited: Promise<unknown> = container.wait({ condition: "next-exit" });
  exited.catch(() => undefined);
  await container.start();
  const [end] = await Promise.all([exited, finished(output)]);
  const { StatusCode } = waitReply.parse(end);
  splitter.finish();
  if (StatusCode !== 0) throw imageError(installation.what, [...tail, `install.sh ended with ${StatusCode}`]);
}
