import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import { finished } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { pack } from "tar-stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ReadyImage } from "../../src/contracts/images.ts";
import { NightwardenError } from "../../src/core/nightwarden-error.ts";
import { findEngine, type Engine } from "../../src/engine/find-engine.ts";
import { createImages, type EngineImages, type Toolchain } from "../../src/images/create-images.ts";
import { runInImage } from "./run-in-image.ts";

const packageDir = fileURLToPath(new URL("../..", import.meta.url));
const cacheDir = path.join(process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache"), "nightwarden");
/** Where Debian says which packages there are. */
const HOST_SOURCES = "/etc/apt/sources.list.d";
const BUILD_MS = 300_000;

let engine: Engine;
let folder: string;
const tags: string[] = [];

beforeAll(async () => {
  engine = await findEngine({ env: process.env });
  folder = await mkdtemp(path.join(tmpdir(), "nw-images-é "));
});

afterAll(async () => {
  for (const tag of tags) await engine.docker.getImage(tag).remove({ force: true });
  // What the Dockerfiles of this file made; each is only in these tests, and so are the images on top of them.
  const made = await engine.docker.listImages({ filters: { label: ["nightwarden.test=images"] } });
  const ours = made.flatMap((image) => image.RepoTags ?? []).filter((tag) => tag !== "<none>:<none>");
  for (const tag of ours) await engine.docker.getImage(tag).remove({ force: true });
  await rm(folder, { recursive: true, force: true });
});

function imagesWith(toolchain: Toolchain): EngineImages {
  return createImages({
    buildPrefix: "nightwarden-build-tests",
    docker: engine.docker,
    arch: engine.arch,
    cacheDir,
    packageDir,
    repositories: new Map([["app", toolchain]]),
  });
}

async function ensure(toolchain: Toolchain): Promise<ReadyImage> {
  return imagesWith(toolchain).ensure("app", () => undefined);
}

async function run(image: string, command: string): Promise<{ exitCode: number; output: string }> {
  return runInImage(engine.docker, image, command);
}

async function dockerfile(name: string, lines: readonly string[]): Promise<string> {
  const context = path.join(folder, name);
  await mkdir(context, { recursive: true });
  const file = path.join(context, "Dockerfile");
  await writeFile(file, `${[...lines, "LABEL nightwarden.test=images"].join("\n")}\n`);
  return file;
}

/** What the last Dockerfile became, without our parts. */
async function newestUserImage(): Promise<{ readonly Id: string }> {
  const built = await engine.docker.listImages({ filters: { reference: ["nightwarden-user"] } });
  const own = built.toSorted((a, b) => b.Created - a.Created)[0];
  if (!own) throw new Error("the Dockerfile's image was not built");
  return own;
}

async function refusal(toolchain: Toolchain): Promise<NightwardenError> {
  const error: unknown = await ensure(toolchain).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof NightwardenError) return error;
  throw new Error("was not refused", { cause: error });
}

/** Makes an image of a few empty files. */
async function importImage(tag: string, files: readonly string[]): Promise<void> {
  const tar = pack();
  for (const name of files) tar.entry({ name }, "");
  tar.finalize();
  const bytes: Uint8Array[] = [];
  for await (const chunk of tar as AsyncIterable<Uint8Array>) bytes.push(chunk);
  const [repo, version] = tag.split(":");
  const body = new PassThrough();
  body.end(Buffer.concat(bytes));
  const answer = await engine.docker.importImage(body, { repo, tag: version });
  await finished(answer.resume());
  tags.push(tag);
}

describe("the standard image", () => {
  let image: ReadyImage;

  beforeAll(async () => {
    image = await ensure({});
  }, BUILD_MS);

  it("has node, npm, npx and git", async () => {
    const { output } = await run(
      image.id,
      "node --version && npm --version && npx --version && git --version",
    );
    expect(output).toMatch(/^v24\.\d+\.\d+\s+\d+\.\d+\.\d+\s+\d+\.\d+\.\d+\s+git version 2\./);
  });

  it("has our programs, and they start", async () => {
    const { exitCode, output } = await run(image.id, "node /opt/nightwarden/lib/shim/main.js </dev/null");
    expect(output).toContain('"type":"self-check"');
    // 64: it was given no job.
    expect(exitCode).toBe(64);
    for (const program of ["collector", "gateway"]) {
      const checked = await run(image.id, `node --check /opt/nightwarden/lib/${program}/main.js`);
      expect(checked).toEqual({ exitCode: 0, output: "" });
    }
  });

  it("is the collector's too", async () => {
    expect((await imagesWith({}).ensureCollector(() => undefined)).id).toBe(image.id);
  });

  it("has the place of the way out, where only root could put something else", async () => {
    const { output } = await run(image.id, "stat -c '%U:%G %a' /run/gateway");
    expect(output).toBe("root:root 755");
  });

  it("has the places where a sandbox mounts, and no program with the setuid or setgid bit", async () => {
    const { output } = await run(
      image.id,
      "ls -d /task /home/agent /tmp /opt/agent; find / -xdev -type f -perm /6000 2>/dev/null; true",
    );
    expect(output.split(/\s+/).sort()).toEqual(["/home/agent", "/opt/agent", "/task", "/tmp"]);
  });

  it("starts as nobody, and does nothing by itself", async () => {
    const { Config } = await engine.docker.getImage(image.id).inspect();
    expect(Config.User).toBe("65534:65534");
    expect(Config.Entrypoint ?? []).toEqual([]);
    expect(Config.Cmd ?? []).toEqual([]);
    expect(Config.Labels).toMatchObject({ "nightwarden.managed": "image" });
  });

  it("knows neither this machine's package sources nor its proxies nor its certificates", async () => {
    const { output } = await run(
      image.id,
      "cat /etc/apt/sources.list /etc/apt/sources.list.d/* /etc/apt/apt.conf.d/*proxy* 2>/dev/null; ls -A /mnt; env | grep -i proxy; true",
    );
    expect(output).toBe("");
  });

  it("is not built again while nothing has changed", async () => {
    const images = imagesWith({});
    await images.ensure("app", () => undefined);
    const startedAt = performance.now();
    const again = await images.ensure("app", () => undefined);
    expect(again).toMatchObject({ id: image.id, built: false });
    expect(performance.now() - startedAt).toBeLessThan(100);
  });

  it("brings the agent's files to /opt/agent", async () => {
    const agentFiles = path.join(folder, "agent");
    await mkdir(agentFiles, { recursive: true });
    await writeFile(path.join(agentFiles, "hello.mjs"), 'console.log("hello")\n');
    const { id } = await ensure({ agentFiles });
    tags.push(id);
    expect(await run(id, "node /opt/agent/hello.mjs")).toEqual({ exitCode: 0, output: "hello" });
  });
});

describe("an image with packages", () => {
  it("has them, and the standard image's tools", { timeout: BUILD_MS }, async () => {
    const image = await ensure({ packages: ["python3"] });
    expect(image.base).toContain("python3");
    const { output } = await run(
      image.id,
      "python3 -m unittest --help | head -n 1; node --version; npm --version",
    );
    expect(output).toMatch(/^usage: .*unittest/);
    expect(output).toContain("v24.");
  });

  it("is refused where a name could be an option for apt", async () => {
    const error = await refusal({ packages: ["--allow-unauthenticated"] });
    expect(error.message).toContain('"--allow-unauthenticated"');
  });

  it("is refused, with apt's own words, where a package does not exist", { timeout: BUILD_MS }, async () => {
    const error = await refusal({ packages: ["no-such-package-here"] });
    expect(error.code).toBe("refused.image");
    expect(error.message).toContain("no-such-package-here");
  });
});

describe("a repository's own Dockerfile", () => {
  it(
    "is built on our base where it asks for it, without what .dockerignore names",
    { timeout: BUILD_MS },
    async () => {
      const file = await dockerfile("own", [
        "ARG BASE_IMAGE",
        "FROM ${BASE_IMAGE}",
        "COPY . /srv/",
        'ENTRYPOINT ["false"]',
      ]);
      const context = path.dirname(file);
      await writeFile(path.join(context, "tool.txt"), "a tool\n");
      await writeFile(path.join(context, "secret.txt"), "not for an image\n");
      await writeFile(path.join(context, ".dockerignore"), "secret.txt\n");
      const image = await ensure({ dockerfile: file });
      tags.push(image.id);
      expect(image.base).toBe(file);
      expect((await run(image.id, "cat /srv/tool.txt; ls /srv")).output).toMatch(
        /^a tool\s+Dockerfile\s+tool\.txt$/,
      );
      expect(await ensure({ dockerfile: file })).toMatchObject({ id: image.id, built: false });
      await writeFile(path.join(context, "tool.txt"), "another tool\n");
      const changed = await ensure({ dockerfile: file });
      expect(changed).toMatchObject({ built: true });
    },
  );

  it(
    "is refused with the end of the build's output where the build fails",
    { timeout: BUILD_MS },
    async () => {
      const file = await dockerfile("broken", [
        "ARG BASE_IMAGE",
        "FROM ${BASE_IMAGE}",
        "RUN echo it broke here && false",
      ]);
      const error = await refusal({ dockerfile: file });
      expect(error.code).toBe("refused.image");
      expect(error.message).toContain("it broke here");
      expect(error.message).toContain("returned a non-zero code: 1");
    },
  );

  it("is refused where there is none", async () => {
    const error = await refusal({ dockerfile: path.join(folder, "nowhere", "Dockerfile") });
    expect(error.message).toContain("there is no Dockerfile");
  });
});

describe("an image of the user's", () => {
  it(
    "keeps its PATH in a login shell, in which some clients start commands",
    { timeout: BUILD_MS },
    async () => {
      const file = await dockerfile("tools", [
        "ARG BASE_IMAGE",
        "FROM ${BASE_IMAGE}",
        `ENV PATH="/srv/it's/bin:$PATH"`,
        `RUN mkdir -p "/srv/it's/bin" && printf '#!/bin/sh\\necho found\\n' >"/srv/it's/bin/tool" && chmod 755 "/srv/it's/bin/tool"`,
      ]);
      const image = await ensure({ dockerfile: file });
      const inLoginShell = "bash -lc 'tool; echo $PATH'; bash -c 'echo $PATH'";
      const [tool, login, other] = (await run(image.id, inLoginShell)).output.split(/\s+/);
      expect([tool, login]).toEqual(["found", other]);
      expect(login).toMatch(/^\/srv\/it's\/bin:.*:\/opt\/nightwarden\/bin:/);
      // The same without our parts: the tool is there, and a login shell does not find it.
      const { output } = await run(
        (await newestUserImage()).Id,
        "bash -c tool; bash -lc tool || echo missing",
      );
      expect(output).toMatch(/^found\s[^]*missing$/);
    },
  );

  it("gets our parts, and keeps its own Node first", { timeout: BUILD_MS }, async () => {
    const file = await dockerfile("named", [
      "ARG BASE_IMAGE",
      "FROM ${BASE_IMAGE}",
      "RUN printf '#!/bin/sh\\necho its own\\n' >/usr/local/bin/node && chmod 755 /usr/local/bin/node",
    ]);
    await ensure({ dockerfile: file });
    const own = await newestUserImage();
    await engine.docker.getImage(own.Id).tag({ repo: "nightwarden-test-own", tag: "1" });
    const image = await ensure({ image: "nightwarden-test-own:1" });
    expect(image.base).toBe("nightwarden-test-own:1");
    const { output } = await run(image.id, "node; /opt/nightwarden/bin/node --version");
    expect(output).toMatch(/^its own\s+v24\./);
  });

  it(
    "gets git from its own apt where it has none, and nothing of this machine with it",
    { timeout: BUILD_MS },
    async () => {
      const file = await dockerfile("without-git", [
        "ARG BASE_IMAGE",
        "FROM ${BASE_IMAGE}",
        "RUN dpkg --purge git",
        "COPY sources /etc/apt/sources.list.d/",
      ]);
      await cp(HOST_SOURCES, path.join(path.dirname(file), "sources"), { recursive: true });
      const image = await ensure({ dockerfile: file });
      const { output } = await run(
        image.id,
        "git --version; ls -A /mnt; find / -xdev -name ca.crt 2>/dev/null; env | grep -i proxy; ls -A /var/lib/apt/lists; true",
      );
      expect(output).toMatch(/^git version \S+$/);
    },
  );

  it("is refused with a hint where it is built on musl", async () => {
    const loader = engine.arch === "arm64" ? "lib/ld-musl-aarch64.so.1" : "lib/ld-musl-x86_64.so.1";
    await importImage("nightwarden-test-musl:1", [loader]);
    // Before anything is fetched for it: there is no such version.
    const clients = [{ name: "claude", version: "0.0.0" }] as const;
    const error = await refusal({ image: "nightwarden-test-musl:1", clients });
    expect(error.code).toBe("refused.image");
    expect(error.message).toContain("musl");
    expect(error.hint).toContain("slim");
  });

  it("is refused where it has no system at all", async () => {
    await importImage("nightwarden-test-empty:1", ["nothing"]);
    expect((await refusal({ image: "nightwarden-test-empty:1" })).message).toContain("has no glibc");
  });

  it(
    "is refused where it declares volumes, which no limit would hold for",
    { timeout: BUILD_MS },
    async () => {
      const file = await dockerfile("volume", ["ARG BASE_IMAGE", "FROM ${BASE_IMAGE}", "VOLUME /var/data"]);
      expect((await refusal({ dockerfile: file })).message).toContain("/var/data");
    },
  );

  it("is refused with what the engine says where it does not exist", { timeout: BUILD_MS }, async () => {
    const error = await refusal({ image: "nightwarden-test-missing.invalid/x:1" });
    expect(error.code).toBe("refused.image");
    expect(error.message).toContain("nightwarden-test-missing.invalid/x:1");
  });
});

it("names a repository that does not exist", async () => {
  await expect(imagesWith({}).ensure("other", () => undefined)).rejects.toThrow("no repository named other");
});
