import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { agentSchema } from "../../src/config/agent-schema.ts";
import type { Toolchain } from "../../src/config/config.ts";
import { loadConfig } from "../../src/config/load-config.ts";
import { loadPhasePolicy } from "../../src/config/load-policy.ts";
import { parseYaml } from "../../src/config/parse-yaml.ts";
import { configSchema } from "../../src/config/schema.ts";
import { configTemplate, planTemplate, type RepositoryGuess } from "../../src/config/templates.ts";
import { CLIENTS } from "../../src/core/client.ts";
import { limitsSchema } from "../../src/core/limits.ts";
import { planSchema } from "../../src/core/plan.ts";
import { listPrice } from "../../src/core/prices.ts";
import { formatProblem } from "../../src/core/problem.ts";
import { temporaryWorkspace } from "./temporary-workspace.ts";

const APP: RepositoryGuess = {
  name: "app",
  path: "repo",
  branch: "main",
  verifyGuess: ["npm test"],
  toolchainGuess: { kind: "standard" },
};

const AGENTS = ["command", ...CLIENTS] as const;

function agentKeys(kind: string): string[] {
  const schema = agentSchema.options.find((option) => option.shape.kind.value === kind);
  return Object.keys(schema?.shape ?? {});
}

async function loadTemplates(
  repositories: readonly RepositoryGuess[],
  agent: (typeof AGENTS)[number] = "command",
) {
  const folder = await temporaryWorkspace({
    "nightwarden.yaml": configTemplate({ repositories, agent }),
    "tasks.yaml": planTemplate({ repositories, agent }),
  });
  for (const { path, toolchainGuess } of repositories) {
    await mkdir(join(folder, path), { recursive: true });
    if (toolchainGuess.kind === "dockerfile")
      await writeFile(join(folder, toolchainGuess.path), "FROM debian\n");
  }
  const loaded = await loadConfig(folder);
  if (!loaded.ok) throw new Error(loaded.error.map(formatProblem).join("\n"));
  return { ...loaded.value, folder };
}

describe("what init writes", () => {
  it("is a valid workspace that says what was guessed", async () => {
    const { config, plan } = await loadTemplates([APP]);
    expect(config.repositories).toMatchObject([
      {
        name: "app",
        base: { kind: "ref", ref: "main" },
        toolchain: { kind: "standard" },
        verify: ["npm test"],
      },
    ]);
    expect(plan.tasks.map(({ id, repo }) => [id, repo])).toEqual([["first-note", "app"]]);
  });

  it.each<Toolchain>([
    { kind: "image", image: "node:22" },
    { kind: "packages", packages: ["python3", "python3-pytest"] },
    { kind: "dockerfile", path: "Dockerfile" },
  ])("says the toolchain $kind", async (toolchainGuess) => {
    const { config, folder } = await loadTemplates([{ ...APP, toolchainGuess }]);
    const expected = toolchainGuess.kind === "dockerfile" ? { path: join(folder, "Dockerfile") } : {};
    expect(config.repositories[0]?.toolchain).toEqual({ ...toolchainGuess, ...expected });
  });

  it("holds several repositories, with names and paths that need quotes", async () => {
    const odd = {
      ...APP,
      name: "123",
      path: `ein "Pfad" mit # und ü: 'x'`,
      branch: "feature/#12",
      verifyGuess: ["echo 'a: b' # c", "true"],
    };
    const { config, folder } = await loadTemplates([APP, odd]);
    expect(config.repositories.find(({ name }) => name === "123")).toMatchObject({
      path: join(folder, odd.path),
      base: { kind: "ref", ref: "feature/#12" },
      verify: odd.verifyGuess,
    });
  });

  it("lets no night start before somebody has said how to verify", async () => {
    const { config } = await loadTemplates([{ ...APP, verifyGuess: [], branch: undefined }]);
    expect(config.repositories[0]?.verify).toEqual([expect.stringMatching(/nightwarden\.yaml.*exit 1$/)]);
    expect(config.repositories[0]?.base).toEqual({ kind: "ref", ref: "HEAD" });
  });

  it.each([
    ["claude", { from: "env", variable: "ANTHROPIC_API_KEY" }],
    ["codex", { from: "env", variable: "OPENAI_API_KEY" }],
  ] as const)("for %s is a valid workspace that says where the key is", async (agent, credentials) => {
    const { config } = await loadTemplates([APP], agent);
    expect(config.agents).toMatchObject([{ name: "default", kind: agent, credentials }]);
    expect(configTemplate({ repositories: [APP], agent })).toContain(
      `\n    credentials: { env: ${credentials.variable} }`,
    );
  });

  it.each(AGENTS)("for %s shows every key that there is", (agent) => {
    const config = configTemplate({ repositories: [APP], agent });
    const plan = planTemplate({ repositories: [APP], agent });
    const known = [
      ...Object.keys(configSchema.shape),
      ...Object.keys(configSchema.shape.repositories.valueType.shape),
      ...agentKeys(agent),
      ...Object.keys(limitsSchema.shape),
    ];
    expect(known.length).toBeGreaterThan(30);
    expect(known.filter((key) => !config.includes(`${key}:`))).toEqual([]);
    const task = Object.keys(planSchema.shape.tasks.element.shape);
    expect(task.filter((key) => !plan.includes(`${key}:`))).toEqual([]);
    for (const rule of ["budget", "quotaWait", "clientChange"]) expect(config).toContain(rule);
  });

  it.each(AGENTS)("for %s shows defaults that are the defaults", (agent) => {
    if (agent === "command") return;
    const text = configTemplate({ repositories: [APP], agent });
    const shown = (key: string): unknown =>
      parse(new RegExp(`# ${key}: (.+?)(?: #|$)`, "m").exec(text)?.[1] ?? "");
    const written = /^ {4}model: (\S+)/m.exec(text)?.[1] ?? "";
    const { version, maxOutputTokens, upstream } = agentSchema.parse({ kind: agent, model: written }) as {
      readonly [key: string]: unknown;
      readonly upstream: { readonly url: string };
    };
    expect(shown("version")).toBe(version);
    expect(shown("maxOutputTokens")).toBe(maxOutputTokens);
    expect(shown("upstream")).toMatchObject({ url: upstream.url });
    expect(shown("prices")).toEqual({ [written]: listPrice(written) });
  });

  it("shows the caps that phase 1 has", async () => {
    const phase1 = await loadPhasePolicy("1");
    const shown = [
      ...configTemplate({ repositories: [APP], agent: "claude" }).matchAll(/^# {3}(\w+): (\S+)/gm),
    ];
    const caps = Object.fromEntries(
      shown.map(([, name, value]) => [name, Number.isNaN(Number(value)) ? value : Number(value)]),
    );
    expect(limitsSchema.parse(caps)).toEqual(phase1.ok && phase1.value.limits);
  });

  it.each(AGENTS)("for %s shows examples in comments that are valid without the signs", (agent) => {
    const config = configTemplate({ repositories: [APP], agent }).replaceAll(
      /^( *)# (?=\s*[a-z]+[A-Za-z]*:( |$))/gm,
      "$1",
    );
    const plan = planTemplate({ repositories: [APP], agent }).replaceAll(/^  # /gm, "  ");
    for (const [text, schema] of [
      [config, configSchema],
      [plan, planSchema],
    ] as const) {
      const yaml = parseYaml(text, "x.yaml");
      expect(yaml.ok ? z.safeParse(schema, yaml.value.value).error : yaml.error).toBeUndefined();
    }
  });

  it("is YAML that says what was meant, whatever a folder is called", () => {
    const path = fc.string({ unit: "grapheme", minLength: 1 }).filter((text) => !/\p{Cc}/u.test(text));
    fc.assert(
      fc.property(path, fc.array(path, { minLength: 1 }), (folder, commands) => {
        const yaml = parseYaml(
          configTemplate({
            repositories: [{ ...APP, path: folder, verifyGuess: commands }],
            agent: "command",
          }),
          "x.yaml",
        );
        expect(yaml.ok && yaml.value.value).toMatchObject({
          repositories: { app: { path: folder, verify: commands } },
        });
      }),
    );
  });
});
