import { Readable } from "node:stream";
import { isNotFound, type EngineImage, type ImageEngine } from "./image-engine.ts";

/** What our parts need to know of an image before they are put on top of it. */
export interface ImageContents {
  readonly hasGlibc: boolean;
  readonly hasMusl: boolean;
  readonly hasGit: boolean;
  readonly hasApt: boolean;
}

const GLIBC: Readonly<Record<string, string>> = {
  amd64: "/lib64/ld-linux-x86-64.so.2",
  arm64: "/lib/ld-linux-aarch64.so.1",
};
const MUSL: Readonly<Record<string, string>> = {
  amd64: "/lib/ld-musl-x86_64.so.1",
  arm64: "/lib/ld-musl-aarch64.so.1",
};

/** Looks into an image without running anything of it. */
export async function readImageContents(engine: ImageEngine, image: EngineImage): Promise<ImageContents> {
  const container = await engine.docker.createContainer({
    name: engine.buildContainerName(),
    Image: image.id,
    Entrypoint: ["/never-started"],
    Labels: { "nightwarden.managed": "image-build" },
    HostConfig: { NetworkMode: "none" },
  });
  const has = async (...paths: (string | undefined)[]): Promise<boolean> => {
    const found = paths.map(async (path) => {
      if (path === undefined) return false;
      try {
        const answer: unknown = await container.infoArchive({ path });
        // An answer that nobody reads keeps its connection, and with it this process, for minutes.
        if (answer instanceof Readable) answer.resume();
        return true;
      } catch (error) {
        if (isNotFound(error)) return false;
        throw error;
      }
    });
    return (await Promise.all(found)).includes(true);
  };
  try {
    return {
      hasGlibc: await has(GLIBC[image.arch]),
      hasMusl: await has(MUSL[image.arch]),
      hasGit: await has("/usr/bin/git", "/usr/local/bin/git", "/bin/git"),
      hasApt: await has("/usr/bin/apt-get"),
    };
  } finally {
    await container.remove({ force: true, v: true });
  }
}
