import { describe, expect, it } from "vitest";
import { findingsOf } from "../check-world.ts";

const BASE =
  'import { exec } from "node:child_process";\nimport * as cp from "node:child_process";\nexec("ls");\n';
const added = async (path: string, line: string) =>
  (await findingsOf({ [path]: BASE }, { [path]: `${BASE}${line}\n` })).map(({ rule, level, line: at }) => [
    rule,
    level,
    at,
  ]);

describe("a file that may start programs already", () => {
  it.each([
    "exec(input);",
    "cp.spawn(input);",
    "const { fork: f } = cp; f(input);",
    "Reflect.apply(exec, null, [input]);",
  ])("is named where it starts one more: %s", async (line) => {
    expect(await added("src/a.js", line)).toContainEqual(["js-process-execution", "warn", 4]);
  });

  it("is not where the call was only moved, nor where the method is one of something else", async () => {
    const moved = BASE.replace('exec("ls");\n', "") + 'export const list = () => {\n  exec("ls");\n};\n';
    expect(await findingsOf({ "src/a.js": BASE }, { "src/a.js": moved })).toEqual([]);
    expect(await added("src/a.js", "database.exec(input);")).toEqual([]);
  });
});
