import { describe, expect, it } from "vitest";
import { NO_GRANTS } from "../../src/core/grants.ts";
import { join } from "node:path";
import { loadConfig, type LoadedWorkspace } from "../../src/config/load-config.ts";
import { GIB, MIB } from "../../src/core/byte-size.ts";
import { PINNED_VERSIONS } from "../../src/core/client.ts";
import { listPrice } from "../../src/core/prices.ts";
import { formatProblem } from "../../src/core/problem.ts";
import type { Phase } from "../../src/core/policy.ts";
import {
  CONFIG,
  edit,
  PLAN,
  temporaryWorkspace,
  TEST_CERTIFICATE,
  type Files,
} from "./temporary-workspace.ts";

async function load(
  files: Files = {},
  phase?: Phase,
): Promise<LoadedWorkspace & { readonly folder: string }> {
  const folder = await temporaryWorkspace(files);
  const loaded = await loadConfig(folder, phase ? { phase } : {});
  if (!loaded.ok) throw new Error(loaded.error.map(formatProblem).join("\n"));
  return { ...loaded.value, folder };
}

const POLICY = `${CONFIG}policy: policy.yaml\n`;
const DEMO = `reason: The demo shows every way in which a task can end.
purpose: demo
changes:
  afterFailure: breaker
`;

describe("a workspace that is in order", () => {
  it("has every default filled in and every path absolute", async () => {
    const { config, folder } = await load();
    expect(config).toEqual({
      workspaceDir: folder,
      planPath: join(folder, "tasks.yaml"),
      repositories: [
        {
          name: "app",
          path: join(folder, "repo"),
          base: { kind: "ref", ref: "HEAD" },
          toolchain: { kind: "standard" },
          prepare: {
            commands: undefined,
            files: undefined,
            path: undefined,
            allowScripts: false,
            timeMs: 1_200_000,
          },
          build: [],
          verify: ["npm test"],
          fullVerify: ["npm test"],
        },
      ],
      agents: [{ name: "default", kind: "command", command: ["my-agent"], filesDir: undefined, env: {} }],
      defaultAgent: "default",
      limits: {},
      registries: undefined,
      network: { caFile: undefined, proxy: undefined },
      sandbox: {
        kind: "docker",
        versions: { strict: false, allowed: {} },
        memoryBudgetBytes: undefined,
        treeBound: "auto",
      },
      retention: { nights: 30, days: 90 },
      engineHost: undefined,
    });
  });

  it("resolves every reference of its tasks", async () => {
    const { plan } = await load();
    expect(plan.tasks).toEqual([
      {
        key: expect.stringMatching(/^app\/first@[0-9a-f]{16}$/),
        id: "first",
        title: "The first task",
        prompt: "Do it.",
        kind: "add",
        repo: "app",
        files: [],
        dependsOn: [],
        priority: 0,
        agent: "default",
        verify: ["npm test"],
        redTests: [],
        grants: NO_GRANTS,
        limits: {},
      },
    ]);
  });

  it("may say everything that there is to say", async () => {
    const { config, limits, plan, folder } = await load({
      "nightwarden.yaml": `version: 1
plan: plans/tonight.yaml
repositories:
  app: { path: repo, base: release/1.2, image: "registry.example:5000/node:22@sha256:00", verify: [make, make lint] }
  tool: { path: tool repo, base: continue, dockerfile: tool repo/Dockerfile, verify: [make] }
  docs: { path: ./docs, packages: [python3, "g++=4:12.2.0-3"], verify: [make] }
agents:
  quick: { kind: command, command: [node, /opt/agent/quick.mjs], files: ./agent, env: { LEVEL: "1" } }
  careful: { kind: command, command: [careful, ""] }
agent: careful
limits: { wallClock: 10m, memory: 512MiB, cpus: 0.5 }
policy: policy.yaml
sandbox: { kind: docker, strict: true, memoryBudget: 12GiB, treeBound: loop, allowVersions: { runc: { version: 1.1.5+ds1, reason: Fixed in deb12u1 } } }
engine: { host: "unix:///run/user/1000/docker.sock" }
`,
      "policy.yaml": "changes: { limits: { wallClock: 20m } }\n",
      "tool repo/Dockerfile": "FROM debian\n",
      "docs/.keep": "",
      "agent/quick.mjs": "",
      "plans/tonight.yaml": `version: 1
tasks:
  - { id: one, title: Eins 🦉, prompt: "Do\\nit", kind: fix, repo: tool, redTests: [a b], files: ["src/**"] }
  - { id: two, title: Zwei, prompt: Do it, kind: deps, repo: docs, agent: quick, dependsOn: [one], priority: -3, verify: [make all], limits: { wallClock: 1m } }
`,
    });
    expect(config.repositories.map(({ base, toolchain }) => [base, toolchain])).toEqual([
      [
        { kind: "ref", ref: "release/1.2" },
        { kind: "image", image: "registry.example:5000/node:22@sha256:00" },
      ],
      [{ kind: "continue" }, { kind: "dockerfile", path: join(folder, "tool repo/Dockerfile") }],
      [
        { kind: "ref", ref: "HEAD" },
        { kind: "packages", packages: ["python3", "g++=4:12.2.0-3"] },
      ],
    ]);
    expect(config.agents[0]).toMatchObject({ filesDir: join(folder, "agent"), env: { LEVEL: "1" } });
    expect(config).toMatchObject({
      defaultAgent: "careful",
      engineHost: "unix:///run/user/1000/docker.sock",
      sandbox: {
        memoryBudgetBytes: 12 * 1024 * MIB,
        treeBound: "loop",
        versions: {
          strict: true,
          allowed: { runc: { version: "1.1.5+ds1", reason: "Fixed in deb12u1" } },
        },
      },
    });
    expect(limits).toMatchObject({ wallClock: 600_000, memory: 512 * MIB, cpus: 0.5, pids: 512 });
    expect(plan.tasks).toMatchObject([
      { repo: "tool", agent: "careful", verify: ["make"], redTests: ["a b"] },
      { repo: "docs", agent: "quick", verify: ["make all"], priority: -3, limits: { wallClock: 60_000 } },
    ]);
  });

  it("may begin with a byte order mark, have Windows line ends and use aliases", async () => {
    const plan = `\uFEFF${PLAN}    verify: &checks [npm test, npm run lint]\n  - { id: second, title: T, prompt: P, kind: add, verify: *checks }\n`;
    const { plan: loaded } = await load({ "tasks.yaml": plan.replaceAll("\n", "\r\n") });
    expect(loaded.tasks.map(({ verify }) => verify)).toEqual([
      ["npm test", "npm run lint"],
      ["npm test", "npm run lint"],
    ]);
  });
});

const CLIENT = CONFIG.replace(/ {4}kind: command\n {4}command: .*\n/, "");

it("a plan may have ten thousand tasks, as a program writes it", async () => {
  const task = (number: number): string =>
    `  - { id: task-${number}, title: Do ${number}, kind: add, prompt: ${"Do it. ".repeat(20)}, dependsOn: [${number === 0 ? "" : `task-${number - 1}`}] }\n`;
  const text = `version: 1\ntasks:\n${Array.from({ length: 10_000 }, (_, number) => task(number)).join("")}`;
  expect(text.length).toBeGreaterThan(2 * MIB);
  const { plan } = await load({ "tasks.yaml": text });
  expect(plan.tasks).toHaveLength(10_000);
  expect(plan.tasks.at(-1)?.dependsOn).toEqual(["task-9998"]);
});

describe("an agent with a client", () => {
  it("needs a kind and a model, and has defaults for the rest", async () => {
    const { config } = await load({
      "nightwarden.yaml": `${CLIENT}    kind: claude\n    model: claude-sonnet-4-5-20250929\n`,
    });
    expect(config.agents).toEqual([
      {
        name: "default",
        kind: "claude",
        version: PINNED_VERSIONS.claude,
        model: "claude-sonnet-4-5-20250929",
        models: ["claude-sonnet-4-5-20250929"],
        maxOutputTokens: 64_000,
        credentials: { from: "env", variable: "ANTHROPIC_API_KEY" },
        upstream: { url: "https://api.anthropic.com", caFile: undefined, proxy: undefined },
        prices: { "claude-sonnet-4-5-20250929": listPrice("claude-sonnet-4-5") },
        env: {},
      },
    ]);
  });

  it("may say everything that there is to say", async () => {
    const { config, folder } = await load({
      "nightwarden.yaml": `${CLIENT}    kind: codex
    model: house-model
    models: [gpt-5, house-model, gpt-5-mini]
    version: 0.170.0-alpha.1
    maxOutputTokens: 8000
    credentials: { file: secret/key }
    upstream: { url: "https://Models.Example:443/openai//", caFile: ca.pem, proxy: "http://Proxy.Example:80/" }
    prices:
      house-model: { input: 0, output: 0.5, cacheRead: 0, cacheWrite: 0 }
      gpt-5: { input: 1, output: 2, cacheRead: 3, cacheWrite: 4 }
    env: { NODE_ENV: test }
`,
      "ca.pem": TEST_CERTIFICATE,
    });
    expect(config.agents).toEqual([
      {
        name: "default",
        kind: "codex",
        version: "0.170.0-alpha.1",
        model: "house-model",
        models: ["house-model", "gpt-5", "gpt-5-mini"],
        maxOutputTokens: 8000,
        credentials: { from: "file", path: join(folder, "secret/key") },
        upstream: {
          url: "https://models.example/openai",
          caFile: join(folder, "ca.pem"),
          proxy: "http://proxy.example:80",
        },
        prices: {
          "house-model": { input: 0, output: 0.5, cacheRead: 0, cacheWrite: 0 },
          "gpt-5": { input: 1, output: 2, cacheRead: 3, cacheWrite: 4 },
          "gpt-5-mini": listPrice("gpt-5-mini"),
        },
        env: { NODE_ENV: "test" },
      },
    ]);
  });

  it("has the workspace's network where its upstream says nothing else", async () => {
    const { config, folder } = await load({
      "nightwarden.yaml": `version: 1
repositories: { app: { path: repo, verify: [x] } }
network: { caFile: company.pem, proxy: "http://proxy.example:3128" }
agents:
  one: { kind: claude, model: claude-opus-5, credentials: { command: [pass, show, key] } }
  two: { kind: codex, model: gpt-5, upstream: { caFile: own.pem, proxy: "http://other.example:1080" } }
agent: one
`,
      "company.pem": TEST_CERTIFICATE,
      "own.pem": `# with a word before it\n${TEST_CERTIFICATE}${TEST_CERTIFICATE}`,
    });
    expect(config.agents).toMatchObject([
      {
        credentials: { from: "command", command: ["pass", "show", "key"] },
        upstream: { caFile: join(folder, "company.pem"), proxy: "http://proxy.example:3128" },
      },
      { upstream: { caFile: join(folder, "own.pem"), proxy: "http://other.example:1080" } },
    ]);
  });
});

describe("the policy", () => {
  it("is that of the phase, for real work, where the workspace has none", async () => {
    const { policy, purpose, loosened, reason } = await load({}, "2a");
    expect(policy).toMatchObject({ phase: "2a", retries: 1, unattended: 3_600_000 });
    expect({ purpose, loosened, reason }).toEqual({ purpose: "work", loosened: [], reason: undefined });
  });

  it("may be tightened without a word", async () => {
    const { policy, limits, loosened } = await load(
      {
        "nightwarden.yaml": POLICY,
        "policy.yaml":
          "changes: { isolation: docker, retries: 0, breakerFailures: 1, unattended: 30m, ignore: [], limits: { memory: 1GiB } }\n",
      },
      "2a",
    );
    expect(policy).toMatchObject({
      isolation: "docker",
      retries: 0,
      breakerFailures: 1,
      unattended: 1_800_000,
    });
    expect([policy.ignore, limits.memory, loosened]).toEqual([[], GIB, []]);
  });

  it("may be loosened with a reason, and then says what was specified and what is used", async () => {
    const loaded = await load({
      "nightwarden.yaml": `${POLICY}limits: { memory: 3GiB }\n`,
      "policy.yaml": `${DEMO}  unattended: 90m\n  limits: { memory: 4GiB, wallClock: 1h }\n`,
    });
    expect(loaded.purpose).toBe("demo");
    expect(loaded.reason).toBe("The demo shows every way in which a task can end.");
    expect(loaded.limits.memory).toBe(3 * GIB);
    expect(loaded.loosened).toEqual([
      { key: "unattended", specified: "forbidden", used: "1h 30m" },
      { key: "afterFailure", specified: "stop", used: "breaker" },
      { key: "limits.wallClock", specified: "30m", used: "1h" },
      { key: "limits.memory", specified: "2 GiB", used: "4 GiB" },
    ]);
  });

  it("has a hash of its own for each set of rules and each purpose", async () => {
    const { policyHash: plain } = await load();
    const { policyHash: demo } = await load({ "nightwarden.yaml": POLICY, "policy.yaml": DEMO });
    const work = edit(DEMO, "purpose: demo", "purpose: work");
    const { policyHash: loose } = await load({ "nightwarden.yaml": POLICY, "policy.yaml": work });
    const { policyHash: phase2a } = await load({}, "2a");
    expect(new Set([plain, demo, loose, phase2a]).size).toBe(4);
    expect((await load()).policyHash).toBe(plain);
  });

  it("lets tasks depend on later ones from phase 3 on", async () => {
    const { plan } = await load(
      { "tasks.yaml": `${PLAN}    dependsOn: [later]\n  - { id: later, title: T, prompt: P, kind: add }\n` },
      "3",
    );
    expect(plan.tasks[0]?.dependsOn).toEqual(["later"]);
  });
});

describe("the key of a task", () => {
  const keyWith = async (files: Files): Promise<string | undefined> => (await load(files)).plan.tasks[0]?.key;

  it.each([
    ["its prompt", edit(PLAN, "Do it.", "Do it well.")],
    ["its title", edit(PLAN, "The first task", "The best task")],
    ["its kind", edit(PLAN, "kind: add", "kind: fix")],
    ["its own verify", `${PLAN}    verify: [npm test]\n`],
    ["its limits", `${PLAN}    limits: { wallClock: 5m }\n`],
    ["its files", `${PLAN}    files: ["src/**"]\n`],
  ])("changes with %s", async (_, text) => {
    expect(await keyWith({ "tasks.yaml": text })).not.toBe(await keyWith({}));
  });

  it.each<[string, Files]>([
    [
      "a comment or the order of the keys",
      {
        "tasks.yaml": `# new\n${edit(PLAN, "    kind: add\n", "").replace("    title", "    kind: add\n    title")}`,
      },
    ],
    ["a default that is written out", { "tasks.yaml": `${PLAN}    files: []\n    repo: app\n` }],
    ["its priority", { "tasks.yaml": `${PLAN}    priority: 5\n` }],
    ["the repository's verify", { "nightwarden.yaml": edit(CONFIG, "[npm test]", "[make]") }],
  ])("does not change with %s", async (_, files) => {
    expect(await keyWith(files)).toBe(await keyWith({}));
  });
});

describe("the hash of the plan", () => {
  it.each<[string, Files]>([
    [
      "the order of the tasks",
      {
        "tasks.yaml": `version: 1\ntasks:\n  - { id: a, title: T, prompt: P, kind: add }\n${PLAN.slice(PLAN.indexOf("  - id"))}`,
      },
    ],
    ["the priority of a task", { "tasks.yaml": `${PLAN}    priority: 5\n` }],
    ["the repository's verify", { "nightwarden.yaml": edit(CONFIG, "[npm test]", "[make]") }],
  ])("changes with %s", async (_, files) => {
    const before = `${PLAN}  - { id: a, title: T, prompt: P, kind: add }\n`;
    const [changed, original] = [await load(files), await load({ "tasks.yaml": before })];
    expect(changed.plan.hash).not.toBe(original.plan.hash);
    expect(changed.plan.hash).toMatch(/^[0-9a-f]{64}$/);
  });
});

it("the configuration's hash does not depend on where the workspace is", async () => {
  expect((await load()).configHash).toBe((await load()).configHash);
  expect((await load({ "nightwarden.yaml": `${CONFIG}limits: { cpus: 1 }\n` })).configHash).not.toBe(
    (await load()).configHash,
  );
});
