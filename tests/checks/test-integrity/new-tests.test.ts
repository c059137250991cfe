import { describe, expect, it } from "vitest";
import { findingsOf } from "../check-world.ts";

const OLD =
  'import { expect, test } from "vitest";\nimport { add } from "./add.ts";\ntest("adds", () => {\n  expect(add(1, 2)).toBe(3);\n});\n';
const MARK = "  expect(true).toBe(true);\n";
const levels = async (head: string) =>
  (await findingsOf({ "src/add.test.ts": OLD }, { "src/add.test.ts": head }))
    .filter(({ rule }) => rule === "assertion-empty")
    .map(({ level, line }) => [level, line]);

describe("an assertion that cannot fail", () => {
  it("is a warning in a test that was not there before: nothing is lost by it", async () => {
    expect(await levels(`${OLD}test("is reached", () => {\n${MARK}});\n`)).toEqual([["warn", 7]]);
  });

  it("blocks in a test that was there before, and outside of every test", async () => {
    expect(await levels(OLD.replace("  expect(add(1, 2)).toBe(3);\n", MARK))).toEqual([["block", 4]]);
    expect(await levels(OLD.replace('test("adds"', `const check = () => {\n${MARK}};\ntest("adds"`))).toEqual(
      [["block", 4]],
    );
  });

  it("is a warning in a file that is new", async () => {
    const head = { "src/other.test.ts": OLD.replace("  expect(add(1, 2)).toBe(3);\n", MARK) };
    const found = (await findingsOf({}, head)).filter(({ rule }) => rule === "assertion-empty");
    expect(found).toMatchObject([{ level: "warn", line: 4 }]);
  });
});
