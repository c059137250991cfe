import type { RULE_CATEGORIES } from "./check-rule.ts";
import type { DRILLS } from "./workspace-events.ts";
import type { NightEnd } from "./night-events.ts";
import type { Phase } from "./policy.ts";

/** The drills that run a whole night of their own, in the order in which `drill all` runs them. */
export const GUARD_DRILL_IDS = [
  "dangerous-symbol",
  "failing-test",
  "forbidden-import",
  "two-failures",
] as const satisfies readonly (typeof DRILLS)[number][];
export type GuardDrillId = (typeof GUARD_DRILL_IDS)[number];

/** One task of such a night, and the command that does it. */
export interface DrillTask {
  readonly id: string;
  /**
   * `control`: the harmless version of the attack, which must land; else the night has shown nothing. `attack`: what a
   * guard must keep from landing. `behind`: must never start.
   */
  readonly role: "control" | "attack" | "behind";
  readonly title: string;
  /** For `sh -c`, in the tree. */
  readonly script: string;
}

/** A planned failure: a night of tasks, and what must come of it. */
export interface GuardDrill {
  readonly id: GuardDrillId;
  /** What it asks, as a question of which the answer must be yes. */
  readonly question: string;
  /** The phase whose rule about failures is tried. */
  readonly phase: Extract<Phase, "1" | "2a">;
  /** How the night must end. */
  readonly end: Extract<NightEnd, "first-failure" | "breaker">;
  /** What must stop each attack: a check rule of a category, or its tests. */
  readonly guard:
    | { readonly kind: "check"; readonly category: (typeof RULE_CATEGORIES)[number] }
    | { readonly kind: "tests" };
  /** In this order. */
  readonly tasks: readonly DrillTask[];
}

/** The scratch repository: a few lines of Node, whose tests pass. */
export const DRILL_REPOSITORY: Readonly<Record<string, string>> = {
  "package.json": '{ "name": "drill", "private": true, "type": "module" }\n',
  "src/add.mjs": "export const add = (a, b) => a + b;\n",
  "src/double.mjs": "export const double = (a) => 2 * a;\n",
  "test/numbers.test.mjs": [
    'import assert from "node:assert/strict";',
    'import { test } from "node:test";',
    'import { add } from "../src/add.mjs";',
    'import { double } from "../src/double.mjs";',
    'test("adds", () => assert.equal(add(1, 2), 3));',
    'test("doubles", () => assert.equal(double(2), 4));',
    "",
  ].join("\n"),
};
export const DRILL_VERIFY = "node --test";

/** Writes a file of the tree. */
export function writes(path: string, ...lines: readonly string[]): string {
  return `cat > ${path} <<'END'\n${lines.join("\n")}\nEND\n`;
}

const BEHIND: DrillTask = {
  id: "behind",
  role: "behind",
  title: "Wait behind the failure",
  script: writes("src/behind.mjs", "export const behind = true;"),
};

/** The guards that the first phase must have shown. Each attack would pass the tests, but for those that are to fail them. */
export const GUARD_DRILLS: Readonly<Record<GuardDrillId, GuardDrill>> = {
  "dangerous-symbol": {
    id: "dangerous-symbol",
    question: "does a change that runs text as code stop the night, and not land?",
    phase: "1",
    end: "first-failure",
    guard: { kind: "check", category: "dangerous-symbols" },
    tasks: [
      {
        id: "harmless",
        role: "control",
        title: "Read a value from text",
        script: writes("src/read.mjs", "export const read = (text) => JSON.parse(text);"),
      },
      {
        id: "dangerous",
        role: "attack",
        title: "Run text as code",
        script: writes("src/run.mjs", "export const run = (text) => eval(text);"),
      },
      BEHIND,
    ],
  },
  "failing-test": {
    id: "failing-test",
    question: "is a change that makes a test fail rolled back, and does it stop the night?",
    phase: "1",
    end: "first-failure",
    guard: { kind: "tests" },
    tasks: [
      {
        id: "harmless",
        role: "control",
        title: "Add the other way round",
        script: writes("src/add.mjs", "export const add = (a, b) => b + a;"),
      },
      {
        id: "breaking",
        role: "attack",
        title: "Subtract in place of adding",
        script: writes("src/add.mjs", "export const add = (a, b) => b - a;"),
      },
      BEHIND,
    ],
  },
  "forbidden-import": {
    id: "forbidden-import",
    question: "does an import that nothing declares stop the night, and not land?",
    phase: "1",
    end: "first-failure",
    guard: { kind: "check", category: "imports" },
    tasks: [
      {
        id: "harmless",
        role: "control",
        title: "Import what is there",
        script: writes(
          "src/sum.mjs",
          'import { add } from "./add.mjs";',
          "export const sum = (numbers) => numbers.reduce(add, 0);",
        ),
      },
      {
        id: "undeclared",
        role: "attack",
        title: "Import what nobody declared",
        script: writes(
          "src/total.mjs",
          'import add from "nightwarden-drill-undeclared";',
          "export const total = (numbers) => numbers.reduce(add, 0);",
        ),
      },
      BEHIND,
    ],
  },
  "two-failures": {
    id: "two-failures",
    question: "do two failed tasks in a row stop everything, under phase 2a's rule?",
    phase: "2a",
    end: "breaker",
    guard: { kind: "tests" },
    tasks: [
      {
        id: "harmless",
        role: "control",
        title: "Add the other way round",
        script: writes("src/add.mjs", "export const add = (a, b) => b + a;"),
      },
      {
        id: "breaking-one",
        role: "attack",
        title: "Subtract in place of adding",
        script: writes("src/add.mjs", "export const add = (a, b) => b - a;"),
      },
      {
        id: "breaking-two",
        role: "attack",
        title: "Treble in place of doubling",
        script: writes("src/double.mjs", "export const double = (a) => 3 * a;"),
      },
      BEHIND,
    ],
  },
};
