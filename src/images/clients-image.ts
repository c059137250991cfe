import { existsSync } from "node:fs";
import path from "node:path";
import { clientProgram, type PinnedClient } from "../core/client.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import { addFiles } from "./add-files.ts";
import { clientPackages, hintOfVersion, type ClientPackage } from "./client-package.ts";
import { contentHash, readFolder, type ContextEntry } from "./context.ts";
import type { EngineImage, ImageEngine } from "./image-engine.ts";
import { nodeArchOf } from "./node-arch.ts";
import type { NpmStore } from "./npm-store.ts";
import { refuseUnfit } from "./refuse-unfit.ts";

/** From an image's root. */
const FOLDER = "opt/clients";
/** Before a client's name: the label that says which version of it an image has. */
const LABEL_CLIENT = "nightwarden.client.";

/**
 * Puts agents' clients on top of a toolchain, below our own parts: they are some hundred megabytes, and our parts change
 * more often. Each is a layer of its own, which all repositories on the same toolchain share.
 */
export async function ensureClientsImage(options: {
  readonly engine: ImageEngine;
  readonly toolchain: EngineImage;
  /** For people. */
  readonly toolchainName: string;
  readonly arch: string;
  readonly clients: readonly PinnedClient[];
  readonly npm: NpmStore;
  readonly onProgress: (line: string) => void;
}): Promise<{ readonly image: EngineImage; readonly built: boolean }> {
  const { engine, toolchain, npm, onProgress } = options;
  let image = toolchain;
  let built = false;
  for (const wanted of clientPackages(options.clients, nodeArchOf(options.arch))) {
    const content = contentHash({ image: image.id, wanted });
    const tag = `nightwarden-clients:${content}`;
    const found = await engine.find(tag);
    if (found) {
      image = found;
      continue;
    }
    // Before anything large is fetched or copied.
    if (image === toolchain) await refuseUnfit(engine, toolchain, options.toolchainName, options.arch);
    const { name, version } = wanted.client;
    const entries = await clientEntries(wanted, await npm.client(wanted, onProgress));
    onProgress(`building the layer of ${name} ${version}`);
    image = await addFiles({
      engine,
      tag,
      content,
      entries,
      what: `the layer of ${name} ${version}`,
      image: image.id,
      labels: { [`${LABEL_CLIENT}${name}`]: version },
    });
    built = true;
  }
  return { image, built };
}

/** A client's files in its own folder, and its program where every image has it. */
async function clientEntries(wanted: ClientPackage, packageFolder: string): Promise<ContextEntry[]> {
  const { name, version } = wanted.client;
  const folder = path.join(packageFolder, wanted.folder);
  const prefix = `${FOLDER}/${name}/`;
  const isLeftOut = (relativePath: string): boolean =>
    wanted.leftOut.some((left) => relativePath === left || relativePath.startsWith(`${left}/`));
  const files = existsSync(folder)
    ? await readFolder({ folder, prefix, keep: (relativePath) => !isLeftOut(relativePath) })
    : [];
  const program = files.find((entry) => entry.path === `${prefix}${wanted.program}`);
  if (program?.type !== "file" || !program.executable) {
    throw new NightwardenError({
      code: "refused.image",
      message: `${wanted.name}@${wanted.version} has no program at ${path.posix.join(wanted.folder, wanted.program)}: Nightwarden does not know how ${name} ${version} is packed`,
      hint: hintOfVersion(name),
    });
  }
  return [
    { type: "folder", path: FOLDER },
    { type: "folder", path: `${FOLDER}/bin` },
    { type: "folder", path: `${FOLDER}/${name}` },
    ...files,
    { type: "link", path: clientProgram(name).slice(1), target: `../${name}/${wanted.program}` },
  ];
}
