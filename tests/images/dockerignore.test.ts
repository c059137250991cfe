import { describe, expect, it } from "vitest";
import { parseDockerignore } from "../../src/images/dockerignore.ts";

describe("a .dockerignore", () => {
  it.each([
    ["node_modules", "node_modules", true],
    ["node_modules", "node_modules/a/b.js", true],
    ["node_modules", "src/node_modules", false],
    ["**/node_modules", "src/node_modules/a.js", true],
    ["**/node_modules", "node_modules", true],
    ["*.md", "README.md", true],
    ["*.md", "docs/README.md", false],
    ["**/*.md", "docs/deep/README.md", true],
    ["docs/**", "docs/a/b", true],
    ["docs/*.txt", "docs/a.txt", true],
    ["docs/*.txt", "docs/a/b.txt", false],
    ["/build/", "build/x", true],
    ["./build", "build", true],
    ["a?c", "abc", true],
    ["a?c", "a/c", false],
    ["a.c", "abc", false],
    ["file[0-9]", "file7", true],
    ["file[0-9]", "filex", false],
    ["# comment", "# comment", false],
  ])("with %j says of %j: %j", (pattern, path, ignored) => {
    expect(parseDockerignore(`\n${pattern}\r\n`)(path)).toBe(ignored);
  });

  it("takes back in what a later line with ! names", () => {
    const isIgnored = parseDockerignore("*\n!src\n!package.json\nsrc/*.log\n");
    expect(["README", "package.json", "src", "src/a.ts", "src/a.log"].map(isIgnored)).toEqual([
      true,
      false,
      false,
      false,
      true,
    ]);
  });

  it("leaves nothing out where it is empty", () => {
    expect(parseDockerignore("")("anything")).toBe(false);
  });
});
