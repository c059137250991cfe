import type Docker from "dockerode";
import type { Images, ReadyImage } from "../contracts/images.ts";
import type { PinnedClient } from "../core/client.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import { ensureBaseImage, type BaseImage } from "./base-image.ts";
import { ensureClientsImage } from "./clients-image.ts";
import { DebianBase } from "./debian-base.ts";
import { DebianPackages } from "./debian-packages.ts";
import { ImageEngine, type EngineImage } from "./image-engine.ts";
import { NpmStore } from "./npm-store.ts";
import { ensureSandboxImage } from "./sandbox-image.ts";
import { ensureStandardImage } from "./standard-image.ts";
import { ensureDockerfileImage, ensureNamedImage, withGit } from "./user-image.ts";
import { readVersions, type Versions } from "./versions.ts";

/** What a repository brings: an image, a Dockerfile, or packages for ours; at most one of the three. And its agents. */
export interface Toolchain {
  readonly image?: string | undefined;
  /** The host's path. */
  readonly dockerfile?: string | undefined;
  readonly packages?: readonly string[] | undefined;
  /** A folder of the host that the agent finds at /opt/agent. */
  readonly agentFiles?: string | undefined;
  /** The clients that the image has beside the toolchain. Absent: none. */
  readonly clients?: readonly PinnedClient[] | undefined;
}

export interface ImagesOptions {
  readonly docker: Docker;
  /** The engine's processor, as Docker names it: amd64, arm64. */
  readonly arch: string;
  /** A folder of the user's for what is fetched; made where it is missing. */
  readonly cacheDir: string;
  /** Where Nightwarden is installed: the folder with dist/ and docker/. */
  readonly packageDir: string;
  readonly repositories: ReadonlyMap<string, Toolchain>;
  /** Names of variables that npm and apt on this machine do not get: they hold secrets of somebody else. Absent: none. */
  readonly withheld?: readonly string[];
  /** Begins the names of the containers that a build starts. */
  readonly buildPrefix: string;
  /** Absent: found or built, see `ensureBaseImage`. */
  readonly baseImage?: string | undefined;
}

type OnProgress = (line: string) => void;

interface NamedToolchain {
  readonly image: EngineImage;
  readonly name: string;
  readonly built: boolean;
}

/** The images of one engine. */
export interface EngineImages extends Images {
  /** The image of the program that fills and reads trees. */
  ensureCollector(onProgress: OnProgress): Promise<ReadyImage>;
}

export function createImages(options: ImagesOptions): EngineImages {
  return new LayeredImages(options);
}

class LayeredImages implements EngineImages {
  private readonly options: ImagesOptions;
  private readonly versions: Promise<Versions>;
  private readonly engine: ImageEngine;
  private readonly npm: NpmStore;
  private readonly debian: DebianPackages;
  /** Two repositories may need the same: what is being made for one is not made again for the other. */
  private queue: Promise<unknown> = Promise.resolve();

  constructor(options: ImagesOptions) {
    this.options = options;
    this.versions = readVersions(options.packageDir);
    // Whoever asks for an image sees the error; until then it is nobody's.
    this.versions.catch(() => undefined);
    this.engine = new ImageEngine(options.docker, options.buildPrefix);
    this.npm = new NpmStore(options);
    this.debian = new DebianPackages(options);
  }

  async ensure(repository: string, onProgress: OnProgress): Promise<ReadyImage> {
    const toolchain = this.options.repositories.get(repository);
    if (!toolchain) {
      throw new NightwardenError({
        code: "usage.config",
        message: `there is no repository named ${repository}`,
        hint: "Add it to the repositories of nightwarden.yaml.",
      });
    }
    return this.inTurn(async () => this.ensureSandbox(toolchain, onProgress));
  }

  /** The collector needs git, Node and our parts. The standard image has them, so that it is the same image. */
  async ensureCollector(onProgress: OnProgress): Promise<ReadyImage> {
    return this.inTurn(async () => this.ensureSandbox({}, onProgress));
  }

  private async inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.queue.then(work);
    this.queue = result.catch(() => undefined);
    return result;
  }

  private async ensureSandbox(wanted: Toolchain, onProgress: OnProgress): Promise<ReadyImage> {
    const { engine, npm } = this;
    const { arch, packageDir } = this.options;
    const toolchain = await this.ensureToolchain(wanted, onProgress);
    const withClients = await ensureClientsImage({
      engine,
      npm,
      arch,
      onProgress,
      toolchain: toolchain.image,
      toolchainName: toolchain.name,
      clients: wanted.clients ?? [],
    });
    const sandbox = await ensureSandboxImage({
      engine,
      npm,
      arch,
      packageDir,
      onProgress,
      versions: await this.versions,
      toolchain: withClients.image,
      toolchainName: toolchain.name,
      agentFiles: wanted.agentFiles,
    });
    const built = toolchain.built || withClients.built || sandbox.built;
    return { id: sandbox.image.id, base: toolchain.name, built };
  }

  private async ensureToolchain(wanted: Toolchain, onProgress: OnProgress): Promise<NamedToolchain> {
    const { engine } = this;
    const { packageDir } = this.options;
    if (wanted.image !== undefined) {
      const name = wanted.image;
      const toolchain = await ensureNamedImage(engine, name, onProgress);
      return { name, ...(await withGit({ engine, toolchain, name, packageDir, onProgress })) };
    }
    if (wanted.dockerfile !== undefined) {
      const name = wanted.dockerfile;
      const baseImage = async (): Promise<string> => (await this.ensureBase(onProgress)).image.id;
      const toolchain = await ensureDockerfileImage({ engine, dockerfile: name, baseImage, onProgress });
      return { name, ...(await withGit({ engine, toolchain, name, packageDir, onProgress })) };
    }
    const base = await this.ensureBase(onProgress);
    const packages = wanted.packages ?? [];
    const standard = await ensureStandardImage({
      engine,
      base,
      packages,
      packageDir,
      onProgress,
      arch: this.options.arch,
      debian: this.debian,
      npm: this.npm,
      versions: await this.versions,
    });
    const name = [base.name, ...packages].join(" + ");
    return { name, image: standard.image, built: base.built || standard.built };
  }

  private async ensureBase(onProgress: OnProgress): Promise<BaseImage> {
    return ensureBaseImage({
      engine: this.engine,
      debian: new DebianBase({ ...this.options, engine: this.engine, packages: this.debian }),
      configured: this.options.baseImage,
      publicDefault: (await this.versions).baseImage,
      onProgress,
    });
  }
}
