import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { Toolchain } from "../../src/config/config.ts";
import { loadConfig } from "../../src/config/load-config.ts";
import { loadPhasePolicy } from "../../src/config/load-policy.ts";
import { parseYaml } from "../../src/config/parse-yaml.ts";
import { configSchema } from "../../src/config/schema.ts";
import { configTemplate, planTemplate, type RepositoryGuess } from "../../src/config/templates.ts";
import { limitsSchema } from "../../src/core/limits.ts";
import { planSchema } from "../../src/core/plan.ts";
import { formatProblem } from "../../src/core/problem.ts";
import { temporaryWorkspace } from "./temporary-workspace.ts";

const APP: RepositoryGuess = {
  name: "app",
  path: "repo",
  branch: "main",
  verifyGuess: ["npm test"],
  toolchainGuess: { kind: "standard" },
};

async function loadTemplates(repositories: readonly RepositoryGuess[]) {
  const folder = await temporaryWorkspace({
    "nightwarden.yaml": configTemplate({ repositories }),
    "tasks.yaml": planTemplate({ repositories }),
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

  it("shows every key that there is", () => {
    const config = configTemplate({ repositories: [APP] });
    const plan = planTemplate({ repositories: [APP] });
    const repository = Object.keys(configSchema.shape.repositories.valueType.shape);
    const agent = Object.keys(configSchema.shape.agents.valueType.shape);
    const known = [
      ...Object.keys(configSchema.shape),
      ...repository,
      ...agent,
      ...Object.keys(limitsSchema.shape),
    ];
    expect(known.filter((key) => !config.includes(`${key}:`))).toEqual([]);
    const task = Object.keys(planSchema.shape.tasks.element.shape);
    expect(task.filter((key) => !plan.includes(`${key}:`))).toEqual([]);
  });

  it("shows the caps that phase 1 has", async () => {
    const phase1 = await loadPhasePolicy("1");
    const shown = [...configTemplate({ repositories: [APP] }).matchAll(/^# {3}(\w+): (\S+)/gm)];
    const caps = Object.fromEntries(
      shown.map(([, name, value]) => [name, Number.isNaN(Number(value)) ? value : Number(value)]),
    );
    expect(limitsSchema.parse(caps)).toEqual(phase1.ok && phase1.value.limits);
  });

  it("shows examples in comments that are valid when the comments are taken away", () => {
    const config = configTemplate({ repositories: [APP] }).replaceAll(
      /^( *)# (?=\s*[a-z]+[A-Za-z]*:( |$))/gm,
      "$1",
    );
    const plan = planTemplate({ repositories: [APP] }).replaceAll(/^  # /gm, "  ");
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
          configTemplate({ repositories: [{ ...APP, path: folder, verifyGuess: commands }] }),
          "x.yaml",
        );
        expect(yaml.ok && yaml.value.value).toMatchObject({
          repositories: { app: { path: folder, verify: commands } },
        });
      }),
    );
  });
});
