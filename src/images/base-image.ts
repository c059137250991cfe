import { messageOf, NightwardenError } from "../core/nightwarden-error.ts";
import type { DebianBase } from "./debian-base.ts";
import type { EngineImage, ImageEngine } from "./image-engine.ts";

export interface BaseImage {
  readonly image: EngineImage;
  /** For people. */
  readonly name: string;
  /** Whose apt more packages come from: this machine's, which the base was made with, or the image's own. */
  readonly packagesFrom: "host" | "image";
  readonly built: boolean;
}

/**
 * What our own images are built on:
 *
 * 1. the image that is configured; it must exist or be there to fetch
 * 2. the base of Debian packages, where it was built before
 * 3. the public default, where the engine has it or can fetch it
 * 4. the base of Debian packages, built now
 */
export async function ensureBaseImage(options: {
  readonly engine: ImageEngine;
  readonly debian: DebianBase;
  readonly configured: string | undefined;
  readonly publicDefault: string;
  readonly onProgress: (line: string) => void;
}): Promise<BaseImage> {
  const { engine, debian, configured, publicDefault, onProgress } = options;
  if (configured !== undefined) {
    const present = await engine.find(configured);
    const image = present ?? (await fetchImage(engine, configured, onProgress));
    return { image, name: configured, packagesFrom: "image", built: !present };
  }
  const name = "Debian packages";
  const found = await debian.find();
  if (found) return { image: found, name, packagesFrom: "host", built: false };

  const present = await engine.find(publicDefault);
  if (present) return { image: present, name: publicDefault, packagesFrom: "image", built: false };
  let reason: string;
  try {
    const image = await fetchImage(engine, publicDefault, onProgress);
    return { image, name: publicDefault, packagesFrom: "image", built: true };
  } catch (error) {
    reason = messageOf(error);
    onProgress(reason);
  }
  const built = await debian.build(onProgress);
  if (built) return { image: built, name, packagesFrom: "host", built: true };
  throw new NightwardenError({
    code: "refused.image",
    message: `there is no image to build on: ${reason}; and this machine is no Debian or Ubuntu, to build one from packages`,
    hint: `Let the engine reach its registry, or load ${publicDefault} into it (docker load).`,
  });
}

/** Fetches an image that the engine does not have. */
export async function fetchImage(
  engine: ImageEngine,
  name: string,
  onProgress: (line: string) => void,
): Promise<EngineImage> {
  onProgress(`fetching ${name}`);
  try {
    return await engine.pull(name, onProgress);
  } catch (error) {
    throw new NightwardenError({
      code: "refused.image",
      message: `the engine does not have the image ${name} and could not fetch it: ${messageOf(error)}`,
      hint: `Load it into the engine (docker load, docker pull), or build it there.`,
      cause: error,
    });
  }
}
