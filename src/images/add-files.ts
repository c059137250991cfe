import { messageOf } from "../core/nightwarden-error.ts";
import { tarOf, type ContextEntry } from "./context.ts";
import { imageError, type EngineImage, type ImageEngine } from "./image-engine.ts";

/**
 * Makes an image with one layer more, of these files. Nothing of the image is run.
 *
 * A container that is never started takes the files as they are sent. A build would write them once more, to the
 * builder's own folder, and read them again to know whether it has seen them.
 */
export async function addFiles(options: {
  readonly engine: ImageEngine;
  /** Names the image in errors. */
  readonly what: string;
  readonly image: string;
  /** Paths from the image's root. */
  readonly entries: readonly ContextEntry[];
  readonly tag: string;
  readonly content: string;
  readonly labels: Readonly<Record<string, string>>;
}): Promise<EngineImage> {
  const { engine, tag, content, labels } = options;
  const container = await engine.docker.createContainer({
    name: engine.buildContainerName(),
    Image: options.image,
    Entrypoint: ["/never-started"],
    Labels: { "nightwarden.managed": "image-build" },
    HostConfig: { NetworkMode: "none" },
  });
  try {
    await container.putArchive(tarOf(options.entries), { path: "/" });
    return await engine.commit(container, { tag, content, labels });
  } catch (error) {
    throw imageError(options.what, [messageOf(error)]);
  } finally {
    await container.remove({ force: true, v: true });
  }
}
