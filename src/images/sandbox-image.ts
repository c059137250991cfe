import { readFile } from "node:fs/promises";
import path from "node:path";
import { NightwardenError } from "../core/nightwarden-error.ts";
import { contentHash, fileEntry, hashEntries, readFolder, type ContextEntry } from "./context.ts";
import { readImageContents } from "./image-contents.ts";
import type { EngineImage, ImageEngine } from "./image-engine.ts";
import type { NpmStore } from "./npm-store.ts";
import { programFiles } from "./program-files.ts";
import type { Versions } from "./versions.ts";

/** Puts our parts on top of a toolchain. The result is what sandboxes are made from. */
export async function ensureSandboxImage(options: {
  readonly engine: ImageEngine;
  readonly toolchain: EngineImage;
  /** For people. */
  readonly toolchainName: string;
  readonly arch: string;
  /** A folder that the agent finds at /opt/agent. */
  readonly agentFiles: string | undefined;
  readonly npm: NpmStore;
  readonly versions: Versions;
  readonly packageDir: string;
  readonly onProgress: (line: string) => void;
}): Promise<{ readonly image: EngineImage; readonly built: boolean }> {
  const { engine, toolchain, onProgress } = options;
  const entries = await contextEntries(options.packageDir, options.agentFiles);
  const content = contentHash({
    toolchain: toolchain.id,
    node: options.versions.node,
    entries: await hashEntries(entries),
  });
  const tag = `nightwarden-sandbox:${content}`;
  const found = await engine.find(tag);
  if (found) return { image: found, built: false };

  await refuseUnfit(engine, toolchain, options.toolchainName, options.arch);
  const node = await options.npm.node(options.versions.node, options.arch, onProgress);
  const image = await engine.build({
    what: `the sandbox's image on ${options.toolchainName}`,
    tag,
    content,
    dockerfile: "Dockerfile",
    args: { BASE_IMAGE: toolchain.id },
    entries: [...entries, { type: "file", path: "node", executable: true, source: { file: node } }],
    onProgress,
  });
  return { image, built: true };
}

async function contextEntries(packageDir: string, agentFiles: string | undefined): Promise<ContextEntry[]> {
  const recipe = path.join(packageDir, "docker", "sandbox");
  const entries: ContextEntry[] = [
    fileEntry("Dockerfile", await readFile(path.join(recipe, "Dockerfile"), "utf8")),
    fileEntry("prepare.sh", await readFile(path.join(recipe, "prepare.sh"), "utf8")),
    { type: "folder", path: "lib" },
    fileEntry("lib/package.json", '{ "type": "module" }\n'),
    ...(await programFiles(packageDir)),
    { type: "folder", path: "agent" },
  ];
  if (agentFiles !== undefined) entries.push(...(await readFolder({ folder: agentFiles, prefix: "agent/" })));
  return entries;
}

/** Says before the build what it would fail of, in words that help. */
async function refuseUnfit(
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
