import { describe, expect, it } from "vitest";
import { findingsOf } from "../check-world.ts";

const javascript = (suite: string, source: string, tests: readonly string[]): string =>
  [
    'import { describe, expect, it } from "vitest";',
    `import { add, subtract } from "${source}";`,
    `describe("${suite}", () => {`,
    ...tests,
    "});",
    "",
  ].join("\n");
const ADD = '  it("adds", () => {\n    expect(add(1, 2)).toBe(3);\n  });';
const SUBTRACT = '  it("subtracts", () => {\n    expect(subtract(3, 2)).toBe(1);\n  });';
const WEAK = '  it("subtracts", () => {\n    expect(subtract(3, 2)).toBeDefined();\n  });';

const python = (...tests: readonly string[]): string =>
  ["from app.sums import add, subtract", "", ...tests, ""].join("\n");
const PY_ADD = "def test_adds():\n    assert add(1, 2) == 3\n";
const PY_SUBTRACT = "def test_subtracts():\n    assert subtract(3, 2) == 1\n";

const [OLD, NEW] = ["tests/sums.test.ts", "tests/unit/arithmetic.test.ts"];
const [PY_OLD, PY_NEW] = ["tests/test_sums.py", "tests/unit/test_arithmetic.py"];

async function blocked(base: Record<string, string>, head: Record<string, string>): Promise<string[]> {
  const found = await findingsOf(base, head);
  return [...new Set(found.filter(({ level }) => level === "block").map(({ rule }) => rule))];
}

describe("a test file that is moved", () => {
  const base = { [OLD]: javascript("sums", "../src/sums.ts", [ADD, SUBTRACT]) };
  const pythonBase = { [PY_OLD]: python(PY_ADD, PY_SUBTRACT) };

  it("costs nothing: as it is, with its imports put right, under another suite's name, in two files", async () => {
    expect(await blocked(base, { [NEW]: base[OLD] ?? "" })).toEqual([]);
    expect(await blocked(base, { [NEW]: javascript("sums", "../../src/sums.ts", [ADD, SUBTRACT]) })).toEqual(
      [],
    );
    expect(
      await blocked(base, { [NEW]: javascript("arithmetic", "../../src/sums.ts", [SUBTRACT, ADD]) }),
    ).toEqual([]);
    const two = {
      "tests/add.test.ts": javascript("add", "../src/sums.ts", [ADD]),
      "tests/subtract.test.ts": javascript("subtract", "../src/sums.ts", [SUBTRACT]),
    };
    expect(await blocked(base, two)).toEqual([]);
    expect(await blocked(pythonBase, { [PY_NEW]: python(PY_SUBTRACT, PY_ADD) })).toEqual([]);
  });

  it("and loses a test, or its worth, on the way is found", async () => {
    expect(await blocked(base, { [NEW]: javascript("sums", "../../src/sums.ts", [ADD]) })).toEqual([
      "test-removed",
    ]);
    expect(await blocked(base, { [NEW]: javascript("sums", "../../src/sums.ts", [ADD, WEAK]) })).not.toEqual(
      [],
    );
    expect(await blocked(pythonBase, { [PY_NEW]: python(PY_ADD) })).toEqual(["test-removed"]);
    // To where no runner looks.
    expect(await blocked(base, { "tests/unit/arithmetic.ts": base[OLD] ?? "" })).toContain("test-removed");
  });
});
