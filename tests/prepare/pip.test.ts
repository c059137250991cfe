import { homedir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Inspector } from "../../src/checks/inspector.ts";
import { findEngine } from "../../src/engine/find-engine.ts";
import { createImages } from "../../src/images/create-images.ts";
import type { NightState } from "../../src/core/night-state.ts";
import { GO_ON } from "../night/night-world.ts";
import { PrepareWorld, type PrepareKind } from "./prepare-world.ts";
import { PythonIndex } from "./python-index.ts";

const PASSWORD = "pip_SENTINELsentinel0123456789";
let image: string;
let world: PrepareWorld | undefined;
let index: PythonIndex | undefined;
const checks = new Inspector();

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

afterAll(() => checks.close());
afterEach(async () => {
  index?.close();
  const left = await world?.dispose();
  world = undefined;
  expect(left).toEqual([]);
});

const VERIFY = [`python3 -c 'import greeting; assert greeting.WORD == "hello"'`, "test -x .venv/bin/python3"];

/** As users of their own there is what this machine has, python3-pip among it. */
const KINDS: readonly PrepareKind[] = ["docker", "user"];

describe.each(KINDS)("a repository with a requirements.txt: %s", { timeout: 240_000 }, (kind) => {
  const imageOf = (): { readonly image?: string } => (kind === "docker" ? { image } : {});

  it.each([
    ["a local index, through a tunnel", undefined],
    ["an index that asks for a password, which no container sees", PASSWORD],
  ])("has its packages from %s", async (_name, password) => {
    index = await PythonIndex.start(password);
    const requirements = `greeting==1.0.0 --hash=sha256:${index.sha256}\n`;
    world = await PrepareWorld.create("pip", { "requirements.txt": requirements }, kind);
    const state = await world.run({
      ...imageOf(),
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
    const requirements = `greeting==1.0.0 --hash=sha256:${"0".repeat(64)}\n`;
    world = await PrepareWorld.create("pip-hash", { "requirements.txt": requirements }, kind);
    await expect(world.run({ ...imageOf(), access: index.access() })).rejects.toMatchObject({
      code: "refused.prepare",
      message: expect.stringContaining("DO NOT MATCH THE HASHES") as string,
    });
  });
});

describe("a task that is granted a package of pip", { timeout: 600_000 }, () => {
  const results = (state: NightState) =>
    [...state.tasks.values()].map(({ attempts }) => attempts.at(-1)?.outcome);
  const BASE = { "requirements.txt": "# nothing yet\n" };
  const order = { policy: { ...GO_ON, ignore: [], breakerFailures: 9 } };

  it("has it offline, and lands it with its requirements.txt; one that does not exist fails alone", async () => {
    index = await PythonIndex.start();
    world = await PrepareWorld.create("grant-pip", BASE);
    const state = await world.run({
      image,
      access: index.access(),
      checks,
      grants: { dependencies: ["nowhere==1.0.0"] },
      more: [
        {
          grants: { dependencies: ["greeting==1.0.0"] },
          // What is granted is declared: the checks let product code import it.
          agent: `${VERIFY[0]} && echo 'import greeting' > use.py`,
          verify: [...VERIFY, "python3 use.py"],
        },
        { agent: `${VERIFY[0]} && echo 2 > two.txt`, verify: VERIFY },
      ],
      order,
    });
    expect(results(state)).toMatchObject([
      { reason: "prepare-failed", detail: expect.stringContaining("nowhere==1.0.0") as string },
      { kind: "landed" },
      { kind: "landed" },
    ]);
    expect(world.landedFile(state, "requirements.txt")).toBe("# nothing yet\ngreeting==1.0.0");
    // pip makes no lock file: nothing had to run to add it.
    expect(world.events("grant.finished").map(({ result, files }) => [result, files])).toEqual([
      ["added", ["requirements.txt"]],
      ["added", ["requirements.txt"]],
    ]);
    // The control: without the grant it is not there.
    const without = await world.run({ image, access: index.access(), agent: `${VERIFY[0]}`, order });
    expect(results(without)).toMatchObject([{ kind: "failed", reason: "agent-failed" }]);
  });

  it("and one that changes its requirements itself is verified with those, unless they lead elsewhere", async () => {
    index = await PythonIndex.start();
    world = await PrepareWorld.create("changed-pip", BASE);
    const change = (text: string) => ({
      agent: `echo ${Buffer.from(text).toString("base64")} | base64 -d > requirements.txt`,
      verify: VERIFY,
    });
    const state = await world.run({
      image,
      access: index.access(),
      ...change("greeting==1.0.0\n"),
      more: [
        change("--index-url https://elsewhere.test/simple\ngreeting==1.0.0\n"),
        change("greeting==1.0.0\n# \\\n--no-binary greeting\n"),
      ],
      order: { ...order, verify: new Map([["app", ["true"]]]) },
    });
    expect(results(state)).toMatchObject([
      { kind: "landed" },
      { reason: "prepare-failed", detail: expect.stringContaining("--index-url") as string },
      { reason: "prepare-failed", detail: expect.stringContaining("--no-binary") as string },
    ]);
    expect(world.events("prepare.started").map(({ source }) => source)).toEqual([undefined, "candidate"]);
    // The control: as the owner's own, pip does read both, and only the gateway stands in the way.
    await world.dispose();
    world = await PrepareWorld.create("changed-pip-control", {
      "requirements.txt": "--index-url https://elsewhere.test/simple\ngreeting==1.0.0\n",
    });
    await expect(world.run({ image, access: index.access(), order })).rejects.toMatchObject({
      code: "refused.prepare",
    });
    expect(world.events("egress.denied")[0]).toMatchObject({
      rule: "connect.host",
      target: "elsewhere.test:443",
    });
  });
});
