import { readFile } from "node:fs/promises";
import path from "node:path";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { extract } from "tar-stream";
import { NightwardenError } from "../core/nightwarden-error.ts";
import { aptEntries, aptNetwork } from "./apt-in-container.ts";
import type { BaseImage } from "./base-image.ts";
import { contentHash, fileEntry, readFolder, type ContextEntry } from "./context.ts";
import { archiveEntries, type DebianPackages } from "./debian-packages.ts";
import type { EngineImage, ImageEngine } from "./image-engine.ts";
import { installAsLayer } from "./install-container.ts";
import type { NpmStore } from "./npm-store.ts";
import type { Versions } from "./versions.ts";

/** What Debian allows as a package's name, and a version or release after it. Never an option for apt. */
const PACKAGE = /^[a-z0-9][a-z0-9+.-]+(?:=[A-Za-z0-9.+:~-]+|\/[a-z0-9-]+)?$/;
/** The base of Debian packages has these; an image of somebody else's may not. */
const ALWAYS = ["ca-certificates", "git", "libstdc++6"];

/** The toolchain of a repository that brings none: the base with npm, and with the packages that it asks for. */
export async function ensureStandardImage(options: {
  readonly engine: ImageEngine;
  readonly base: BaseImage;
  readonly arch: string;
  readonly packages: readonly string[];
  readonly debian: DebianPackages;
  readonly npm: NpmStore;
  readonly versions: Versions;
  readonly packageDir: string;
  readonly onProgress: (line: string) => void;
}): Promise<{ readonly image: EngineImage; readonly built: boolean }> {
  const { engine, base, onProgress } = options;
  const packages = [...new Set(options.packages)].sort();
  checkNames(packages);
  const recipe = path.join(options.packageDir, "docker");
  const script = await readFile(path.join(recipe, "toolchain", "install.sh"), "utf8");
  const content = contentHash({ base: base.image.id, packages, npm: options.versions.npm, script });
  const tag = `nightwarden-toolchain:${content}`;
  const found = await engine.find(tag);
  if (found) return { image: found, built: false };

  const npm = await options.npm.npm(options.versions.npm, onProgress);
  const entries = [fileEntry("install.sh", script), ...(await readFolder({ folder: npm, prefix: "npm/" }))];
  const what = packages.length > 0 ? `the image with ${packages.join(", ")}` : "the standard image";
  const install = async (
    more: readonly ContextEntry[],
    network: "none" | "bridge" | "host",
  ): Promise<EngineImage> =>
    installAsLayer({
      engine,
      what,
      image: base.image.id,
      tag,
      content,
      onProgress,
      network,
      entries: [...entries, ...more],
    });

  if (base.packagesFrom === "image") {
    const names = [...ALWAYS, ...packages];
    return { image: await install(await aptEntries(names), aptNetwork()), built: true };
  }
  if (packages.length === 0) return { image: await install([], "none"), built: true };
  const image = await options.debian.fetch(
    {
      script: path.join(recipe, "fetch-debs.sh"),
      args: packages,
      arch: options.arch,
      status: await readStatus(engine, base.image),
      onProgress,
    },
    async (work) => install(await archiveEntries(work), "none"),
  );
  return { image, built: true };
}

function checkNames(packages: readonly string[]): void {
  const wrong = packages.filter((name) => !PACKAGE.test(name));
  if (wrong.length === 0) return;
  throw new NightwardenError({
    code: "usage.config",
    message: `not a Debian package's name: ${wrong.map((name) => JSON.stringify(name)).join(", ")}`,
    hint: "Write names as apt-get install takes them, such as python3.",
  });
}

/** Which packages the base has, as its dpkg keeps it. */
async function readStatus(engine: ImageEngine, base: EngineImage): Promise<string> {
  const container = await engine.docker.createContainer({
    name: engine.buildContainerName(),
    Image: base.id,
    Entrypoint: ["/never-started"],
    Labels: { "nightwarden.managed": "image-build" },
    HostConfig: { NetworkMode: "none" },
  });
  try {
    const entries = extract();
    const reading = pipeline(await container.getArchive({ path: "/var/lib/dpkg/status" }), entries);
    let status = "";
    for await (const entry of entries) status += await text(entry);
    await reading;
    return status;
  } finally {
    await container.remove({ force: true, v: true });
  }
}
