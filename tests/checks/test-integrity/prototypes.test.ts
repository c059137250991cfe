import { describe, expect, it } from "vitest";
import { rulesFound } from "../check-world.ts";

const file = (line: string): string =>
  `import { test, expect } from "vitest";\nimport { merge } from "../src/merge.ts";\ntest("a", () => {\n  ${line}\n  expect(merge({}, {})).toEqual({});\n});\n`;

describe("what a test does to what all values have", () => {
  it.each([
    "Object.prototype.polluted = true;",
    "Array.prototype.ourOwn = () => 1;",
    'Object.defineProperty(Object.prototype, "polluted", { value: 1, configurable: true });',
  ])("a name that nobody asks for changes no assertion: %s", async (line) => {
    expect(await rulesFound({}, { "tests/merge.test.ts": file(line) })).not.toContain("assertions-patched");
  });

  it.each([
    "Object.prototype.hasOwnProperty = () => true;",
    "Object.prototype.toString = () => 'x';",
    "Object.prototype.asymmetricMatch = () => true;",
    "Array.prototype.includes = () => true;",
    "String.prototype.trim = () => 'x';",
    'Object.defineProperty(Array.prototype, "length", { value: 1 });',
    "Object.is = () => true;",
  ])("a control: one that assertions are made of does: %s", async (line) => {
    expect(await rulesFound({}, { "tests/merge.test.ts": file(line) })).toContain("assertions-patched");
  });
});
