import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { foldPath, forbiddenPath, unsafeLink, unwelcomePath } from "../../src/core/captured-entry.ts";
import { pathFromText } from "../../src/core/collector-protocol.ts";

describe("a path that nobody may write", () => {
  test.each([
    "",
    "/etc/passwd",
    "../outside",
    "a/../../outside",
    "a//b",
    "a/",
    "./a",
    "a/./b",
    "a\0b",
    ".git",
    ".git/config",
    "sub/.git/hooks/pre-commit",
    ".GIT/config",
    ".Git",
    "git~1/config",
    "GIT~1",
    ".git ",
    ".git.",
    ".git . /x",
    ".git::$INDEX_ALLOCATION/config",
    ".git:stream",
    ".g\u200Cit/config",
    "\uFEFF.git",
    "a\\.git\\config",
    ".gitmodules",
    "sub/.gitmodules",
    ".GITMODULES",
    "gitmod~1",
    "gi7eba~1",
    ".gitmodules ",
  ])("%j", (path) => {
    expect(forbiddenPath(pathFromText(path))).toBeDefined();
  });

  test.each([
    ".gitignore",
    ".gitattributes",
    ".github/x",
    "git",
    "a.git/b",
    "...",
    "..a",
    "git~2",
    "gitmodules",
    ".git2",
  ])("is not %j", (path) => {
    expect(forbiddenPath(pathFromText(path))).toBeUndefined();
  });
});

describe("a new path that is not taken", () => {
  test.each([
    ["escape", "a\u001B[2Jb"],
    ["line break", "a\nb"],
    ["C1 control", "a\u0085b"],
    ["bidi override", "txt\u202Egpj.exe"],
    ["bidi isolate", "a\u2066b"],
    ["zero-width space", "a\u200Bb"],
    ["soft hyphen", "a\u00ADb"],
    ["line separator", "a\u2028b"],
    ["backslash", "a\\b"],
    ["device", "src/nul.txt"],
    ["device in capitals", "COM1"],
    ["65 folders", `${"d/".repeat(64)}f`],
    ["1,025 bytes", "x".repeat(1025)],
  ])("%s", (_, path) => {
    expect(unwelcomePath(pathFromText(path))).toBeDefined();
  });

  test("bytes that are not UTF-8", () => {
    expect(unwelcomePath("caf\xE9")).toBe("a name that is not UTF-8");
  });

  test.each([
    "Größe.md",
    "日本語/文書.txt",
    "می\u200Cخواهم",
    "-rf",
    ":(exclude)*",
    "; touch x",
    "a b",
    "con-text",
    "x".repeat(1024),
  ])("is not %j", (path) => {
    expect(unwelcomePath(pathFromText(path))).toBeUndefined();
  });
});

describe("a link", () => {
  const target = (text: string): Uint8Array => Buffer.from(text);

  test.each([
    ["l", "/etc/passwd"],
    ["l", "../outside"],
    ["a/b/l", "../../../outside"],
    ["a/l", "x/../../../outside"],
    // Inside by its letters alone; if `d` is a link to `.`, the target climbs out.
    ["a/b/l", "d/../../x"],
    ["l", "C:\\Windows"],
    ["l", "..\\outside"],
    ["l", ".git/config"],
    ["a/l", "../.GIT/hooks"],
    ["l", ""],
    ["l", "x".repeat(1025)],
    ["l", "a\0b"],
  ])("%j to %j leads out, or may", (path, to) => {
    expect(unsafeLink(path, target(to))).toBeDefined();
  });

  test.each([
    ["l", "file"],
    ["l", "./folder/"],
    ["a/l", "../file"],
    ["a/b/l", "../../c"],
    ["a/l", ".."],
    ["l", "..file"],
  ])("%j to %j stays inside", (path, to) => {
    expect(unsafeLink(path, target(to))).toBeUndefined();
  });
});

describe("two spellings of one name", () => {
  test.each([
    ["README.md", "readme.MD"],
    ["é", "e\u0301"],
    ["straße", "STRASSE"],
    ["ﬁle", "file"],
    ["a\u200Db", "ab"],
    ["Ω", "\u2126"],
  ])("%j and %j", (a, b) => {
    expect(foldPath(pathFromText(a))).toBe(foldPath(pathFromText(b)));
  });

  test("are not e and é", () => {
    expect(foldPath(pathFromText("e"))).not.toBe(foldPath(pathFromText("é")));
  });
});

test("no bytes, as path or as target, make a rule throw", () => {
  const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => String.fromCharCode(...array));
  fc.assert(
    fc.property(bytes, bytes, (path, to) => {
      forbiddenPath(path);
      unwelcomePath(path);
      foldPath(path);
      unsafeLink(path, Buffer.from(to, "latin1"));
    }),
  );
});
