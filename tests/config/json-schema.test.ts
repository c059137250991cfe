import { mkdir, readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Ajv, type ValidateFunction } from "ajv";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import {
  jsonSchemaText,
  SCHEMA_KINDS,
  SCHEMA_TARGETS,
  type SchemaKind,
} from "../../src/config/json-schema.ts";
import { loadPhasePolicy } from "../../src/config/load-policy.ts";
import { configTemplate, planTemplate } from "../../src/config/templates.ts";
import { writeSchemas } from "../../src/config/write-schemas.ts";
import { CONFIG, edit, PLAN, temporaryWorkspace } from "./temporary-workspace.ts";

const ROOT = resolve(import.meta.dirname, "../..");

/** As strict as the validator can be: a word of the schema that means nothing is an error. */
function validator(kind: SchemaKind): ValidateFunction {
  return new Ajv({ strict: true, allErrors: true }).compile(JSON.parse(jsonSchemaText(kind)));
}

const VALIDATORS = { config: validator("config"), plan: validator("plan"), policy: validator("policy") };

function errors(kind: SchemaKind, text: string): unknown[] {
  const validate = VALIDATORS[kind];
  return validate(parse(text)) ? [] : (validate.errors ?? []);
}

const GUESS = {
  name: "app",
  path: "../app",
  branch: "main",
  verifyGuess: ["npm test"],
  toolchainGuess: { kind: "standard" },
} as const;

const CLIENT = `version: 1
repositories: { app: { path: repo, verify: [npm test] } }
agents:
  one:
    kind: claude
    model: house-model
    models: [claude-opus-5]
    version: 2.1.328
    maxOutputTokens: 1000
    credentials: { command: [pass, show, key] }
    upstream: { url: "https://models.example/x", caFile: ca.pem, proxy: "http://proxy.example:1" }
    prices: { house-model: { input: 1, output: 2, cacheRead: 0.1, cacheWrite: 1 } }
    env: { NODE_ENV: test }
network: { caFile: ca.pem, proxy: "http://proxy.example:1" }
limits: { wallClock: 1h30m, memory: 512MiB, cpus: 0.5, cost: 0.25 }
`;
const POLICY = `reason: We have watched it for a month.
changes: { unattended: 2h, quotaWait: 1h, budget: { nightCost: 5 }, limits: { tmp: 1GiB } }
`;

describe("the JSON Schema", () => {
  it.each(["command", "claude", "codex"] as const)("accepts what init writes for %s", (agent) => {
    expect(errors("config", configTemplate({ repositories: [GUESS], agent }))).toEqual([]);
    expect(errors("plan", planTemplate({ repositories: [GUESS], agent }))).toEqual([]);
  });

  it.each([
    ["config", "examples/nightwarden.yaml"],
    ["plan", "examples/tasks.yaml"],
    ["policy", "examples/policy.yaml"],
  ] as const)("of a %s accepts %s", async (kind, file) => {
    expect(errors(kind, await readFile(join(ROOT, file), "utf8"))).toEqual([]);
  });

  it("accepts files that say everything", () => {
    expect(errors("config", CLIENT)).toEqual([]);
    expect(errors("policy", POLICY)).toEqual([]);
  });

  it("accepts the caps of a phase as a workspace's changes", async () => {
    const file = parse(await readFile(join(ROOT, "policies/phase-1.yaml"), "utf8")) as Record<
      string,
      unknown
    >;
    const { phase, ...changes } = file;
    expect((await loadPhasePolicy("1")).ok && phase).toBe("1");
    expect(VALIDATORS.policy({ changes })).toBe(true);
  });

  it.each<[SchemaKind, string, string]>([
    ["config", "a misspelt key", edit(CONFIG, "verify:", "verfiy:")],
    ["config", "text where a list is needed", edit(CONFIG, "[npm test]", "npm test")],
    ["config", "no repository", edit(CONFIG, "  app:\n    path: repo\n    verify: [npm test]\n", "  {}\n")],
    ["config", "a repository's name with a space", edit(CONFIG, "  app:", "  my app:")],
    ["config", "another version", edit(CONFIG, "version: 1", "version: 2")],
    ["config", "an agent of no kind", edit(CONFIG, "kind: command", "kind: robot")],
    ["config", "an agent with the keys of another kind", edit(CONFIG, "command: [my-agent]", "model: gpt-5")],
    ["config", "a client without a model", edit(CLIENT, "    model: house-model\n", "")],
    ["config", "a version that moves", edit(CLIENT, "2.1.328", "latest")],
    ["config", "two places of a key", edit(CLIENT, "{ command:", "{ env: A, command:")],
    ["config", "no place of a key", edit(CLIENT, "{ command: [pass, show, key] }", "{}")],
    ["config", "an API without TLS", edit(CLIENT, "https://", "http://")],
    ["config", "a price without a part", edit(CLIENT, ", cacheWrite: 1", "")],
    ["config", "a limit without its unit", edit(CLIENT, "1h30m", "30")],
    ["config", "a size in another unit", edit(CLIENT, "512MiB", "512MB")],
    ["plan", "no task", "version: 1\ntasks: []\n"],
    ["plan", "a task of no kind", edit(PLAN, "kind: add", "kind: ad")],
    ["plan", "a task without a prompt", edit(PLAN, "    prompt: Do it.\n", "")],
    ["policy", "no changes", "purpose: demo\n"],
    ["policy", "a rule that does not exist", edit(POLICY, "unattended:", "unatended:")],
    ["policy", "a duration without its unit", edit(POLICY, "2h", "2")],
  ])("of a %s refuses %s", (kind, _, text) => {
    expect(errors(kind, text)).not.toEqual([]);
  });

  it.each(SCHEMA_KINDS)("of a %s names no address, and tells what each key is", (kind) => {
    const text = jsonSchemaText(kind);
    const { $schema, $id, title } = JSON.parse(text) as Record<string, unknown>;
    expect({ $schema, $id, title }).toEqual({
      $schema: "http://json-schema.org/draft-07/schema#", // the name of the form, which nobody fetches
      $id: `urn:nightwarden:${kind}`,
      title: SCHEMA_TARGETS[kind],
    });
    expect(text.match(/"description"/g)?.length).toBeGreaterThan(15);
    expect(text).not.toContain("$ref");
  });
});

describe("the schemas of a workspace", () => {
  it("are where the first line of a file says, and are written again only where they are missing or old", async () => {
    const folder = await temporaryWorkspace();
    const written = await writeSchemas(folder);
    const named = [
      configTemplate({ repositories: [GUESS], agent: "command" }),
      planTemplate({ repositories: [GUESS], agent: "command" }),
    ].map((text) => /^# yaml-language-server: \$schema=(\S+)\n/.exec(text)?.[1] ?? "");
    expect(written.slice(0, 2)).toEqual(named.map((path) => join(folder, path)));
    expect(await readFile(written[2] ?? "", "utf8")).toBe(jsonSchemaText("policy"));
    expect(await readdir(join(folder, ".nightwarden/schemas"))).toHaveLength(3);
    expect((await stat(join(folder, ".nightwarden"))).mode & 0o777).toBe(0o700);

    const [config = "", plan = ""] = written;
    await utimes(plan, 1, 1);
    await writeFile(config, "{}\n");
    expect(await writeSchemas(folder)).toEqual([config]);
    expect(await readFile(config, "utf8")).toBe(jsonSchemaText("config"));
    expect((await stat(plan)).mtimeMs).toBe(1000);
    expect(await writeSchemas(folder)).toEqual([]);
  });

  it("do not touch what else is in the state folder", async () => {
    const folder = await temporaryWorkspace({ ".nightwarden/journal/n.jsonl": "x" });
    await mkdir(join(folder, ".nightwarden/schemas"));
    await writeSchemas(folder);
    expect(await readFile(join(folder, ".nightwarden/journal/n.jsonl"), "utf8")).toBe("x");
  });
});
