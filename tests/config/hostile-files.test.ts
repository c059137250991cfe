import { randomBytes } from "node:crypto";
import { stringify } from "yaml";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadConfig } from "../../src/config/load-config.ts";
import { parsePlan, type PlanContext } from "../../src/config/parse-plan.ts";
import { parseYaml } from "../../src/config/parse-yaml.ts";
import { readYaml } from "../../src/config/read-yaml.ts";
import { configSchema } from "../../src/config/schema.ts";
import { validate } from "../../src/config/validate.ts";
import { MAX_TASKS } from "../../src/core/plan.ts";
import { temporaryWorkspace } from "./temporary-workspace.ts";

const CONTEXT: PlanContext = {
  repositories: ["app"],
  agents: ["default"],
  unprepared: [],
  limits: undefined,
  ceilings: undefined,
  ruleIds: () => [],
  ownRules: [],
  order: "listed",
};

function chain(length: number, dependency: (index: number) => number): unknown {
  const tasks = Array.from({ length }, (_, index) => ({
    id: `t${index}`,
    title: "T",
    prompt: "P",
    kind: "add",
    dependsOn: dependency(index) < 0 ? [] : [`t${dependency(index)}`],
  }));
  return { version: 1, tasks };
}

describe("whatever a file holds, reading it ends with a value or with problems", () => {
  it("takes any JSON as configuration and as plan", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        for (const result of [validate(configSchema, value), parsePlan(value, CONTEXT)]) {
          expect(result.ok || result.error.length > 0).toBe(true);
        }
      }),
    );
  });

  it("takes plans that are nearly right", () => {
    const id = fc.constantFrom("a", "b", "c", "A", "", 1, null);
    const task = fc.record(
      {
        id,
        title: fc.constantFrom("T", "", 1),
        prompt: fc.constant("P"),
        kind: fc.constantFrom("add", "fix", "x"),
        dependsOn: fc.oneof(fc.array(id, { maxLength: 3 }), fc.constant("a")),
        limits: fc.constantFrom({}, { cpus: 1 }, { cpus: "x" }, 3),
      },
      { requiredKeys: [] },
    );
    const plan = fc.record({
      version: fc.constant(1),
      tasks: fc.array(fc.oneof(task, fc.constant("x")), { maxLength: 6 }),
    });
    fc.assert(
      fc.property(plan, (value) => {
        const yaml = parseYaml(stringify(value), "tasks.yaml");
        if (!yaml.ok) throw new Error(JSON.stringify(yaml.error));
        const parsed = parsePlan(yaml.value.value, CONTEXT);
        for (const { line, column } of parsed.ok ? [] : parsed.error.map(yaml.value.problem)) {
          expect(Math.min(line, column)).toBeGreaterThan(0);
        }
      }),
    );
  });

  it("reads any JSON text as the value that it is", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const yaml = parseYaml(JSON.stringify({ value }), "x.yaml");
        const expected: unknown = JSON.parse(JSON.stringify({ value }));
        // These are JSON and are refused: keys that mean something else to YAML or to us, characters that do not print.
        const refused = /"(?:<<|__proto__)"|[\u007F-\u009F]/.test(JSON.stringify(value));
        expect(yaml.ok ? yaml.value.value : refused).toEqual(yaml.ok ? expected : true);
      }),
    );
  });

  it("takes any text", () => {
    const piece = fc.constantFrom(
      "a: ",
      "- ",
      "\n",
      "  ",
      "\t",
      "&a ",
      "*a",
      "[",
      "]",
      "{",
      "}",
      "!x ",
      "|",
      "? ",
      "'",
      '"',
      "#",
      "%",
      "---\n",
      "\r",
      "\0",
      "x",
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 40 }), (pieces) => {
        const yaml = parseYaml(pieces.join(""), "x.yaml");
        expect(yaml.ok || yaml.error.length > 0).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it("takes any bytes", async () => {
    for (let run = 0; run < 50; run += 1) {
      const loaded = await loadConfig(
        await temporaryWorkspace({ "nightwarden.yaml": randomBytes(200), "tasks.yaml": randomBytes(200) }),
      );
      expect(loaded.ok).toBe(false);
    }
  });

  it.skipIf(process.platform !== "linux")(
    "names what the operating system says where a file cannot be read",
    async () => {
      const read = await readYaml({ path: "/proc/self/mem", name: "x.yaml" });
      expect(read.ok ? [] : read.error).toMatchObject([
        { file: "x.yaml", line: 0, message: expect.stringMatching(/cannot be read: /) },
      ]);
    },
  );
});

const LARGE = 10_000;

describe("a plan of 10,000 tasks is read in a moment", () => {
  it("where every task depends on the one before", { timeout: 10_000 }, () => {
    expect(
      parsePlan(
        chain(LARGE, (index) => index - 1),
        CONTEXT,
      ).ok,
    ).toBe(true);
  });

  it("where all tasks are one cycle", { timeout: 10_000 }, () => {
    const parsed = parsePlan(
      chain(LARGE, (index) => (index + 1) % LARGE),
      CONTEXT,
    );
    expect(parsed.ok ? [] : parsed.error).toEqual([
      expect.objectContaining({
        message: expect.stringMatching(/^these .*: t0 → t1 → .* → \(9981 more\) → t0$/),
      }),
    ]);
  });

  it("where no dependency exists", { timeout: 10_000 }, () => {
    const parsed = parsePlan(
      chain(LARGE, (index) => index + 1_000_000),
      CONTEXT,
    );
    expect(parsed.ok ? [] : parsed.error).toHaveLength(LARGE);
  });

  it("and one of more than 100,000 is refused for that", () => {
    const parsed = parsePlan(
      chain(MAX_TASKS + 1, (index) => index + 1),
      CONTEXT,
    );
    expect(parsed.ok ? [] : parsed.error).toMatchObject([
      { path: ["tasks"], message: "has too many entries: at most 100000" },
    ]);
  });

  it(
    "and a file of a mebibyte that is one mistake throughout ends with few problems",
    { timeout: 20_000 },
    async () => {
      const loaded = await loadConfig(
        await temporaryWorkspace({ "tasks.yaml": `tasks: [${"1,".repeat(500_000)}]` }),
      );
      expect(loaded.ok ? 0 : loaded.error.length).toBeLessThanOrEqual(101);
    },
  );
});
