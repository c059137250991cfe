import { homedir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { findEngine } from "../../src/engine/find-engine.ts";
import { createImages } from "../../src/images/create-images.ts";
import { PrepareWorld } from "./prepare-world.ts";
import { PythonIndex } from "./python-index.ts";

const PASSWORD = "pip_SENTINELsentinel0123456789";
let image: string;
let world: PrepareWorld | undefined;
let index: PythonIndex | undefined;

beforeAll(async () => {
  const engine = await findEngine({ env: process.env });
  const images = createImages({
    buildPrefix: "nightwarden-build-tests-pip",
    docker: engine.docker,
    arch: engine.arch,
    cacheDir: join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "nightwarden"),
    packageDir: join(import.meta.dirname, "../.."),
    repositories: new Map([["python", { packages: ["python3-pip"] }]]),
  });
  ({ id: image } = await images.ensure("python", () => undefined));
}, 600_000);

afterEach(async () => {
  index?.close();
  const left = await world?.dispose();
  world = undefined;
  expect(left).toEqual([]);
});

const VERIFY = [`python3 -c 'import greeting; assert greeting.WORD == "hello"'`, "test -x .venv/bin/python3"];

describe("a repository with a requirements.txt", { timeout: 240_000 }, () => {
  it.each([
    ["a local index, through a tunnel", undefined],
    ["an index that asks for a password, which no container sees", PASSWORD],
  ])("has its packages from %s", async (_name, password) => {
    index = await PythonIndex.start(password);
    world = await PrepareWorld.create("pip", {
      "requirements.txt": `greeting==1.0.0 --hash=sha256:${index.sha256}\n`,
    });
    const state = await world.run({
      image,
      access: index.access(),
      agent: `${VERIFY[0]} && which python3 > python.txt`,
      verify: [...VERIFY, "grep -qx /task/.venv/bin/python3 python.txt"],
      order: { verify: new Map([["app", VERIFY]]) },
    });
    expect([...state.tasks.values()].map(({ result }) => result)).toEqual(["landed"]);
    expect(world.events("capture.finished")).toMatchObject([{ added: 1, changed: 0, refused: [] }]);
    expect(index.server.requests.map(({ target }) => target)).toEqual([
      "/simple/greeting/",
      "/files/greeting-1.0.0-py3-none-any.whl",
    ]);
    expect(JSON.stringify(world.night.events)).not.toContain(PASSWORD);
  });

  it("is refused where a file of the index is not the one that it is locked to", async () => {
    index = await PythonIndex.start();
    world = await PrepareWorld.create("pip-hash", {
      "requirements.txt": `greeting==1.0.0 --hash=sha256:${"0".repeat(64)}\n`,
    });
    await expect(world.run({ image, access: index.access() })).rejects.toMatchObject({
      code: "refused.prepare",
      message: expect.stringContaining("DO NOT MATCH THE HASHES") as string,
    });
  });
});
