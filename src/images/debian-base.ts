import { createReadStream, createWriteStream, existsSync } from "node:fs";
import { readdir, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { bootstrapTar } from "./bootstrap-tar.ts";
import { contentHash, fileEntry } from "./context.ts";
import { archiveEntries, type DebianPackages } from "./debian-packages.ts";
import type { EngineImage, ImageEngine } from "./image-engine.ts";
import { installAsFiles } from "./install-container.ts";

type OnProgress = (line: string) => void;

/**
 * The base image made of Debian packages, for engines that can reach no registry of images.
 *
 * This machine's apt fetches the packages; their files are put together as they are, imported, and configured in a
 * container without network. So it needs neither root on the host nor any image to begin with. What comes out is kept
 * as a tar in the user's cache, because an engine's images are sometimes cleaned away.
 */
export class DebianBase {
  private readonly engine: ImageEngine;
  private readonly packages: DebianPackages;
  private readonly arch: string;
  private readonly cacheDir: string;
  private readonly recipeDir: string;

  constructor(options: {
    readonly engine: ImageEngine;
    readonly packages: DebianPackages;
    readonly arch: string;
    readonly cacheDir: string;
    readonly packageDir: string;
  }) {
    this.engine = options.engine;
    this.packages = options.packages;
    this.arch = options.arch;
    this.cacheDir = options.cacheDir;
    this.recipeDir = path.join(options.packageDir, "docker");
  }

  /** The image, if this machine's recipe for it has been carried out before. */
  async find(): Promise<EngineImage | undefined> {
    if (!this.packages.isAvailable) return undefined;
    const content = await this.content();
    const found = await this.engine.find(tagOf(content));
    if (found || !existsSync(this.tarOf(content))) return found;
    return this.importTar(this.tarOf(content), content);
  }

  /** undefined: this machine has no Debian packages. */
  async build(onProgress: OnProgress): Promise<EngineImage | undefined> {
    if (!this.packages.isAvailable) return undefined;
    const content = await this.content();
    const script = path.join(this.recipeDir, "base", "fetch.sh");
    onProgress("building the base image from Debian packages");
    return this.packages.fetch({ script, args: [], arch: this.arch, status: "", onProgress }, async (work) =>
      this.assemble(work, content, onProgress),
    );
  }

  private async assemble(work: string, content: string, onProgress: OnProgress): Promise<EngineImage> {
    const files = path.join(work, "files");
    const packageTars = (await readdir(files)).sort().map((name) => path.join(files, name));
    const bootstrap = `nightwarden-bootstrap:${content}`;
    const { id } = await this.engine.importFiles({
      tar: bootstrapTar(packageTars, this.arch),
      tag: bootstrap,
      content,
    });
    const tar = path.join(work, "base.tar");
    try {
      await installAsFiles(
        {
          engine: this.engine,
          what: "the base image",
          image: id,
          entries: [
            fileEntry("install.sh", await readFile(path.join(this.recipeDir, "base", "install.sh"), "utf8")),
            ...(await archiveEntries(work)),
          ],
          network: "none",
          onProgress,
        },
        async (exported) => pipeline(exported, createWriteStream(tar)),
      );
    } finally {
      await this.engine.docker.getImage(bootstrap).remove();
    }
    const image = await this.importTar(tar, content);
    await rename(tar, this.tarOf(content));
    await this.removeOtherTars(content);
    return image;
  }

  private async importTar(file: string, content: string): Promise<EngineImage> {
    return this.engine.importFiles({ tar: createReadStream(file), tag: tagOf(content), content });
  }

  /** A tar of another recipe would never be used again. */
  private async removeOtherTars(content: string): Promise<void> {
    const names = await readdir(this.cacheDir);
    const others = names.filter(
      (name) => /^base-[0-9a-f]+\.tar$/.test(name) && name !== `base-${content}.tar`,
    );
    for (const name of others) await rm(path.join(this.cacheDir, name), { force: true });
  }

  private async content(): Promise<string> {
    const recipe = ["fetch-debs.sh", "base/fetch.sh", "base/install.sh"];
    const read = async (name: string): Promise<string> => readFile(path.join(this.recipeDir, name), "utf8");
    return contentHash({
      arch: this.arch,
      recipe: await Promise.all(recipe.map(read)),
      sources: await this.packages.sources(),
    });
  }

  private tarOf(content: string): string {
    return path.join(this.cacheDir, `base-${content}.tar`);
  }
}

function tagOf(content: string): string {
  return `nightwarden-base:${content}`;
}
