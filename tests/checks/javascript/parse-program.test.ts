import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSync, rawTransferSupported } from "oxc-parser";
import { describe, expect, test } from "vitest";
import { parseProgram } from "../../../src/checks/javascript/parse-program.ts";

const ROOT = join(import.meta.dirname, "../../..");

/** What a result says, its getters read. */
function read({ program, comments, errors }: ReturnType<typeof parseSync>) {
  return { program, comments, errors };
}

describe("a program's tree out of the parser's memory", () => {
  test("is possible here: what is compared below is not JSON with JSON", () => {
    expect(rawTransferSupported()).toBe(true);
  });

  test.each(
    ["src/core", "src/checks/javascript", "tests/core"].flatMap((folder) =>
      readdirSync(join(ROOT, folder))
        .filter((name) => name.endsWith(".ts"))
        .map((name) => join(folder, name)),
    ),
  )("is the one that JSON gives: %s", (path) => {
    const text = readFileSync(join(ROOT, path), "utf8");
    const options = { lang: "ts", astType: "ts", preserveParens: false } as const;
    expect(read(parseProgram(path, text, options))).toEqual(read(parseSync(path, text, options)));
  });

  test.each([
    ["letters of other scripts before what follows", "const é = '…', ｅ = `𝒳${ 1 }`; /* ü */ eval(é) // 漢"],
    [
      "names and texts in escapes",
      String.raw`\u0065val('\x41\u{1F600}\0', /[\u0061]/u, 10n, "\
")`,
    ],
    ["a first line for the shell", "#!/usr/bin/env node\nrequire('x')"],
    ["elements", "const a = <a.b c={d} {...e}>text &amp; {f}</a.b>"],
    ["what does not parse", "const = ; eval('x'"],
    ["nothing", ""],
  ])("is the one that JSON gives for %s", (_, text) => {
    const common = { sourceType: "unambiguous", preserveParens: false } as const;
    for (const options of [
      { ...common, lang: "tsx", astType: "ts" },
      { ...common, lang: "jsx", astType: "js" },
    ] as const)
      expect(read(parseProgram("a.x", text, options))).toEqual(read(parseSync("a.x", text, options)));
  });

  test("comes out of JSON where it is too deep to be read out of memory", () => {
    const parts = 20_000;
    const { program, errors } = parseProgram("a.js", Array.from({ length: parts }, () => "a").join("+"), {});
    expect(errors).toEqual([]);
    let [depth, node] = [0, (program.body[0] as unknown as { expression: { left?: unknown } }).expression];
    for (; node.left !== undefined; depth += 1) node = node.left as typeof node;
    expect(depth).toBe(parts - 1);
  });
});
