import { describe, expect, it } from "vitest";
import { findingsOf } from "../check-world.ts";

const blocked = async (code: string, path = "src/case.js"): Promise<string[]> =>
  (await findingsOf({}, { [path]: code })).filter(({ level }) => level === "block").map(({ rule }) => rule);

describe("JavaScript that does not parse", () => {
  it("is a warning where the rest could be read, and the rest is checked", async () => {
    const found = await findingsOf({}, { "src/case.js": "import x from 'lodahs';\nreturn x;" });
    expect(found.map(({ rule, level }) => `${rule} ${level}`).sort()).toEqual([
      "js-undeclared-import block",
      "unreadable-source warn",
    ]);
  });

  it("is not passed where nothing of it could be read", async () => {
    expect(await blocked("import x from 'lodahs';\nfunction ( {")).toContain("unreadable-source");
  });

  it("is told once, where the base did not parse either and the rest could be read", async () => {
    const code = "export const a = 1;\nreturn a;\n";
    expect(await findingsOf({ "src/case.js": code }, { "src/case.js": `${code}// more\n` })).toEqual([]);
  });

  it("is a warning where nothing could be read before either, and the text changed", async () => {
    const code = "const a = ;\n";
    const found = await findingsOf(
      { "src/case.js": code },
      { "src/case.js": `${code}require('child_process').exec(a);\n` },
    );
    expect(found.map(({ rule, level }) => `${rule} ${level}`)).toEqual(["unreadable-source warn"]);
  });

  it("is not passed where the base could be read", async () => {
    const found = await findingsOf({ "src/case.js": "const a = 1;\n" }, { "src/case.js": "const a = ;\n" });
    expect(found.map(({ rule, level }) => `${rule} ${level}`)).toEqual(["unreadable-source block"]);
  });

  it.each([
    ["brackets", "[".repeat(100_000)],
    ["calls", "f(".repeat(50_000) + ")".repeat(50_000)],
    ["negations", `x = ${"!".repeat(200_000)}1;`],
    ["arrows", `x = ${"a => ".repeat(50_000)}1;`],
  ])("is not passed where it nests beyond all measure: %s", async (_, code) => {
    expect(await blocked(code)).toContain("unreadable-source");
  });

  it("ends in bounded time where names are doubled without end", async () => {
    const lines = Array.from({ length: 400 }, (_, at) => `const a${at + 1} = a${at} + a${at};`);
    const calls = Array.from(
      { length: 60 },
      (_, at) => `function f${at + 1}(x) { return f${at}(x) + f${at}(x); }`,
    );
    const code = [
      "const a0 = 'x';",
      ...lines,
      "function f0(x) { return x + x; }",
      ...calls,
      "require(f60('a'));",
    ].join("\n");
    const start = performance.now();
    await findingsOf({}, { "src/case.js": code });
    expect(performance.now() - start).toBeLessThan(5_000);
  });

  it("does not run a regular expression that could take for ever", async () => {
    const code = "require('" + "a".repeat(60) + "!'.replace(/^(a+)+$/, 'child_process'));";
    const start = performance.now();
    await findingsOf({}, { "src/case.js": code });
    expect(performance.now() - start).toBeLessThan(5_000);
  });
});
