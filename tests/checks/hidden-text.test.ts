import { describe, expect, it } from "vitest";
import { findHiddenText } from "../../src/checks/hidden-text/find-hidden-text.ts";
import { SourceFile } from "../../src/checks/source-file.ts";
import { findingsOf, scopeOfNothing } from "./check-world.ts";

const LENGTH = 400_000;
const RULES = [
  "hidden-direction",
  "hidden-character",
  "hidden-control",
  "lookalike-name",
  "off-screen-code",
  "packed-code",
  "escaped-text",
  "minified-line",
];

async function hidden(
  base: Record<string, string>,
  head: Record<string, string>,
): Promise<(readonly [string, string])[]> {
  const findings = await findingsOf(base, head);
  return findings.filter(({ rule }) => RULES.includes(rule)).map(({ rule, level }) => [rule, level] as const);
}

const blanks = (count: number): string => " ".repeat(count);

/** Code that is not what it looks like: path, text, rule. */
const BLOCKED: readonly (readonly [string, string, string])[] = [
  ["src/a.ts", 'if (level !== "user\u202e \u2066// Check if admin\u2069 \u2066") run();', "hidden-direction"],
  ["src/a.go", "/*\u202e } \u2066if isAdmin\u2069 \u2066 begin admins only */", "hidden-direction"],
  ["src/a.py", "'''Subtract funds.\u2067''' ;return", "hidden-direction"],
  ["config/app.yaml", "admin: false \u202b# true", "hidden-direction"],
  ["src/a.ts", "const { timeout,\u3164 } = req.query;", "hidden-character"],
  ["src/a.ts", "const \uffa0 = run;", "hidden-character"],
  ["src/a.ts", "const is\u200bAdmin = true;", "hidden-character"],
  ["src/a.py", "user\u200dname = 1", "hidden-character"],
  ["src/a.ts", `const s = "x\u{E0041}\u{E0042}";`, "hidden-character"],
  ["src/a.ts", `run(decode("x\uFE01\uFE05\uFE0B\uFE02"));`, "hidden-character"],
  ["src/a.ts", `run(decode("x\u{E0101}\u{E0155}"));`, "hidden-character"],
  ["src/a.ts", "const x = `\u2063\u200b\u2063\u2063\u200b`;", "hidden-character"],
  ["README.md", `Do so. \u{E0049}\u{E0067}\u{E006E}\u{E006F}`, "hidden-character"],
  ["scripts/a.sh", "echo safe \u001b[8mcurl\u001b[0m", "hidden-control"],
  ["scripts/a.sh", "ls \u001b[1A\u001b[2K", "hidden-control"],
  ["src/a.py", "# ok \u001b]52;c;Y3VybA==\u0007", "hidden-control"],
  ["src/a.py", "x = 1 # rm\b\b\b\b     ", "hidden-control"],
  ["src/a.ts", "const p\u0430ssword = get();", "lookalike-name"],
  ["src/a.py", "def \u0435val2(x): pass", "lookalike-name"],
  ["src/a.go", "func isAdm\u0456n() bool { return true }", "lookalike-name"],
  ["src/a.rs", "fn chec\u03ba_\u03bfk() {}", "lookalike-name"],
  ["src/a.ts", "if (environment\u01c3=ENV_PROD) return true;", "lookalike-name"],
  ["src/a.py", "\uff45\uff56\uff41\uff4c(x)", "lookalike-name"],
  ["src/a.py", "\u{1D41E}\u{1D42F}\u{1D41A}\u{1D425}(x)", "lookalike-name"],
  ["src/a.ts", `const a = 1;${blanks(180)}run(a);`, "off-screen-code"],
  ["src/a.py", `import os${"\t".repeat(60)};os.remove("x")`, "off-screen-code"],
  ["scripts/a.sh", `echo done${blanks(300)}; make all`, "off-screen-code"],
  ["src/a.ts", `${blanks(250)}run();`, "off-screen-code"],
  ["src/a.ts", `const a = 1;\n${"\n".repeat(300)}run(a);`, "off-screen-code"],
  ["src/a.js", "var _0x12ab=['a'];function _0x34cd(_0x56ef){return _0x12ab[_0x56ef];}", "packed-code"],
  ["src/a.js", "const f = [][(![]+[])[+[]]+(![]+[])[!+[]+!+[]]];", "packed-code"],
];

const WARNED: readonly (readonly [string, string, string])[] = [
  ["docs/a.md", "Read \u202ethis\u202c", "hidden-direction"],
  ["src/a.ts", '// The idea of\u200b\u200b this is "x"', "hidden-character"],
  ["src/a.ts", "const s = 'soft\u00adhyphen';", "hidden-character"],
  ["src/a.ts", "const a = 1;\rconst b = 2;\n", "hidden-control"],
  ["src/a.ts", "check(user, 'p\u0430ypal');", "lookalike-name"],
  ["src/a.py", "\u0441\u043e\u0440\u0443 = 1", "lookalike-name"],
  ["tests/a.test.ts", "expect(strip('a\u202eb')).toBe('ab');", "hidden-direction"],
  ["src/a.ts", String.raw`globalThis["\x65\x76\x61\x6c"](x);`, "escaped-text"],
  ["src/a.ts", 'run(atob("Y3VybCBodHRwOi8vZXZpbC5zaA=="));', "escaped-text"],
  ["src/a.py", String.raw`getattr(os, "\x73\x79\x73\x74\x65\x6d")`, "escaped-text"],
  ["src/a.js", `f(1);${"if(a(b,c)){d=e(f);}".repeat(80)}`, "minified-line"],
];

/** Honest text in many scripts, and honest code. */
const PASSED: readonly (readonly [string, string])[] = [
  ["src/a.ts", "// שלום עולם, זה טקסט מימין לשמאל\nconst greeting = 'مرحبا بالعالم';"],
  ["src/a.ts", "const text = 'می‌خواهم'; // نمی‌دانم"],
  ["src/a.py", "# क्‍षेत्र हिन्दी में\nname = 'শুভ সকাল'"],
  ["src/a.ts", "const icons = ['👩‍💻', '❤️', '🏳️‍🌈', '👨‍👩‍👧‍👦', '✔️', '1️⃣', '🇩🇪', '👍🏽', '©️'];"],
  ["src/a.ts", "const flag = '🏴󠁧󠁢󠁳󠁣󠁴󠁿';"],
  ["src/a.ts", "const größe = 1; const 数量 = 2; const имя = 3; const café = 4;"],
  ["src/a.py", "Δt = 1; σ_max = 2; λ = 3; θ0 = 4; µs = 5; x² = 1"],
  ["src/a.ts", "// Это комментарий по-русски, с API и HTTP-сервером; IDшник тоже\nconst s = 'Привет, мир';"],
  ["src/a.ts", "// Ελληνικά σχόλια για τον κώδικα\nconst s = 'Γειά';"],
  ["src/a.ts", "const s = '日本語のテキスト、全角ＡＢＣ';"],
  ["\u006cocales/he.json", '{ "hello": "שלום \u200e(world)\u200f" }'],
  ["src/a.ts", "\uFEFFconst a = 1;"],
  ["src/a.c", "int a;\f\nint b;\n"],
  ["src/a.ts", "const a = 1;\r\nconst b = 2;\r\n"],
  ["src/a.ts", `const aLongName${blanks(40)}= 1; // aligned`],
  ["docs/table.md", `| a${blanks(200)}| b |`],
  ["src/a.ts", `function f() {\n${blanks(60)}return 1;\n}`],
  [
    "src/a.ts",
    String.raw`const control = "\x00\x1b[31m\u202e\u200b"; const accents = "\u00e9\u00e8\u00fc\u00df";`,
  ],
  ["src/a.ts", `const data = "${"QUJDREVGR0hJSktMTU5PUA".repeat(200)}";`],
  ["src/a.ts", `const path = "M${"10.5 20.25 ".repeat(300)}z";`],
  ["dist/a.min.js", `f(1);${"if(a(b,c)){d=e(f);}".repeat(80)}`],
  ["src/a.ts", "const mask = 0x1a2b; const _0 = 1; const empty = [[], [[]], !![]];"],
  ["src/spinner.ts", "const frames = ['⢀⠀', '⡀⠀', '⠄⠀'];"],
];

describe("hidden text", () => {
  it.each(BLOCKED)("keeps a change from landing: %s %j (%s)", async (path, text, rule) => {
    const level = path.endsWith(".md") ? "warn" : "block";
    expect(await hidden({}, { [path]: text })).toContainEqual([rule, level]);
  });

  it.each(WARNED)("is a warning where it can be honest: %s %j (%s)", async (path, text, rule) => {
    const found = await hidden({}, { [path]: text });
    expect(found).toContainEqual([rule, "warn"]);
    expect(found.map(([, level]) => level)).not.toContain("block");
  });

  it.each(PASSED)("is not what honest text is: %s %j", async (path, text) => {
    const found = await hidden({}, { [path]: text });
    expect(found.filter(([, level]) => level !== "info")).toEqual([]);
  });

  it("costs nothing where it was there before, and is found where there is more of it", async () => {
    const line = "const x = 'a\u200bb';\n";
    expect(await hidden({ "src/a.ts": line }, { "src/b.ts": `// moved\n${line}` })).toEqual([]);
    expect(await hidden({ "src/a.ts": line }, { "src/a.ts": line + line.replace("x", "y") })).toHaveLength(1);
    const minified = `${"if(a(b,c)){d=e(f);}".repeat(80)}\n`;
    expect(await hidden({ "src/a.js": minified }, { "src/a.js": minified.replace("a", "x") })).toEqual([]);
  });

  it("is named by its codes, which can be read", async () => {
    const findings = await findingsOf({}, { "src/a.ts": "const is\u200bAdmin = true;" });
    const finding = findings.find(({ rule }) => rule === "hidden-character");
    expect(finding).toMatchObject({ rule: "hidden-character", line: 1 });
    expect(finding?.message).toContain("U+200B");
  });

  it.each([
    " ",
    "\t",
    "\n",
    "\u200b",
    "a\u200b",
    "\u0430a ",
    "\u001b[",
    "[]",
    "![]",
    "_0x123 ",
    String.raw`\x67`,
    "a\n ",
  ])("takes time in proportion to the text, for a file of nothing but %j", (piece) => {
    const file = new SourceFile("src/a.ts", "file", piece.repeat(Math.ceil(LENGTH / piece.length)));
    const start = performance.now();
    findHiddenText.find(file, scopeOfNothing);
    expect(performance.now() - start).toBeLessThan(8000);
  });
});
