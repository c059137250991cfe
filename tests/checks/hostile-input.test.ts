import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Inspector } from "../../src/checks/inspector.ts";
import type { Change } from "../../src/core/change.ts";
import type { Finding } from "../../src/core/finding.ts";
import type { Inspection } from "../../src/core/inspection.ts";
import { changeOf, settingsOf } from "./check-world.ts";

const DEADLINE_MS = 10_000;
/** The heap's bound, and what parsers and buffers of the largest input here take beside it. */
const MAX_RESIDENT_MIB = 1400;
const MAX_ANSWER_CHARS = 1_000_000;
/** Every rule that a file that cannot be read, or not to its end, may give. */
const UNREAD = /^(?:unreadable-|binary-file)/;

const TOKEN = ["ghp_", "q7Zk2MvX9sLw4RtBn8Yc3HdJ6fPgA1uEo5Ki"].join("");
/** In every hostile change there is an ordinary file with something to find: what is hostile must not hide it. */
const ORDINARY = { "zz/ordinary.cfg": `token: ${TOKEN}\n` };

let inspector: Inspector;
beforeAll(() => {
  inspector = new Inspector({ deadlineMs: DEADLINE_MS });
});
afterAll(() => inspector.close());

interface Ended extends Inspection {
  readonly ms: number;
}

async function inspect(change: Change, options: Parameters<typeof settingsOf>[0] = {}): Promise<Ended> {
  const start = performance.now();
  const inspection = await inspector.inspect({ change, settings: settingsOf(options) });
  const ms = performance.now() - start;
  expect(JSON.stringify(inspection).length).toBeLessThan(MAX_ANSWER_CHARS);
  expect(residentMib()).toBeLessThan(MAX_RESIDENT_MIB);
  return { ...inspection, ms };
}

/** The most that the program has held, as long as it lives; one that it ended holds nothing. */
function residentMib(): number {
  if (inspector.pid === undefined) return 0;
  const status = readFileSync(`/proc/${inspector.pid}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
}

const about = (findings: readonly Finding[], path: string): Finding[] =>
  findings.filter((finding) => finding.path === path);

type Bytes = string | Uint8Array;

/** Ends in time, says something about the hostile file, and still finds what is in the ordinary one. */
async function survive(path: string, content: Bytes): Promise<readonly Finding[]> {
  const { findings, ms } = await inspect(changeOf({}, { ...ORDINARY, [path]: content }));
  // At most the file, and what looks at all files, run into the deadline once each.
  expect(ms).toBeLessThan(2 * DEADLINE_MS + 15_000);
  expect(about(findings, "zz/ordinary.cfg")).toMatchObject([{ rule: "secret-token", level: "block" }]);
  return about(findings, path);
}

const DEPTH = 100_000;
const deep = (open: string, close: string, middle = "1"): string =>
  open.repeat(DEPTH) + middle + close.repeat(DEPTH);

const EXTENSIONS = ["js", "cjs", "jsx", "ts", "tsx", "py", "sh", "go", "rs", "java", "rb", "php", "cs"];
const CODE: Readonly<Record<string, (code: string) => string>> = {
  py: (code) => `x = ${code}\n`,
  sh: (code) => `x=${code}\n`,
  go: (code) => `package a\nvar x = ${code}\n`,
  rs: (code) => `fn f() { let x = ${code}; }\n`,
  java: (code) => `class A { Object x = ${code}; }\n`,
  rb: (code) => `x = ${code}\n`,
  php: (code) => `<?php $x = ${code};\n`,
  cs: (code) => `class A { object x = ${code}; }\n`,
};
const inCode = (extension: string, code: string): string => CODE[extension]?.(code) ?? `const x = ${code};\n`;

describe("hostile input ends in bounded time and memory, and hides nothing beside it", () => {
  it.each(
    EXTENSIONS.flatMap((extension) => ["()", "[]", "{}", "-"].map((pair) => [extension, pair] as const)),
  )(
    "a hundred thousand levels in .%s: %s",
    async (extension, pair) => {
      const [open = "", close = ""] = pair;
      // Closed, and left open: an error at every level is more work than none.
      await survive(`src/a.${extension}`, inCode(extension, deep(open, close)));
      await survive(`src/b.${extension}`, inCode(extension, open.repeat(DEPTH)));
    },
    120_000,
  );

  it.each([
    ["src/calls.js", `f(${deep("f(", ")")});`],
    ["src/members.js", `x${".a".repeat(DEPTH)};`],
    ["src/sums.ts", `const x = ${"1 + ".repeat(DEPTH)}1;`],
    ["src/texts.ts", `const x = ${'"a" + '.repeat(DEPTH)}"b";`],
    ["src/templates.ts", `const x = ${deep("`${", "}`")};`],
    ["src/arrows.ts", `const x = ${"() => ".repeat(DEPTH)}1;`],
    ["src/ternaries.js", `const x = ${"a ? b : ".repeat(DEPTH)}c;`],
    ["src/tags.tsx", `const x = ${deep("<a>", "</a>", "")};`],
    ["src/types.ts", `type X = ${deep("A<", ">")};`],
    ["src/else.js", `${"if (a) b(); else ".repeat(DEPTH)} c();`],
    ["src/aliases.js", Array.from({ length: 20_000 }, (_, at) => `const a${at + 1} = a${at};`).join("\n")],
    ["src/blocks.py", Array.from({ length: 2000 }, (_, at) => `${" ".repeat(at)}if x:`).join("\n")],
    ["src/sums.py", `x = ${"'a' + ".repeat(DEPTH)}'b'\n`],
    ["src/calls.py", `x = ${deep("getattr(", ', "a")', "os")}\n`],
    ["src/members.py", `x${".a".repeat(DEPTH)}\n`],
    ["scripts/commands.sh", deep("$(", ")", "ls")],
    ["scripts/words.sh", `x=${deep('"$(echo ', ')"', "a")}`],
    ["scripts/shells.sh", `${"sh -c 'eval ".repeat(DEPTH)}ls`],
    ["scripts/braces.sh", `echo ${"{a,b}".repeat(2000)}\n`],
    [
      "scripts/variables.sh",
      Array.from({ length: 60 }, (_, at) => `a${at + 1}="$a${at}$a${at}"`).join("\n") + "\n$a60\n",
    ],
    ["scripts/here.sh", "cat <<A\n".repeat(20_000)],
  ])(
    "long chains and deep nests of one kind: %s",
    async (path, text) => {
      await survive(path, text);
    },
    120_000,
  );

  it.each([
    ["package.json", deep('{"scripts":', "}")],
    [
      "package.json",
      `{"scripts":{${Array.from({ length: 200_000 }, (_, at) => `"s${at}":"vitest run"`).join(",")}}}`,
    ],
    [
      "package.json",
      '{"__proto__":{"scripts":{"test":"exit 0"}},"constructor":{"prototype":{"x":1}},"dependencies":{"__proto__":"1","constructor":"1","toString":"2"}}',
    ],
    ["package.json", '{"scripts": "not an object", "dependencies": [1, null], "workspaces": 7}'],
    [
      "package-lock.json",
      `{"lockfileVersion":3,"packages":{${Array.from({ length: 100_000 }, (_, at) => `"node_modules/a${at}":{"version":"1.0.0"}`).join(",")}}}`,
    ],
    ["pyproject.toml", `[project]\ndependencies = ${deep("[", "]", '"a"')}\n`],
    ["requirements.txt", "-r requirements.txt\n".repeat(100_000)],
    ["Cargo.toml", deep("[", "]", "a")],
    ["go.mod", "require (\n".repeat(100_000)],
    [".github/workflows/ci.yml", deep("[", "]")],
    [".github/workflows/ci.yml", deep("{a: ", "}")],
    [".github/workflows/ci.yml", Array.from({ length: 5000 }, (_, at) => `${" ".repeat(at)}a:`).join("\n")],
    [
      ".github/workflows/ci.yml",
      `a0: &a0 [x, x, x, x, x, x, x, x, x]\n${Array.from({ length: 12 }, (_, at) => `a${at + 1}: &a${at + 1} [${Array.from({ length: 9 }, () => `*a${at}`).join(", ")}]`).join("\n")}\njobs: *a12\n`,
    ],
    [".github/workflows/ci.yml", "a: &a\n  b: *a\n  <<: *a\n"],
    ["tsconfig.json", deep('{"extends":', "}")],
    ["Makefile", `${"a".repeat(100)}: ; $(shell ${"$(".repeat(50_000)}\n`],
    ["Dockerfile", `RUN ${"a && \\\n".repeat(100_000)}b\n`],
  ])(
    "manifests and settings that are read as data: %s",
    async (path, text) => {
      await survive(path, text);
    },
    120_000,
  );

  it.each([
    ["a line of ten megabytes", "x = 1 ;".repeat(1_500_000)],
    ["a comment of ten megabytes", `// ${"a".repeat(10_000_000)}\n`],
    ["invalid UTF-8", Buffer.from([0x61, 0xff, 0xfe, 0xc3, 0x28, 0x0a])],
    ["a text cut in a character", Buffer.from("const x = 'ä'").subarray(0, 12)],
    ["NUL", "const x = 1;\0\neval(x);\n"],
    ["UTF-16", Buffer.from("\uFEFFconst x = eval(y);\n", "utf16le")],
    ["lone surrogates in CESU-8", Buffer.from([0xed, 0xa0, 0x80, 0x0a])],
  ])(
    "code that cannot be read blocks: %s",
    async (_, content) => {
      for (const extension of ["ts", "py"]) {
        const found = await survive(`src/a.${extension}`, content);
        expect(found).toMatchObject([{ rule: "unreadable-code", level: "block" }]);
      }
      // The same as data is named, and does not keep a change from landing.
      expect((await survive("data/a.bin", content)).filter(({ rule }) => UNREAD.test(rule))).toMatchObject([
        { rule: "binary-file", level: "warn" },
      ]);
    },
    120_000,
  );

  it("a line just short of too long is read: what stands at its end is found", async () => {
    const text = `const x = 1; /* ${"a ".repeat(450_000)} */ login("${TOKEN}");\n`;
    expect((await survive("src/a.ts", text)).map(({ rule }) => rule)).toContain("secret-token");
  }, 60_000);

  it("a link in the place of a manifest is no manifest, and one out of the tree is followed nowhere", async () => {
    const change = changeOf({ "package.json": "{}" }, ORDINARY);
    const target = Buffer.from("/etc/passwd");
    const head = { kind: "link" as const, size: target.length, content: target };
    const files = change.files.map((file) => (file.path === "package.json" ? { ...file, head } : file));
    const { findings } = await inspect({ ...change, files });
    expect(about(findings, "zz/ordinary.cfg")).toHaveLength(1);
    expect(JSON.stringify(findings)).not.toContain("root:");
  }, 60_000);

  it("a million findings are counted, and the worst two hundred are listed", async () => {
    const files = Object.fromEntries(
      Array.from({ length: 20 }, (_, file) => [`src/f${file}.ts`, "eval(b);\n".repeat(50_000)]),
    );
    const { findings, unlisted } = await inspect(changeOf({}, { ...ORDINARY, ...files }));
    expect(findings.length).toBeLessThanOrEqual(204);
    expect(findings.every(({ level }) => level === "block")).toBe(true);
    // Either they are counted up to what is too much, or the program was ended over them; both are said.
    const isSaid = findings.some(({ rule }) => UNREAD.test(rule));
    expect(isSaid || unlisted + findings.length >= 1_000_000).toBe(true);
    expect(JSON.stringify(findings)).toMatch(
      /More than 200000 places|than the checks may take|ended the program/,
    );
    // A control: as many as are listed are listed all.
    const few = await inspect(changeOf({}, ORDINARY));
    expect([few.findings.length, few.unlisted]).toEqual([1, 0]);
  }, 180_000);

  it("a change of fifty thousand files is looked through", async () => {
    const files = Object.fromEntries(
      Array.from({ length: 50_000 }, (_, at) => [
        `src/d${at % 100}/f${at}.ts`,
        `export const a${at} = ${at};\n`,
      ]),
    );
    const patient = new Inspector();
    try {
      const change = changeOf({}, { ...ORDINARY, ...files });
      const { findings } = await patient.inspect({ change, settings: settingsOf({}) });
      expect(about(findings, "zz/ordinary.cfg")).toHaveLength(1);
      expect(findings.filter(({ rule }) => UNREAD.test(rule))).toEqual([]);
    } finally {
      patient.close();
    }
  }, 180_000);

  it.each([
    ["a path that a careless pattern takes for ever on", `${"a/".repeat(1500)}${"a".repeat(900)}!.ts`],
    ["a path of signs", `src/${"((([[[{{{***+++???\\\\".repeat(40)}.ts`],
    ["a path of names that every object has", "src/__proto__/constructor/toString/hasOwnProperty.ts"],
    ["a path with line breaks and escapes", "src/a\n\u001b[2Jb\r\u202e.ts"],
  ])(
    "%s",
    async (_, path) => {
      expect((await survive(path, `login("${TOKEN}");\n`)).map(({ rule }) => rule)).toContain("secret-token");
    },
    60_000,
  );

  it("names that every object has, in code, are names", async () => {
    const names = ["__proto__", "constructor", "toString", "valueOf", "hasOwnProperty", "prototype"];
    const script = names
      .map((name) => `import ${name} from "${name}";\nconst { ${name}: x_${name} } = y; ${name}("${name}");`)
      .join("\n");
    await survive("src/a.ts", script);
    await survive(
      "src/a.py",
      names.map((name) => `import ${name}\n${name} = getattr(x, "${name}")\n`).join(""),
    );
    await survive("src/a.sh", names.map((name) => `${name}=1\n${name} $${name}\n`).join(""));
  }, 60_000);

  it("a file that takes longer than the deadline is named, and the others are looked at all the same", async () => {
    const impatient = new Inspector({ deadlineMs: 6000 });
    const chain = (members: number) =>
      changeOf({}, { ...ORDINARY, "src/slow.js": `x${".a".repeat(members)};\n` });
    const unread = (findings: readonly Finding[]) =>
      about(findings, "src/slow.js").filter(
        ({ rule, line }) => rule === "unreadable-code" && line === undefined,
      );
    try {
      const { findings } = await impatient.inspect({ change: chain(DEPTH), settings: settingsOf({}) });
      expect(unread(findings)).toMatchObject([{ level: "block" }]);
      expect(about(findings, "zz/ordinary.cfg")).toMatchObject([{ rule: "secret-token" }]);
      // The control: a short one is read.
      expect(unread((await inspect(chain(50))).findings)).toEqual([]);
    } finally {
      impatient.close();
    }
  }, 120_000);
});
