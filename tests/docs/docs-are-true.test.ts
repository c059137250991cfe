import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { EXIT } from "../../src/cli/exit-codes.ts";
import { configSchema } from "../../src/config/schema.ts";
import { FAILURE_REASONS, failed } from "../../src/core/attempt.ts";
import { PLATFORM_NAMES } from "../../src/core/engine-platform.ts";
import { EVENT_DATA, envelopeSchema } from "../../src/core/event.ts";
import { NIGHT_ENDS } from "../../src/core/night-events.ts";
import { GUARD_DRILL_IDS } from "../../src/core/guard-drills.ts";
import { CANARIES } from "../../src/core/canary.ts";
import { gateSchema } from "../../src/core/gate-policy.ts";
import { LIMIT_NAMES } from "../../src/core/limits.ts";
import { planSchema } from "../../src/core/plan.ts";
import { PHASES, policyOverrideSchema, policySchema } from "../../src/core/policy.ts";
import { VERSION_TABLE } from "../../src/core/version-table.ts";
import { DENIAL_RULES } from "../../src/gateway/denial.ts";
import { REGISTRY_RULES } from "../../src/registry/registry-rules.ts";
import { collectorSpec, gatewaySpec, sandboxSpec } from "../../src/sandbox/docker/container-spec.ts";
import { TEST_LIMITS } from "../fixtures/test-limits.ts";

const ROOT = resolve(import.meta.dirname, "../..");

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

function matches(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map((match) => match[1] ?? "");
}

/** The part of a document below a heading, up to the next heading of the same level or a higher one. */
function section(text: string, heading: string): string {
  const level = heading.indexOf(" ");
  const lines = text.split("\n");
  const start = lines.indexOf(heading);
  if (start < 0) throw new Error(`there is no heading "${heading}"`);
  const end = lines.findIndex((line, at) => at > start && /^#+ /.test(line) && line.indexOf(" ") <= level);
  return lines.slice(start + 1, end < 0 ? undefined : end).join("\n");
}

/** The cells of every row of the tables in `text`, without their backticks. */
function rows(text: string): string[][] {
  return text
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .map((line) =>
      line
        .slice(1, line.lastIndexOf("|"))
        .split("|")
        .map((cell) => cell.trim().replaceAll("`", "")),
    );
}

const DOCUMENTS = [
  "README.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  "ops/runbook.md",
  "ops/macos/README.md",
].concat(
  readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
);

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
}

/** Every key that a file may have, as a path in the form of docs/configuration.md. */
function keysOf(schema: z.ZodType): string[] {
  const visit = (part: JsonSchema, path: string): string[] => {
    const { properties = {}, additionalProperties: others, items, anyOf = [], oneOf = [] } = part;
    const inner = Object.entries(properties).flatMap(([key, value]) => {
      const here = path === "" ? key : `${path}.${key}`;
      return [here, ...visit(value, here)];
    });
    if (typeof others === "object") inner.push(...visit(others, `${path}.NAME`));
    if (items) inner.push(...visit(items, `${path}[]`));
    return [...inner, ...[...anyOf, ...oneOf].flatMap((each) => visit(each, path))];
  };
  const keys = visit(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as JsonSchema, "");
  // A key that several kinds of an entry have is one key.
  return [...new Set(keys)];
}

describe("docs/configuration.md", () => {
  const text = read("docs/configuration.md");
  const isLimit = (key: string): boolean => /(?:^|\.)(?:limits|taskCeilings)\./.test(key);

  it.each([
    ["nightwarden.yaml", configSchema],
    ["tasks.yaml", planSchema],
    ["policy.yaml", policyOverrideSchema],
  ] as const)("has every key of %s, and no other", (file, schema) => {
    const documented = rows(section(text, `## ${file}`)).map(([key = ""]) => key);
    const keys = keysOf(schema).filter((key) => !isLimit(key));
    expect(keys.length).toBeGreaterThan(4);
    expect(documented.slice(2).toSorted()).toEqual(keys.toSorted());
  });

  it("has every limit with its value of phase 1", () => {
    const { limits } = parse(read("policies/phase-1.yaml")) as { limits: Record<string, unknown> };
    const documented = rows(section(text, "## Limits")).slice(2);
    expect(documented.map(([name, , value]) => [name, value])).toEqual(
      LIMIT_NAMES.map((name) => [name, String(limits[name])]),
    );
  });
});

describe("docs/phases.md", () => {
  it("has the values of the policies that the package brings", () => {
    const policies = PHASES.map(
      (phase) => parse(read(`policies/phase-${phase}.yaml`)) as Record<string, string | number | string[]>,
    );
    const rules = Object.keys(policySchema.shape).filter(
      (key) => !["phase", "ignore", "limits", "taskCeilings", "budget", "checks", "gate"].includes(key),
    );
    const documented = rows(section(read("docs/phases.md"), "# Phases")).slice(2, 2 + rules.length);
    expect(documented.map((cells) => cells.slice(0, 5))).toEqual(
      rules.map((rule) => [rule, ...policies.map((policy) => String(policy[rule] ?? "") || "—")]),
    );
  });
});

describe("docs/phases.md, on gates", () => {
  it("has every threshold with its value in each phase", () => {
    const gates = PHASES.map(
      (phase) => (parse(read(`policies/phase-${phase}.yaml`)) as { gate: Record<string, Threshold> }).gate,
    );
    const documented = rows(section(read("docs/phases.md"), "## Gates"))
      .slice(2)
      .map((cells) => cells.slice(0, 5));
    const keys = gateSchema.keyof().options;
    expect(documented.slice(0, keys.length)).toEqual(
      keys.map((key) => [key, ...gates.map((gate) => thresholdInWords(gate[key]))]),
    );
  });
});

type Threshold = string | number | boolean | readonly string[] | undefined;

function thresholdInWords(value: Threshold): string {
  return typeof value === "object" ? `all ${value.length}` : String(value ?? "—");
}

describe("docs/failure-classes.md", () => {
  const text = read("docs/failure-classes.md");

  it("has a heading for each reason and each end of a night, and no other", () => {
    expect(matches(text, /^### (.+)$/gm).toSorted()).toEqual([...FAILURE_REASONS, ...NIGHT_ENDS].toSorted());
  });

  it.each(FAILURE_REASONS)("names the cause of %s", (reason) => {
    const outcome = failed(reason, "");
    expect(section(text, `### ${reason}`)).toContain(
      `Cause: **${outcome.kind === "failed" ? outcome.cause : "none"}**`,
    );
  });
});

describe("docs/platforms.md", () => {
  const text = read("docs/platforms.md");

  it("has every fix that versions are judged by, and no other", () => {
    const documented = rows(section(text, "## Versions")).slice(2);
    const fixes = Object.values(VERSION_TABLE).flatMap(({ name, fixes: ofProgram }) =>
      ofProgram.map(({ id, level, fixedIn, what }) => [name, id, level, fixedIn.join(", "), what]),
    );
    expect(documented).toEqual(fixes);
  });

  it("says of every engine that is recognised whether it is tested", () => {
    const documented = rows(text).map(([name]) => name);
    const names = Object.values(PLATFORM_NAMES).filter((name) => !name.startsWith("an engine"));
    expect(names.length).toBeGreaterThan(4);
    expect(names.filter((name) => !documented.includes(name))).toEqual([]);
  });
});

describe("docs/exit-codes.md", () => {
  it("has the table of the code", () => {
    const documented = rows(read("docs/exit-codes.md")).slice(2);
    expect(documented.map(([code, name]) => [name, Number(code)])).toEqual(Object.entries(EXIT));
  });
});

describe("docs/journal.md", () => {
  const text = read("docs/journal.md");

  it("has every type of event, in the order of the code, and no other", () => {
    expect(
      rows(section(text, "## Event types"))
        .slice(2)
        .map(([type]) => type),
    ).toEqual(Object.keys(EVENT_DATA));
  });

  it("has every member of the envelope", () => {
    const documented = rows(section(text, "## A line")).slice(2);
    expect(documented.map(([member]) => member)).toEqual(Object.keys(envelopeSchema.shape));
  });
});

describe("docs/containment.md", () => {
  it("has every rule of the gateway, with its meaning", () => {
    const documented = rows(section(read("docs/containment.md"), "### The gateway"));
    for (const [rule, meaning] of Object.entries(DENIAL_RULES))
      expect(documented).toContainEqual([rule, meaning]);
  });

  it("has every rule of the registry gateway, with its meaning", () => {
    const documented = rows(section(read("docs/containment.md"), "### The registry gateway"));
    for (const [rule, meaning] of Object.entries(REGISTRY_RULES))
      expect(documented).toContainEqual([rule, meaning]);
  });

  it("has every canary, with its question, its guard and who promises it, and no other", () => {
    const documented = rows(section(read("docs/containment.md"), "## Canaries")).slice(2);
    expect(documented).toEqual(
      Object.entries(CANARIES).map(([id, { question, guard, promisedBy }]) => [
        id,
        question,
        guard,
        promisedBy.join(", "),
      ]),
    );
  });

  it("has every field that is asked of the engine", () => {
    const text = read("docs/containment.md");
    const common = { name: "n", image: "i", labels: {} };
    const specs = [
      sandboxSpec({ ...common, tree: "t", gateway: "g", slot: 0, limits: TEST_LIMITS }),
      gatewaySpec({ ...common, network: "n", socket: "s" }),
      collectorSpec({ ...common, trees: [] }),
    ];
    const fields = new Set(
      specs.flatMap((spec) => [...Object.keys(spec), ...Object.keys(spec.HostConfig ?? {})]),
    );
    expect(fields.size).toBeGreaterThan(30);
    expect([...fields].filter((field) => !text.includes(`\`${field}\``))).toEqual([]);
  });
});

/** The groups of commands that are in one. */
const GROUPS: Readonly<Record<string, string>> = {
  build: "image ",
  ...Object.fromEntries(["containment", ...GUARD_DRILL_IDS, "all", "docker"].map((name) => [name, "drill "])),
};

describe("the commands", () => {
  const source = read("src/cli/command-line.ts");
  const blocks = source.split(".command(").slice(1);
  const commands = blocks.flatMap((block) => {
    const name = /^"([a-z-]+)"/.exec(block)?.[1] ?? "";
    if (["image", "ops", "drill"].includes(name)) return []; // a group: its commands follow
    const group = name.startsWith("macos-") ? "ops " : (GROUPS[name] ?? "");
    return [{ name: `${group}${name}`, hasJson: block.includes(".addOption(json)") }];
  });
  const names = commands.map(({ name }) => name);

  it("are those of the table in README.md", () => {
    const documented = matches(read("README.md"), /^\| `nightwarden ([a-z -]+)`/gm);
    expect(documented.length).toBeGreaterThan(5);
    expect(documented).toEqual(names);
  });

  it("have their JSON in docs/json.md where they print any", () => {
    const text = read("docs/json.md");
    const withJson = commands.filter(({ hasJson }) => hasJson).map(({ name }) => name);
    expect(withJson.length).toBeGreaterThan(3);
    expect(withJson.filter((name) => !text.includes(`\`nightwarden ${name}\``))).toEqual([]);
  });

  it("exist, with the scripts, wherever a document tells somebody to run them", () => {
    const missing = DOCUMENTS.flatMap((document) => {
      const text = read(document);
      const shown = matches(text, /^nightwarden ([a-z]+)/gm);
      const scripts = matches(text, /\b(scripts\/[a-z-]+(?:\.[a-z]+)?)/g);
      return [
        ...shown.filter((name) => !names.some((known) => known.split(" ")[0] === name)),
        ...scripts.filter((script) => !existsSync(join(ROOT, script))),
      ].map((what) => `${document}: ${what}`);
    });
    expect(missing).toEqual([]);
  });
});

describe("ops/runbook.md", () => {
  it("has a heading for each code of an error, and no other", () => {
    const codes = matches(read("src/core/nightwarden-error.ts"), /^ {2}\| "([a-z]+\.[a-z]+)"/gm);
    expect(codes.length).toBeGreaterThan(10);
    expect(matches(section(read("ops/runbook.md"), "## Errors"), /^### (.+)$/gm)).toEqual(codes);
  });
});

describe("docs/architecture.md", () => {
  it("has a row for each folder of src, and for no other", () => {
    const documented = rows(section(read("docs/architecture.md"), "## Folders"))
      .slice(2)
      .map(([name]) => name);
    const files = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" });
    const places = files.filter((file) => file.endsWith(".ts")).map((file) => file.split("/")[0] ?? "");
    expect(new Set(documented)).toEqual(new Set(places));
  });
});

describe("every document", () => {
  it("links only to what exists", () => {
    const links = DOCUMENTS.flatMap((document) =>
      matches(read(document), /\]\(([^)\s]+)\)/g)
        .filter((target) => !/^https?:/.test(target))
        .map((target) => ({ document, target })),
    );
    expect(links.length).toBeGreaterThan(30);
    const broken = links.filter(({ document, target }) => {
      const [path = "", anchor] = target.split("#");
      const file = path === "" ? document : join(dirname(document), path);
      if (!existsSync(join(ROOT, file))) return true;
      return anchor !== undefined && !anchorsOf(read(file)).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  it("names only files of the source that exist", () => {
    const named = DOCUMENTS.filter((document) => document !== "CHANGELOG.md").flatMap((document) =>
      matches(read(document), /`((?:src|tests|docker|policies)\/[\w./-]+)`/g).map((file) => ({
        document,
        file,
      })),
    );
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter(({ file }) => !existsSync(join(ROOT, file)))).toEqual([]);
  });

  it("of a decision has its four parts, and a number without a gap", () => {
    const decisions = readdirSync(join(ROOT, "docs/decisions")).toSorted();
    expect(decisions.map((name) => Number(name.slice(0, 4)))).toEqual(decisions.map((_, index) => index + 1));
    for (const name of decisions) {
      expect(matches(read(`docs/decisions/${name}`), /^## (.+)$/gm)).toEqual([
        "Context",
        "Decision",
        "Road not taken",
        "Consequences",
      ]);
    }
  });
});

/** The anchors that a forge makes of headings. */
function anchorsOf(text: string): string[] {
  return matches(text, /^#+ (.+)$/gm).map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}
