import { afterEach, describe, expect, it } from "vitest";
import type { RegistryAccess } from "../../src/core/registry-access.ts";
import { processesWith } from "../fixtures/host-processes.ts";
import { watchInspect } from "../fixtures/watch-inspect.ts";
import { testCertificates } from "../gateway/test-certificates.ts";
import { RecordingServer } from "../registry/recording-server.ts";
import { PrivateRegistry, wordPackage } from "./private-registry.ts";
import { PrepareWorld, type PrepareKind } from "./prepare-world.ts";
import { registryOf } from "./registry-of.ts";

const TOKEN = "npm_SENTINELsentinel0123456789ABCDEF";
let world: PrepareWorld | undefined;
const registries: PrivateRegistry[] = [];

afterEach(async () => {
  const left = await world?.dispose();
  world = undefined;
  for (const registry of registries.splice(0)) registry.close();
  expect(left).toEqual([]);
});

const start = async (...options: Parameters<typeof PrivateRegistry.start>): Promise<PrivateRegistry> => {
  const registry = await PrivateRegistry.start(...options);
  registries.push(registry);
  return registry;
};

const SAYS = (name: string, word: string): string =>
  `node -e 'if (require("${name}") !== "${word}") process.exit(1)'`;

/** Ends with 9 where the container can see the token: in its environment, its processes, its files. */
const SEARCH =
  "if { env; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline; } 2>/dev/null | tr '\\0' '\\n' | grep -q 'npm_SENT[I]NELsent'; then exit 9; fi; " +
  "if grep -rqs 'npm_SENT[I]NELsent' /task /home /tmp /run /etc /opt/nightwarden; then exit 9; fi";

const KINDS: readonly PrepareKind[] = ["docker", "user"];

describe.each(KINDS)("a repository with a lock file of npm: %s", { timeout: 240_000 }, (kind) => {
  it("has its dependencies in the agent's tree and in verify's, from a registry whose token no container sees", async () => {
    const registry = await start({ packages: [wordPackage("word", "hello")], token: TOKEN });
    world = await PrepareWorld.create("npm-token", registry.project(), kind);
    const access = registry.access();
    const stopWatching = kind === "docker" ? await watchInspect() : undefined;
    const { server } = registry;
    // While the package is on its way: gateway, npm and all that is between them are there.
    const looks: (readonly number[])[] = [];
    const { answer } = server;
    server.answer = (request, response) => {
      looks.push([...processesWith(TOKEN), ...processesWith(TOKEN, "environ")]);
      answer(request, response);
    };
    const state = await world.run({
      access,
      prepare: { commands: ["npm ci", SEARCH] },
      agent: `${SAYS("word", "hello")} && echo ok > agent.txt`,
      verify: [SAYS("word", "hello")],
    });
    expect(state.end).toBe("queue-empty");
    expect([...state.tasks.values()].map(({ result }) => result)).toEqual(["landed"]);
    // The control: without the token the registry gives nothing, and with it the package came.
    const asked = registry.server.requests.filter(({ target }) => target.endsWith(".tgz"));
    expect(asked.map(({ headers }) => headers.authorization)).toEqual([`Bearer ${TOKEN}`]);
    expect(looks.length).toBeGreaterThan(0);
    expect(looks.flat()).toEqual([]);
    expect(JSON.stringify(world.night.events)).not.toContain(TOKEN);
    if (stopWatching) {
      const inspected = (await stopWatching()).filter((text) => text.includes(world!.under.workspace));
      expect(inspected.filter((text) => text.includes("prepare-app.1")).length).toBeGreaterThan(2);
      expect(inspected.join("")).not.toContain(TOKEN);
    }
    const [finished] = world.events("prepare.finished");
    expect(finished).toMatchObject({ repo: "app", result: "prepared" });
    expect(world.events("prepare.started")).toMatchObject([
      { files: ["package-lock.json", "package.json"], scripts: false },
    ]);
    // Of the dependencies nothing is in the commit, though nothing is ignored.
    expect(world.events("capture.finished")).toMatchObject([
      { added: 1, changed: 0, deleted: 0, refused: [] },
    ]);

    // The same files again: nothing is installed anew.
    registry.server.requests.length = 0;
    await world.run({ access, prepare: { commands: ["npm ci", SEARCH] }, verify: [SAYS("word", "hello")] });
    expect(world.events("prepare.finished").at(-1)).toMatchObject({ result: "cached", set: finished?.set });
    expect(registry.server.requests).toEqual([]);
    expect(await world.sets()).toEqual([finished?.set]);
  });

  it("is refused by the same search where the token is in the container: the search can find it", async () => {
    const registry = await start({ packages: [wordPackage("word", "hello")], token: TOKEN });
    world = await PrepareWorld.create("npm-control", registry.project(), kind);
    const access = registry.access();
    const planted = "echo npm_SENT''INELsentinel > planted.txt";
    await expect(
      world.run({ access, prepare: { commands: ["npm ci", planted, SEARCH] } }),
    ).rejects.toMatchObject({
      code: "refused.prepare",
    });
    expect(world.events("prepare.finished")).toMatchObject([{ result: "failed", verdict: { exitCode: 9 } }]);
  });

  it("reaches a registry without a credential through a tunnel, and nothing else", async () => {
    const registry = await start({ packages: [wordPackage("word", "hello")] });
    const certificates = testCertificates("DNS:elsewhere.test");
    const elsewhere = await RecordingServer.start(certificates, "0.0.0.0");
    registry.also("elsewhere.test", elsewhere.port);
    world = await PrepareWorld.create("npm-elsewhere", registry.project(), kind);
    const url = "https://elsewhere.test";
    const ask = `node -e '
      const http = require("http");
      const proxy = new URL(process.env.HTTPS_PROXY);
      const request = http.request({ host: proxy.hostname, port: proxy.port, method: "CONNECT", path: "elsewhere.test:443" });
      request.on("connect", (answer, socket) => {
        if (answer.statusCode !== 200) process.exit(7);
        const tls = require("tls").connect({ socket, servername: "elsewhere.test", rejectUnauthorized: false });
        tls.write("GET /stolen HTTP/1.1\\r\\nhost: x\\r\\nconnection: close\\r\\n\\r\\n");
        tls.on("data", () => undefined);
        tls.on("end", () => process.exit(0));
      });
      request.end();'`;
    const access = registry.access();
    const run = async (more: RegistryAccess["registries"]): Promise<unknown> =>
      await world?.run({
        access: { ...access, registries: [...access.registries, ...more] },
        prepare: { commands: ["npm ci", ask] },
      });
    await expect(run([])).rejects.toMatchObject({
      code: "refused.prepare",
      message: expect.stringContaining("refused: elsewhere.test:443 (connect.host)") as string,
    });
    expect(elsewhere.requests).toEqual([]);
    expect(world.events("egress.denied")).toMatchObject([{ rule: "connect.host", attempt: "prepare-app.1" }]);
    expect(await world.sets()).toEqual([]);
    // Neither without the gateway: the container has no network at all.
    await expect(
      world.run({
        access,
        prepare: {
          commands: [
            `node -e 'require("net").connect(${elsewhere.port}, "172.17.0.1").on("error", () => process.exit(8)).on("connect", () => process.exit(0))'`,
          ],
        },
      }),
    ).rejects.toMatchObject({
      code: "refused.prepare",
      message: expect.stringContaining("exit code 8") as string,
    });
    // The control: as a configured registry it is reached.
    await run([registryOf({ url, kind: "pip" })]);
    expect(elsewhere.requests.map(({ target }) => target)).toEqual(["/stolen"]);
    elsewhere.close();
  });

  it("lets packages run nothing while they are installed, unless that is allowed", async () => {
    const scripts = { scripts: { postinstall: "echo ran > ran.txt" } };
    const registry = await start({ packages: [wordPackage("word", "hello", scripts)] });
    world = await PrepareWorld.create(
      "npm-scripts",
      {
        ...registry.project(),
        ".npmrc": "ignore-scripts=false\n", // what the repository says about it does not count
      },
      kind,
    );
    const access = registry.access();
    const state = await world.run({ access, verify: ["test ! -e node_modules/word/ran.txt"] });
    expect([...state.tasks.values()].map(({ result }) => result)).toEqual(["landed"]);
    const allowed = await world.run({
      access,
      prepare: { allowScripts: true },
      verify: ["test -e node_modules/word/ran.txt"],
    });
    expect([...allowed.tasks.values()].map(({ result }) => result)).toEqual(["landed"]);
    const [off, on] = world.events("prepare.finished");
    expect(off?.key).not.toBe(on?.key);
  });

  it("gives each attempt a copy of its own: what one writes is seen by no verify, no commit and no other attempt", async () => {
    const registry = await start({ packages: [wordPackage("word", "hello")] });
    world = await PrepareWorld.create("npm-copies", registry.project(), kind);
    const access = registry.access();
    const spoil = `${SAYS("word", "hello")} && echo 'module.exports = "spoilt"' > node_modules/word/index.js && echo x > node_modules/new.js && echo 1 > a.txt`;
    for (const agent of [spoil, `${spoil} && rm -rf node_modules`]) {
      const state = await world.run({ access, agent, verify: [SAYS("word", "hello")] });
      expect([...state.tasks.values()].map(({ result }) => result)).toEqual(["landed"]);
      expect(world.events("capture.finished").at(-1)).toMatchObject({
        added: 1,
        changed: 0,
        deleted: 0,
        refused: [],
      });
    }
    // The control: where the same is written into the tree that verify gets, verify is red.
    const state = await world.run({
      access,
      verify: [spoil, SAYS("word", "hello")],
      order: { verify: new Map([["app", ["true"]]]) },
    });
    expect([...state.tasks.values()].map(({ result }) => result)).toEqual(["failed"]);
  });

  it("is refused with the end of what the installation printed, and nothing of it is kept", async () => {
    const registry = await start({ packages: [wordPackage("word", "hello")], token: TOKEN });
    world = await PrepareWorld.create("npm-red", registry.project(), kind);
    const access = registry.access("a-wrong-token");
    await expect(world.run({ access })).rejects.toMatchObject({
      code: "refused.prepare",
      message: expect.stringMatching(/npm ci \(exit code 1\)[^]*401/) as string,
    });
    expect(world.events("night.finished").at(-1)).toMatchObject({ end: "refused" });
    expect(world.events("attempt.started")).toEqual([]);
    expect(await world.sets()).toEqual([]);
  });

  it("is not served a set that a crash has cut off, or that somebody has removed", async () => {
    const registry = await start({ packages: [wordPackage("word", "hello")] });
    world = await PrepareWorld.create("npm-crash", registry.project(), kind);
    const access = registry.access();
    // What a supervisor that is killed in the middle leaves: a volume with half of the files, and no event.
    const attempt = { task: "prepare", attempt: "prepare-app.1", token: "token-of-a-crash" } as never;
    const half = await world.dependencies.open({ attempt, slot: 0 });
    await half.put([{ path: "node_modules/word/index.js", executable: false, content: Buffer.from("half") }]);
    await half.trees.close();
    await world.run({ access, verify: [SAYS("word", "hello")] });
    const [first] = world.events("prepare.finished");
    expect(first).toMatchObject({ result: "prepared" });
    expect(await world.sets()).toEqual([first?.set]); // the half is gone
    await world.removeByHand(first?.set ?? "");
    await world.run({ access, verify: [SAYS("word", "hello")] });
    expect(world.events("prepare.finished").at(-1)).toMatchObject({ result: "prepared", key: first?.key });
  });
});

describe.each(KINDS)("build steps: %s", { timeout: 120_000 }, (kind) => {
  it("run before the agent and before verify, without network", async () => {
    const registry = await start({ packages: [wordPackage("word", "hello")] });
    world = await PrepareWorld.create(
      "npm-build",
      { ...registry.project(), ".gitignore": "built.txt\n" },
      kind,
    );
    const access = registry.access();
    const step = `node -p 'require("word")' > built.txt && ! ls /sys/class/net | grep -v lo`;
    const state = await world.run({
      access,
      agent: "grep hello built.txt && cat > prompt.txt",
      verify: ["grep hello built.txt", "grep 'do it' prompt.txt"],
      order: { build: new Map([["app", [step]]]), verify: new Map([["app", ["grep hello built.txt"]]]) },
    });
    expect([...state.tasks.values()].map(({ result }) => result)).toEqual(["landed"]);
    expect(world.events("capture.finished")).toMatchObject([{ added: 1, changed: 0 }]);
    const red = await world
      .run({
        access,
        order: {
          build: new Map([["app", ["test ! -e done.txt && test ! -e prompt.txt && exit 3"]]]),
          verify: new Map([["app", []]]),
        },
      })
      .catch((error: unknown) => error);
    expect(red).toMatchObject({ code: "refused.baseline" });
  });
});
