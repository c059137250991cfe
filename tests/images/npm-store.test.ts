import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, utimes } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { createGzip } from "node:zlib";
import { pack } from "tar-stream";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { NightwardenError } from "../../src/core/nightwarden-error.ts";
import { clientPackages } from "../../src/images/client-package.ts";
import type { NodeArch } from "../../src/images/node-arch.ts";
import { NpmStore } from "../../src/images/npm-store.ts";
import { runProcess } from "../../src/lib/run-process.ts";

const VERSION = "1.2.3";
const DAY_S = 24 * 60 * 60;
const repositoryDir = path.join(import.meta.dirname, "../..");

let folder: string;
let cacheDir: string;
let registry: Server;
/** What was asked of the registry. */
let asked: string[];
/** What the registry holds for any name: its bytes, and the hash that it gives for them. */
let tarball: Buffer;
let integrity: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "nw-npm-"));
  cacheDir = path.join(folder, "cache");
  asked = [];
  await offer({ name: "@anthropic-ai/claude-code-linux-x64", version: VERSION });
  registry = await startRegistry();
  const { port } = registry.address() as AddressInfo;
  // Nothing of this machine's own configuration: it may name another registry for these very packages.
  vi.stubEnv("npm_config_registry", `http://127.0.0.1:${port}/`);
  vi.stubEnv("npm_config_userconfig", path.join(folder, "user-npmrc"));
  vi.stubEnv("npm_config_globalconfig", path.join(folder, "global-npmrc"));
  vi.stubEnv("npm_config_cache", path.join(folder, "npm"));
  vi.stubEnv("npm_config_noproxy", "127.0.0.1");
  vi.stubEnv("npm_config_update_notifier", "false");
  // npm asks again for bytes that are wrong, after a minute.
  vi.stubEnv("npm_config_fetch_retries", "0");
});

afterEach(async () => {
  vi.unstubAllEnvs();
  registry.closeAllConnections();
  registry.close();
  await rm(folder, { recursive: true, force: true });
});

/** Puts a package into the registry. */
async function offer(manifest: { readonly name: string; readonly version: string }): Promise<void> {
  const tar = pack();
  tar.entry({ name: "package/package.json" }, JSON.stringify({ ...manifest, scripts: scripts() }));
  tar.entry({ name: "package/claude", mode: 0o755 }, "#!/bin/sh\n");
  tar.finalize();
  tarball = await buffer(tar.pipe(createGzip()));
  integrity = integrityOf(tarball);
}

/** Each leaves a mark. */
function scripts(): Record<string, string> {
  const names = ["preinstall", "install", "postinstall", "prepare", "prepack", "postpack"];
  return Object.fromEntries(names.map((name) => [name, `touch ${path.join(folder, "script-ran")}`]));
}

function integrityOf(bytes: Buffer): string {
  return `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
}

async function startRegistry(): Promise<Server> {
  const server = createServer((request, response) => {
    const url = decodeURIComponent(request.url ?? "");
    asked.push(url);
    if (url.endsWith(".tgz")) {
      response.end(tarball);
      return;
    }
    const name = url.slice(1);
    const dist = { integrity, tarball: `http://${request.headers.host}${url}.tgz` };
    response.setHeader("content-type", "application/json");
    response.end(
      JSON.stringify({
        name,
        "dist-tags": { latest: VERSION },
        versions: {
          [VERSION]: { name, version: VERSION, dist, hasInstallScript: true, scripts: scripts() },
        },
      }),
    );
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return server;
}

async function fetchClaude(arch: NodeArch = "x64"): Promise<string> {
  const store = new NpmStore({ cacheDir, packageDir: repositoryDir });
  const [wanted] = clientPackages([{ name: "claude", version: VERSION }], arch);
  if (!wanted) throw new Error("no package");
  return store.client(wanted, () => undefined);
}

async function refusal(): Promise<NightwardenError> {
  const error: unknown = await fetchClaude().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof NightwardenError) return error;
  throw new Error("was not refused", { cause: error });
}

describe("a client's package", () => {
  it("comes from the registry that this machine's npm uses, once", async () => {
    const found = await fetchClaude();
    expect((await readdir(found)).sort()).toEqual(["claude", "package.json"]);
    expect(asked[0]).toBe("/@anthropic-ai/claude-code-linux-x64");
    const count = asked.length;
    expect(await fetchClaude()).toBe(found);
    expect(asked).toHaveLength(count);
    expect(await readdir(cacheDir)).toEqual([path.basename(found)]);
  });

  it("is the one for the engine's processor, whatever this machine's own is", async () => {
    await offer({ name: "@anthropic-ai/claude-code-linux-arm64", version: VERSION });
    const found = await fetchClaude("arm64");
    expect(asked[0]).toBe("/@anthropic-ai/claude-code-linux-arm64");
    expect(await readFile(path.join(found, "package.json"), "utf8")).toContain("linux-arm64");
  });

  it("runs none of its scripts", async () => {
    const mark = path.join(folder, "script-ran");
    await fetchClaude();
    expect(existsSync(mark)).toBe(false);
    // The same package, installed: its scripts do leave a mark.
    const env = Object.entries(process.env).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    );
    await runProcess({
      name: "npm install",
      file: "/bin/sh",
      args: [
        "-c",
        `npm install --no-audit --force --ignore-scripts=false @anthropic-ai/claude-code-linux-x64@${VERSION}`,
      ],
      cwd: folder,
      env: Object.fromEntries(env),
      timeoutMs: 60_000,
      maxStdoutBytes: 1_000_000,
    });
    expect(existsSync(mark)).toBe(true);
  });

  it("is refused where its bytes are not those that the registry gives the hash of", async () => {
    integrity = integrityOf(Buffer.from("other bytes"));
    const error = await refusal();
    expect(error.code).toBe("refused.image");
    expect(error.message).toContain("EINTEGRITY");
    expect(await readdir(cacheDir)).toEqual([]);
  });

  it.each([
    { name: "@anthropic-ai/claude-code-linux-x64", version: "1.2.4" },
    { name: "@anthropic-ai/claude-code-linux-x64-musl", version: VERSION },
  ])("is refused, and not kept, where it says itself that it is $name $version", async (manifest) => {
    await offer(manifest);
    const error = await refusal();
    expect(error.code).toBe("refused.image");
    expect(error.message).toContain(`gave ${manifest.name}@${manifest.version}`);
    expect(error.hint).toContain("npm config get registry");
    expect(await readdir(cacheDir)).toEqual([]);
  });

  it("takes the place of what a killed fetch left, and leaves one that is under way alone", async () => {
    const [old, young] = [path.join(cacheDir, ".fetch.old"), path.join(cacheDir, ".fetch.young")];
    await mkdir(old, { recursive: true });
    await mkdir(young);
    const before = Date.now() / 1000 - 2 * DAY_S - 60;
    await utimes(old, before, before);
    const found = await fetchClaude();
    expect((await readdir(cacheDir)).sort()).toEqual([".fetch.young", path.basename(found)]);
  });
});
