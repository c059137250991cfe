import { appendFile, cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ReadyImage } from "../../src/contracts/images.ts";
import { CLIENTS, clientProgram, PINNED_VERSIONS, type PinnedClient } from "../../src/core/client.ts";
import { NightwardenError } from "../../src/core/nightwarden-error.ts";
import { findEngine, type Engine } from "../../src/engine/find-engine.ts";
import { createImages, type Toolchain } from "../../src/images/create-images.ts";
import { runInImage } from "./run-in-image.ts";

const ownPackageDir = fileURLToPath(new URL("../..", import.meta.url));
const cacheDir = path.join(process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache"), "nightwarden");
/** Some hundred megabytes are fetched where scripts/images has not done it before. */
const BUILD_MS = 300_000;
const CLIENTS_TAG = "nightwarden-clients";

const both: readonly PinnedClient[] = CLIENTS.map((name) => ({ name, version: PINNED_VERSIONS[name] }));

let engine: Engine;
let folder: string;
let image: ReadyImage;
/** Images that are only in these tests. */
const made: string[] = [];

beforeAll(async () => {
  engine = await findEngine({ env: process.env });
  folder = await mkdtemp(path.join(tmpdir(), "nw-clients-é "));
  image = (await ensure({ clients: both })).image;
}, BUILD_MS);

afterAll(async () => {
  for (const id of made) await engine.docker.getImage(id).remove({ force: true });
  await rm(folder, { recursive: true, force: true });
});

async function ensure(
  toolchain: Toolchain,
  where: { readonly packageDir?: string; readonly cacheDir?: string } = {},
): Promise<{ readonly image: ReadyImage; readonly progress: readonly string[] }> {
  const progress: string[] = [];
  const images = createImages({
    buildPrefix: "nightwarden-build-tests",
    docker: engine.docker,
    arch: engine.arch,
    cacheDir,
    packageDir: ownPackageDir,
    ...where,
    repositories: new Map([["app", toolchain]]),
  });
  return { image: await images.ensure("app", (line) => progress.push(line)), progress };
}

async function run(id: string, command: string): Promise<{ exitCode: number; output: string }> {
  return runInImage(engine.docker, id, command);
}

async function layersOf(id: string): Promise<readonly string[]> {
  const { RootFS } = await engine.docker.getImage(id).inspect();
  return RootFS.Layers ?? [];
}

/** The layers that hold clients, of all images on the engine. */
async function clientLayers(): Promise<string[]> {
  const images = await engine.docker.listImages({ filters: { reference: [CLIENTS_TAG] } });
  return images.map(({ Id }) => Id).sort();
}

/** An installation of Nightwarden like this one, in which `change` can change our own programs. */
async function changedInstallation(change: (packageDir: string) => Promise<void>): Promise<string> {
  const packageDir = path.join(folder, "installation");
  await mkdir(packageDir);
  await symlink(path.join(ownPackageDir, "docker"), path.join(packageDir, "docker"));
  await cp(path.join(ownPackageDir, "dist"), path.join(packageDir, "dist"), { recursive: true });
  await change(packageDir);
  return packageDir;
}

describe("an image with the clients of agents", () => {
  it.each([
    ["claude", `${PINNED_VERSIONS.claude} (Claude Code)`],
    ["codex", `codex-cli ${PINNED_VERSIONS.codex}`],
  ] as const)("has %s at its pinned version, and it starts in a sandbox", async (name, version) => {
    // Codex warns on standard error of a home that it cannot write to.
    const started = await run(image.id, `${clientProgram(name)} --version 2>/dev/null`);
    expect(started).toEqual({ exitCode: 0, output: version });
  });

  it("has them in the PATH, where the image's own programs come first", async () => {
    const { output } = await run(image.id, "command -v claude; command -v codex; echo $PATH");
    const [claude, codex, searched] = output.split(/\s+/);
    expect([claude, codex]).toEqual([clientProgram("claude"), clientProgram("codex")]);
    expect(searched).toMatch(/:\/opt\/clients\/bin$/);
  });

  it("has the helpers that Codex looks for beside its program, and none for a microphone", async () => {
    const { exitCode, output } = await run(
      image.id,
      'cd "$(dirname "$(readlink -f /opt/clients/bin/codex)")/.."; codex-path/rg --version | head -n 1; ls codex-package.json; ls codex-resources',
    );
    expect(exitCode).toBe(0);
    expect(output).toMatch(/^ripgrep \d+\.\S+.*\s+codex-package\.json\s+bwrap$/);
  });

  it("lets everybody read and start them, and nobody but root change them", async () => {
    const find = (which: string): string => `find -L /opt/clients ${which}`;
    const { output } = await run(
      image.id,
      [
        find("! -user 0 -o ! -group 0"),
        find("-perm /6022"),
        find("! -perm -0444"),
        find("-type d ! -perm -0555"),
        find("-path '*/bin/*' ! -perm -0555"),
        `echo counted $(${find("-path '*/bin/*' -perm -0555")} | wc -l)`,
      ].join("; "),
    );
    // Two links and the programs that they lead to, of which one has another beside it.
    expect(output).toMatch(/^counted [4-9]$/);
  });

  it("says which versions it has", async () => {
    const { Config } = await engine.docker.getImage(image.id).inspect();
    expect(Config.Labels).toMatchObject({
      "nightwarden.client.claude": PINNED_VERSIONS.claude,
      "nightwarden.client.codex": PINNED_VERSIONS.codex,
    });
  });

  it("starts as nobody, and does nothing by itself", async () => {
    const { Config } = await engine.docker.getImage(image.id).inspect();
    expect([Config.User, Config.Entrypoint ?? [], Config.Cmd ?? []]).toEqual(["65534:65534", [], []]);
  });

  it("does not copy them again when our own programs change", { timeout: BUILD_MS }, async () => {
    const packageDir = await changedInstallation(async (changed) => {
      await appendFile(path.join(changed, "dist", "shim", "main.js"), "// changed\n");
    });
    const before = await clientLayers();
    const after = await ensure({ clients: both }, { packageDir });
    made.push(after.image.id);
    expect(after.image).toMatchObject({ built: true });
    expect(after.image.id).not.toBe(image.id);
    expect(await clientLayers()).toEqual(before);
    expect(before.length).toBeGreaterThanOrEqual(CLIENTS.length);
    expect(after.progress.filter((line) => line.includes("the layer of"))).toEqual([]);
  });

  it("shares them with another repository on the same toolchain", { timeout: BUILD_MS }, async () => {
    const agentFiles = path.join(folder, "agent");
    await mkdir(agentFiles);
    await writeFile(path.join(agentFiles, "hello.mjs"), "\n");
    const other = await ensure({ clients: both.toReversed(), agentFiles });
    made.push(other.image.id);
    const none = await layersOf((await ensure({})).image.id);
    const shared = new Set(await layersOf(other.image.id));
    const common = (await layersOf(image.id)).filter((layer) => shared.has(layer));
    const toolchain = none.filter((layer) => shared.has(layer));
    expect(other.image.id).not.toBe(image.id);
    expect(common.length).toBeGreaterThanOrEqual(toolchain.length + CLIENTS.length);
  });
});

describe("a repository without clients", () => {
  it("has none of them", { timeout: BUILD_MS }, async () => {
    const { image: without } = await ensure({});
    const { exitCode } = await run(without.id, "ls -d /opt/clients || command -v claude || command -v codex");
    expect(exitCode).not.toBe(0);
    expect(without.id).not.toBe(image.id);
  });
});

describe("a client that cannot be had", () => {
  async function refusal(
    version: string,
    where: { readonly cacheDir?: string } = {},
  ): Promise<NightwardenError> {
    const clients: readonly PinnedClient[] = [{ name: "claude", version }];
    const error: unknown = await ensure({ clients }, where).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (error instanceof NightwardenError) return error;
    throw new Error("was not refused", { cause: error });
  }

  it("is refused, with npm's own words and a version that works", { timeout: BUILD_MS }, async () => {
    const error = await refusal("2.1.99999");
    expect(error.code).toBe("refused.image");
    expect(error.message).toMatch(/@2\.1\.99999 could not be fetched: .*(?:No matching version|ETARGET)/);
    expect(error.hint).toContain(PINNED_VERSIONS.claude);
  });

  it("is refused where its package is built in a way that we do not know", async () => {
    const name = `@anthropic-ai/claude-code-linux-${engine.arch === "arm64" ? "arm64" : "x64"}`;
    const other = path.join(folder, "cache");
    const unpacked = path.join(other, `${name.slice(1).replace("/", "-")}-9.9.9`);
    await mkdir(unpacked, { recursive: true });
    await writeFile(path.join(unpacked, "package.json"), JSON.stringify({ name, version: "9.9.9" }));
    await writeFile(path.join(unpacked, "claude"), "not executable\n", { mode: 0o644 });
    const before = await clientLayers();
    const error = await refusal("9.9.9", { cacheDir: other });
    expect(error.code).toBe("refused.image");
    expect(error.message).toContain("no program at claude");
    expect(error.hint).toContain(PINNED_VERSIONS.claude);
    expect(await clientLayers()).toEqual(before);
  });
});
