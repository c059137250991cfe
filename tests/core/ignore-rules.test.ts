import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { IgnoreRules, type IgnoreFile } from "../../src/core/ignore-rules.ts";

/** Whether `rules` ignore `path`, asked folder by folder from the root, as the collector does. */
function isIgnored(rules: IgnoreRules, path: string): boolean {
  const names = path.split("/");
  return names.some((_, index) =>
    rules.ignores(names.slice(0, index + 1).join("/"), index < names.length - 1),
  );
}

describe("ignore rules", () => {
  it.each([
    ["node_modules/", "node_modules/a/b.js", true],
    ["node_modules/", "src/node_modules/a.js", true],
    ["node_modules/", "node_modules", false],
    ["/build", "build", true],
    ["/build", "src/build", false],
    ["*.pyc", "a/b/c.pyc", true],
    ["*.log\n!keep.log", "keep.log", false],
    ["logs/\n!logs/keep", "logs/keep", true],
    ["a/**/z", "a/z", true],
    ["a/**/z", "a/b/c/z", true],
    ["**/tmp", "x/y/tmp", true],
    ["docs/**", "docs/a/b", true],
    ["docs/**", "docs", false],
    ["\\#notes", "#notes", true],
    ["# notes", "# notes", false],
    ["name\\ ", "name ", true],
    ["name  ", "name", true],
    ["f?o", "foo", true],
    ["f?o", "f/o", false],
    ["[a-c]x", "bx", true],
    ["[!a-c]x", "bx", false],
    ["[[:digit:]]", "7", true],
  ])("%j decides %j as git does: %j", (text, path, expected) => {
    expect(isIgnored(new IgnoreRules([{ folder: "", text }]), path)).toBe(expected);
  });

  it("takes no longer for a pattern that was written to take for ever", () => {
    const rules = new IgnoreRules([{ folder: "", text: `${"*a".repeat(40)}*b` }]);
    expect(isIgnored(rules, "a".repeat(5000))).toBe(false);
    expect(isIgnored(rules, `${"a".repeat(5000)}b`)).toBe(true);
  });

  it("lets a nearer ignore file overrule one above it", () => {
    const rules = new IgnoreRules([
      { folder: "", text: "*.txt" },
      { folder: "docs", text: "!*.txt" },
    ]);
    expect(isIgnored(rules, "a.txt")).toBe(true);
    expect(isIgnored(rules, "docs/a.txt")).toBe(false);
  });
});

describe("compared with git itself", () => {
  let repository: string;
  beforeAll(() => {
    repository = mkdtempSync(join(tmpdir(), "nw-ignore-"));
    execFileSync("git", ["init", "-q", repository]);
  });
  afterAll(() => rmSync(repository, { recursive: true, force: true }));

  const name = fc.constantFrom("a", "b", "ab", "a.b", "c d", "é", "[x]", "!k", "#h", "aa");
  const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join("/"));
  const piece = fc.constantFrom(
    "a",
    "b",
    "ab",
    "*",
    "**",
    "?",
    "/",
    "/",
    ".",
    "\\",
    "[ab]",
    "[!a]",
    "[a-",
    "!",
    "#",
    " ",
    "é",
    "[[:alpha:]]",
    "\\*",
    "]",
  );
  const pattern = fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join(""));
  const file = fc.record({
    folder: fc.constantFrom("", "a", "b"),
    text: fc.array(pattern, { minLength: 1, maxLength: 4 }).map((lines) => lines.join("\n")),
  });

  /** The ignored ones of `paths`, by git. */
  function byGit(files: readonly IgnoreFile[], paths: readonly string[]): Set<string> {
    for (const folder of ["", "a", "b"]) rmSync(join(repository, folder, ".gitignore"), { force: true });
    for (const { folder, text } of files) {
      mkdirSync(join(repository, folder), { recursive: true });
      writeFileSync(join(repository, folder, ".gitignore"), text);
    }
    const asked = paths.filter((each) => dirname(each) !== "" && !each.endsWith(".gitignore"));
    try {
      const output = execFileSync("git", ["-C", repository, "check-ignore", "--no-index", "-z", "--stdin"], {
        input: asked.join("\0"),
        stdio: ["pipe", "pipe", "ignore"],
      });
      return new Set(output.toString().split("\0").filter(Boolean));
    } catch (error) {
      if ((error as { status?: number }).status === 1) return new Set();
      throw error;
    }
  }

  it("ignores exactly the paths that git ignores", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(file, { minLength: 1, maxLength: 3, selector: (each) => each.folder }),
        fc.uniqueArray(path, { minLength: 1, maxLength: 12 }),
        (files, paths) => {
          const bytes = (text: string): string => Buffer.from(text).toString("latin1");
          const rules = new IgnoreRules(files.map(({ folder, text }) => ({ folder, text: bytes(text) })));
          const expected = byGit(files, paths);
          // git sees `a` and `b` as folders, since their ignore files are in them.
          for (const each of paths.filter((candidate) => candidate !== "a" && candidate !== "b")) {
            expect({ files, each, ignored: isIgnored(rules, bytes(each)) }).toEqual({
              files,
              each,
              ignored: expected.has(each),
            });
          }
        },
      ),
      {
        numRuns: 400,
        examples: [
          [[{ folder: "", text: "a**/*" }], ["a.b", "ab", "aa/b", "b"]],
          [[{ folder: "", text: "a.**/b" }], ["a.b", "a.b/b", "a.b/a/b", "ab/b"]],
          [[{ folder: "", text: "a*b**/a" }], ["ab/a", "aba", "ab/b/a"]],
        ],
      },
    );
  }, 120_000);
});
