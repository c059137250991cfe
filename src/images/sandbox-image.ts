import { readFile } from "node:fs/promises";
import path from "node:path";
import { contentHash, fileEntry, hashEntries, readFolder, type ContextEntry } from "./context.ts";
import type { EngineImage, ImageEngine } from "./image-engine.ts";
import type { NpmStore } from "./npm-store.ts";
import { programFiles } from "./program-files.ts";
import { refuseUnfit } from "./refuse-unfit.ts";
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
