import { readFile } from "node:fs/promises";
import path from "node:path";
import { messageOf, NightwardenError } from "../core/nightwarden-error.ts";
import { aptEntries, aptNetwork } from "./apt-in-container.ts";
import { fetchImage } from "./base-image.ts";
import { contentHash, fileEntry, hashEntries, readFolder } from "./context.ts";
import { parseDockerignore } from "./dockerignore.ts";
import { readImageContents } from "./image-contents.ts";
import type { EngineImage, ImageEngine } from "./image-engine.ts";
import { installAsLayer } from "./install-container.ts";

type OnProgress = (line: string) => void;

interface UserImage {
  readonly image: EngineImage;
  readonly built: boolean;
}

/** A toolchain that exists as an image: used as it is on the engine, fetched only where it is missing. */
export async function ensureNamedImage(
  engine: ImageEngine,
  name: string,
  onProgress: OnProgress,
): Promise<UserImage> {
  const present = await engine.find(name);
  if (present) return { image: present, built: false };
  return { image: await fetchImage(engine, name, onProgress), built: true };
}

/** A toolchain that a repository describes itself. The context is the Dockerfile's folder. */
export async function ensureDockerfileImage(options: {
  readonly engine: ImageEngine;
  /** The host's path of the Dockerfile. */
  readonly dockerfile: string;
  /** Given as the build argument BASE_IMAGE to a Dockerfile that declares one. */
  readonly baseImage: () => Promise<string>;
  readonly onProgress: OnProgress;
}): Promise<UserImage> {
  const { engine, dockerfile, onProgress } = options;
  const folder = path.dirname(dockerfile);
  const name = path.basename(dockerfile);
  const text = await readText(dockerfile);
  if (text === undefined) {
    throw new NightwardenError({
      code: "refused.image",
      message: `there is no Dockerfile at ${dockerfile}`,
      hint: "Correct the repository's dockerfile in nightwarden.yaml.",
    });
  }
  const ignoreText =
    (await readText(`${dockerfile}.dockerignore`)) ?? (await readText(path.join(folder, ".dockerignore")));
  const isIgnored = parseDockerignore(ignoreText ?? "");
  const context = await readFolder({
    folder,
    prefix: "",
    keep: (relativePath) => relativePath === name || !isIgnored(relativePath),
  });
  const args: Record<string, string> = /^\s*ARG\s+BASE_IMAGE\b/im.test(text)
    ? { BASE_IMAGE: await options.baseImage() }
    : {};
  const content = contentHash({ name, args, context: await hashEntries(context) });
  const tag = `nightwarden-user:${content}`;
  const found = await engine.find(tag);
  if (found) return { image: found, built: false };
  const image = await engine.build({
    tag,
    content,
    args,
    onProgress,
    what: `the image of ${dockerfile}`,
    dockerfile: name,
    entries: context,
  });
  return { image, built: true };
}

/** Agents work better with git, but need not have it: a toolchain without it is used where none can be added. */
export async function withGit(options: {
  readonly engine: ImageEngine;
  readonly toolchain: UserImage;
  readonly name: string;
  readonly packageDir: string;
  readonly onProgress: OnProgress;
}): Promise<UserImage> {
  const { engine, toolchain, onProgress } = options;
  const script = await readFile(path.join(options.packageDir, "docker", "toolchain", "install.sh"), "utf8");
  const content = contentHash({ toolchain: toolchain.image.id, packages: ["git"], script });
  const tag = `nightwarden-toolchain:${content}`;
  const found = await engine.find(tag);
  if (found) return { image: found, built: false };
  const contents = await readImageContents(engine, toolchain.image);
  if (contents.hasGit || !contents.hasApt) return toolchain;
  try {
    const image = await installAsLayer({
      engine,
      tag,
      content,
      onProgress,
      what: `git in ${options.name}`,
      image: toolchain.image.id,
      entries: [fileEntry("install.sh", script), ...(await aptEntries(["git"]))],
      network: aptNetwork(),
    });
    return { image, built: true };
  } catch (error) {
    onProgress(`${options.name} is used without git: ${messageOf(error)}`);
    return toolchain;
  }
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
