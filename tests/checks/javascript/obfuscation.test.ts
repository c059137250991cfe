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
  [
    "js-obfuscated",
    "src/case.js",
    "const _0xabc1=['a'];const _0xabc2=function(_0xabc3){return _0xabc1[_0xabc3];};",
  ],
  ["js-obfuscated", "src/case.js", "const x = '\\u0065\\u0076\\u0061\\u006c';"],
  [
    "js-obfuscated",
    "src/case.js",
    "const n = [114,101,113].map((c) => String.fromCharCode(c)).join('');\nuse(n);",
  ],
  ["js-obfuscated", "src/case.js", "x['\\x63\\x6f\\x6e\\x73\\x74\\x72\\x75\\x63\\x74\\x6f\\x72'];"],
  [
    "js-obfuscated",
    "src/case.js",
    "const a = 1;                                                                                                                                                                                                        fetch('https://x.example');",
  ],
  [
    "js-obfuscated",
    "src/case.js",
    "const a = 1; // ok\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\nfetch('https://x.example');",
  ],
  ["js-obfuscated", "src/case.js", "obj[atob('Y29uc3RydWN0b3I=')](x);"],
  [
    "js-obfuscated",
    "src/case.js",
    "const b = Buffer.from('abababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababab', 'hex');\nrun(b);",
  ],
  ["js-obfuscated", "src/case.js", "const \\u{65}val2 = 1;\nuse(\\u{65}val2);"],
  [
    "js-obfuscated",
    "src/case.js",
    '$=~[];$={___:++$,$$$$:(![]+"")[$],__$:++$,$_$_:(![]+"")[$],_$_:++$,$_$$:({}+"")[$]};',
  ],
  [
    "js-obfuscated",
    "src/case.js",
    "var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}var a=0;function b(c){return c+a}",
  ],
  ["js-obfuscated", "src/case.js", "const a = '\\u{72}\\u{65}\\u{71}\\u{75}\\u{69}\\u{72}\\u{65}';"],
  ["js-obfuscated", "src/case.js", "const o = { 'con' : 1 };\nthing[`con${'struct'}or`](x);"],
  [
    "js-obfuscated",
    "src/case.js",
    "const k = 'ro' + 'tcurtsnoc';\nthing[k.split('').reverse().join('')](x);",
  ],
  [
    "js-obfuscated",
    "src/case.js",
    "const p = Buffer.from('QUJDREVGQUJDREVGQUJDREVGQUJDREVGQUJDREVGQUJDREVGQUJDREVGQUJDREVGQUJDREVGQUJDREVGQUJDREVGQUJDREVGQUJDREVGQUJDREVGQUJDREVGQUJDREVGQUJDREVGQUJDREVGQUJDREVGQUJDREVGQUJDREVGQUJDREVGQUJDREVGQUJDREVGQUJDREVGQUJDREVGQUJDREVGQUJDREVGQUJDREVGQUJDREVG', 'base64').toString();\nuse(p);",
  ],
  ["js-obfuscated", "src/case.js", "thing['ex' + 'ecSync']('id');"],
  [
    "js-obfuscated",
    "src/case.js",
    "var _0x1=0;(function(_0x4e1a,_0x5b2c){while(!![]){try{break;}catch(_0x3f00){_0x4e1a['push'](_0x4e1a['shift']());}}}(_0x9abc,0x1));",
  ],
  ["js-obfuscated", "src/case.js", "pro\\u0063ess.exit();"],
  ["js-obfuscated", "src/case.js", "obj.\\u0065val(x);"],
  [
    "js-obfuscated",
    "src/case.js",
    "if (ok) run();                                                                                                                                                      process.exit(0);",
  ],
  ["js-obfuscated", "src/case.js", "const s = 'x'.replace(/x/, 'require');\nuse(s, 'child_' + 'process');"],
];

describe("JavaScript and TypeScript", () => {
  it.each(HIDDEN)("%s is seen where code is hidden: %s: %s", async (rule, path, code) => {
    expect(await rulesFound({}, { [path]: code })).toContain(rule);
  });
});
