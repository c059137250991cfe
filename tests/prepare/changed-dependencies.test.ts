import { afterEach, describe, expect, it } from "vitest";
import type { NightState } from "../../src/core/night-state.ts";
import type { RegistryAccess } from "../../src/core/registry-access.ts";
import { testCertificates } from "../gateway/test-certificates.ts";
import { GO_ON } from "../night/night-world.ts";
import { RecordingServer } from "../registry/recording-server.ts";
import { PrivateRegistry, wordPackage } from "./private-registry.ts";
import { PrepareWorld } from "./prepare-world.ts";
import { registryOf } from "./registry-of.ts";

let world: PrepareWorld | undefined;
let registry: PrivateRegistry | undefined;
let elsewhere: RecordingServer | undefined;

afterEach(async () => {
  const left = await world?.dispose();
  world = undefined;
  registry?.close();
  elsewhere?.close();
  [registry, elsewhere] = [undefined, undefined];
  expect(left).toEqual([]);
});

const SAYS = (name: string, word: string): string =>
  `node -e 'if (require("${name}") !== "${word}") process.exit(1)'`;
const WORD = wordPackage("word", "hello");
const EXTRA = wordPackage("extra", "more");
const RUNS = wordPackage("runs", "scripts", { scripts: { postinstall: "echo ran > ran.txt" } });

/** Writes files from within a shell, whatever is in them. */
const write = (files: Readonly<Record<string, string>>): string =>
  Object.entries(files)
    .map(([path, text]) => `echo ${Buffer.from(text).toString("base64")} | base64 -d > ${path}`)
    .join(" && ");

const outcomes = (state: NightState) =>
  [...state.tasks.values()].map(({ attempts }) => attempts.at(-1)?.outcome);
const refused = (words: string) => ({
  kind: "failed",
  cause: "task",
  reason: "prepare-failed",
  detail: expect.stringContaining(words) as string,
});
const ORDER = {
  policy: { ...GO_ON, ignore: [], breakerFailures: 20 },
  verify: new Map([["app", [SAYS("word", "hello")]]]),
};

describe("a task that changes what is installed, without a grant", { timeout: 600_000 }, () => {
  it("is verified with what its own manifest and lock file say, never with what was there before", async () => {
    registry = await PrivateRegistry.start({ packages: [WORD, EXTRA, RUNS] });
    world = await PrepareWorld.create("changed-npm", registry.project(["word"]));
    const both = registry.project(["word", "extra"]);
    const manifest = registry.project()["package.json"];
    const withScript = manifest.replace('"version"', '"scripts": { "preinstall": "exit 9" }, "version"');
    expect(withScript).not.toBe(manifest);
    const state = await world.run({
      access: registry.access(),
      // The agent has not got it, and verify has.
      agent: `! ${SAYS("extra", "more")} 2>/dev/null && ${write(both)} && chmod +x package.json`,
      verify: [SAYS("extra", "more"), SAYS("word", "hello")],
      more: [
        // It needs what it takes away: with the dependencies of before this would be green.
        { agent: write(registry.project(["extra"])), verify: [SAYS("word", "hello")] },
        // The manifest asks for what the lock file does not have: npm refuses.
        { agent: write({ "package.json": manifest }), verify: ["true"] },
        // Programs of packages, and of the manifest itself, do not run, and what they would leave is not there.
        {
          agent: write({
            ...registry.project(),
            "package.json": withScript,
          }),
          verify: [SAYS("runs", "scripts"), "test ! -e node_modules/runs/ran.txt"],
        },
      ],
      prepare: { allowScripts: true },
      order: ORDER,
    });
    expect(outcomes(state)).toMatchObject([
      { kind: "landed" },
      { reason: "verify-failed" },
      refused("npm ci"),
      { kind: "landed" },
    ]);
    expect(world.events("checks.finished")[0]?.findings).toMatchObject([
      { rule: "dependency-files", level: "warn", path: "package-lock.json" },
      { rule: "dependency-files", level: "warn", path: "package.json" },
    ]);
    const made = world.events("prepare.finished");
    expect(made.map(({ source, result }) => [source, result])).toEqual([
      [undefined, "prepared"],
      ["candidate", "prepared"],
      ["tip", "cached"],
      ["candidate", "prepared"],
      ["tip", "cached"],
      ["candidate", "failed"],
      ["tip", "cached"],
      ["candidate", "prepared"],
    ]);
    // What did not land is gone; verify's key follows the set.
    const kept = [made[0], made[1], made[7]].map((each) => each?.set ?? "none");
    expect((await world.sets()).toSorted()).toEqual(kept.toSorted());
    const started = world.events("prepare.started").filter(({ source }) => source === "candidate");
    expect(started.map(({ scripts }) => scripts)).toEqual([false, false, false, false]);
    // The control: where the base says the same, and scripts are allowed, the package's program runs.
    await world.dispose();
    world = await PrepareWorld.create("changed-control", registry.project());
    const control = await world.run({
      access: registry.access(),
      verify: ["test -e node_modules/runs/ran.txt"],
      prepare: { allowScripts: true },
      order: { ...ORDER, verify: new Map([["app", ["true"]]]) },
    });
    expect(outcomes(control)).toMatchObject([{ kind: "landed" }]);
  });

  it("cannot lead the installation elsewhere: by .npmrc, by the lock file, by git", async () => {
    registry = await PrivateRegistry.start({ packages: [WORD, EXTRA] });
    elsewhere = await RecordingServer.start(testCertificates("DNS:elsewhere.test"), "0.0.0.0");
    registry.also("elsewhere.test", elsewhere.port);
    world = await PrepareWorld.create("changed-elsewhere", registry.project(["word"]));
    const project = registry.project(["word", "extra"]);
    const lock = project["package-lock.json"];
    const away = lock.replace(/https:[^"]*\/extra-1\.0\.0\.tgz/, "https://elsewhere.test/extra-1.0.0.tgz");
    expect(away).not.toBe(lock);
    const git = (text: string): string =>
      text.replace('"extra": "1.0.0"', '"extra": "git+https://elsewhere.test/x.git"');
    const npmrc = "registry=https://elsewhere.test/\n@x:registry=https://elsewhere.test/\n";
    const state = await world.run({
      access: registry.access(),
      agent: write({ ...project, ".npmrc": npmrc }),
      verify: ["true"],
      more: [
        { agent: write({ ".npmrc": npmrc }) },
        { agent: write({ ...project, "package-lock.json": away }) },
        { agent: write({ "package.json": git(project["package.json"]), "package-lock.json": git(lock) }) },
      ],
      order: ORDER,
    });
    expect(outcomes(state)).toMatchObject([
      refused(".npmrc: says how packages are fetched"),
      refused(".npmrc: says how packages are fetched"),
      refused("comes from elsewhere.test, which is no configured registry"),
      refused("git+https://elsewhere.test/x.git"),
    ]);
    // Nothing of theirs was given to npm at all.
    expect(world.events("prepare.started").map(({ source }) => source)).toEqual([undefined]);
    expect(elsewhere.requests).toEqual([]);
    expect(await world.sets()).toHaveLength(1);

    // The controls: as the owner's own base, npm goes where each of them leads; the gateway says no, or lets it pass
    // where the other host is configured.
    const wider: RegistryAccess = {
      ...registry.access(),
      registries: [
        ...registry.access().registries,
        registryOf({ url: "https://elsewhere.test", kind: "pip" }),
      ],
    };
    const bases: Record<string, Record<string, string>> = {
      lock: { ...project, "package-lock.json": away },
      git: { "package.json": git(project["package.json"]), "package-lock.json": git(away) },
    };
    for (const [name, files] of Object.entries(bases)) {
      await world.dispose();
      world = await PrepareWorld.create(`changed-${name}`, files);
      const denied = world.run({ access: registry.access(), order: ORDER });
      await expect(denied).rejects.toMatchObject({ code: "refused.prepare" });
      expect(world.events("egress.denied")[0]).toMatchObject({ rule: "connect.host" });
      expect(elsewhere.connections).toBe(0);
    }
    await world.dispose();
    world = await PrepareWorld.create("changed-wider", bases["lock"]!);
    await expect(world.run({ access: wider, order: ORDER })).rejects.toMatchObject({
      code: "refused.prepare",
    });
    expect(elsewhere.connections).toBeGreaterThan(0);
  });

  it("is verified with what was there before where the repository's own commands install, and says so", async () => {
    registry = await PrivateRegistry.start({ packages: [WORD, EXTRA] });
    world = await PrepareWorld.create("changed-own", registry.project(["word"]));
    const state = await world.run({
      access: registry.access(),
      prepare: { commands: ["npm ci && true"] },
      agent: write(registry.project(["word", "extra"])),
      verify: [SAYS("word", "hello"), `! ${SAYS("extra", "more")} 2>/dev/null`],
      order: ORDER,
    });
    expect(outcomes(state)).toMatchObject([{ kind: "landed" }]);
    expect(world.events("checks.finished")[0]?.findings[0]?.message).toContain(
      "with what was installed before",
    );
    expect(world.events("prepare.started")).toHaveLength(1);
  });
});
