import { NightwardenError } from "../core/nightwarden-error.ts";
import { readImageContents } from "./image-contents.ts";
import type { EngineImage, ImageEngine } from "./image-engine.ts";

/** Says before the build what it would fail of, in words that help. */
export async function refuseUnfit(
  engine: ImageEngine,
  image: EngineImage,
  name: string,
  arch: string,
): Promise<void> {
  const refuse = (message: string, hint: string): never => {
    throw new NightwardenError({ code: "refused.image", message: `the image ${name} ${message}`, hint });
  };
  if (image.arch !== arch) {
    refuse(
      `is for ${image.arch}, and the engine runs on ${arch}`,
      `Use the variant of the image for ${arch}.`,
    );
  }
  if (image.volumes.length > 0) {
    refuse(
      `declares volumes (${image.volumes.join(", ")}), which would be writable without a limit in every sandbox`,
      "Make an image of your own with the same tools and without VOLUME.",
    );
  }
  const contents = await readImageContents(engine, image);
  if (contents.hasGlibc) return;
  if (contents.hasMusl) {
    refuse(
      "is built on musl (Alpine), on which Nightwarden's own parts do not run",
      "Use a variant on Debian or Ubuntu: most images have one, such as python:3.12-slim or node:24-slim.",
    );
  }
  refuse("has no glibc", "Use an image with a Linux system in it, such as one on Debian or Ubuntu.");
}
