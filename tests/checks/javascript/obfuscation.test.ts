import { describe, expect, it } from "vitest";
import { rulesFound } from "../check-world.ts";

/** The rule, the file, and what is in it. */
const HIDDEN: readonly (readonly [string, string, string])[] = [
  [
    "js-obfuscated",
    "src/case.js",
    "var _0x3a1f = ['log', 'hi'];\nvar _0x12cd = function (_0x55aa) { return _0x3a1f[_0x55aa]; };\nconsole[_0x12cd(0)](_0x12cd(1));",
  ],
  ["js-obfuscated", "src/case.js", "const cmd = '\\x72\\x6d\\x20\\x2d\\x72\\x66';\nrun(cmd);"],
  ["js-obfuscated", "src/case.js", "obj['con' + 'structor'](src)();"],
  [
    "js-obfuscated",
    "src/case.js",
    "const s = String.fromCharCode(114, 101, 113, 117, 105, 114, 101);\nuse(s);",
  ],
  [
    "js-obfuscated",
    "src/case.js",
    "const data = atob('QUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJD');\nuse(data);",
  ],
  ["js-obfuscated", "src/case.js", "\\u0066etch('https://a.example');"],
  [
    "js-obfuscated",
    "src/case.js",
    "[][(![]+[])[+[]]+(![]+[])[!+[]+!+[]]+(![]+[])[+!+[]]+(!![]+[])[+[]]][([][(![]+[])[+[]]])]",
  ],
  [
    "js-obfuscated",
    "src/case.js",
    "const ok = true;\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\tsteal();",
  ],
];

describe("JavaScript and TypeScript", () => {
  it.each(HIDDEN)("%s is seen where code is hidden: %s: %s", async (rule, path, code) => {
    expect(await rulesFound({}, { [path]: code })).toContain(rule);
  });
});
