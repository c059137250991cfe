import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { markdownCode, markdownFence, markdownText, safeBlock, safeLine } from "../../src/core/safe-text.ts";

const HOSTILE_PARTS = [
  ..."\u061C \u200B \u200C \u200D \u200E \u200F \u2028 \u2029 \u202A \u202B \u202C \u202D \u202E".split(" "),
  ..."\u2060 \u2066 \u2067 \u2068 \u2069 \uFEFF \u00AD \u{E0041} \u{E0100} \uD83D \uDE00 😀 \r\n \n \t ` ```".split(
    " ",
  ),
  ..."\u001B[31m \u001B]0;title\u0007 \u001B]8;;https://evil/\u001B\\ \u001BPq\u001B\\ \u009B2J \u001Bc".split(
    " ",
  ),
  ..."<img ![a](b) [a](b) @someone #1 https://evil/ </details>".split(" "),
];

/** Text in which what matters is frequent: controls, bidi, zero-width, separators, sequences, Markdown, lone halves. */
const hostileText = fc
  .array(
    fc.oneof(
      fc.string({ unit: "binary" }),
      fc.integer({ min: 0, max: 0x9f }).map((code) => String.fromCharCode(code)),
      fc.constantFrom(...HOSTILE_PARTS),
    ),
    { maxLength: 30 },
  )
  .map((parts) => parts.join(""));

/** Controls but tab and line feed; format characters, which bidi and zero-width ones are; separators. */
const FORBIDDEN = /[^\P{Cc}\t\n]|[\p{Cf}\p{Zl}\p{Zp}]/u;
/** As CommonMark reads it: an escaped character, or a code span up to the next run of as many backticks. */
const ESCAPED_OR_CODE = /\\[!-/:-@[-`{-~]|(`+)(?!`)[^]*?(?<!`)\1(?!`)/g;
const LONE_SURROGATE = /\p{Cs}/u;

describe("safeBlock and safeLine", () => {
  test("let no control, bidi, zero-width or separator character survive", () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        expect(safeBlock(text)).not.toMatch(FORBIDDEN);
        expect(safeLine(text)).not.toMatch(FORBIDDEN);
        expect(safeLine(text)).not.toMatch(/[\n\t]/);
        expect(safeBlock(text)).not.toMatch(LONE_SURROGATE);
      }),
    );
  });

  test("change nothing the second time", () => {
    fc.assert(
      fc.property(hostileText, fc.integer({ min: 1, max: 60 }), (text, maxChars) => {
        expect(safeBlock(safeBlock(text, maxChars), maxChars)).toBe(safeBlock(text, maxChars));
        expect(safeLine(safeLine(text, maxChars), maxChars)).toBe(safeLine(text, maxChars));
      }),
    );
  });

  test("keep to the length they are given, without splitting a character", () => {
    fc.assert(
      fc.property(hostileText, fc.integer({ min: 1, max: 60 }), (text, maxChars) => {
        expect(safeLine(text, maxChars).length).toBeLessThanOrEqual(maxChars);
        expect(safeBlock(text, maxChars).length).toBeLessThanOrEqual(maxChars);
        expect(safeBlock(text, maxChars)).not.toMatch(LONE_SURROGATE);
      }),
    );
  });

  test("leave ordinary text in any script as it is", () => {
    for (const text of [
      "npm test",
      "Größe 12 µs",
      "日本語のテスト",
      "שלום עולם",
      "مرحبا",
      "a 😀 b",
      "x\ty\nz",
    ]) {
      expect(safeBlock(text)).toBe(text);
    }
  });

  test.each([
    ["a colour", "\u001B[31mred\u001B[0m", "red"],
    ["a window title", "a\u001B]0;owned\u0007b", "ab"],
    ["a clipboard write", "a\u001B]52;c;ZXZpbA==\u001B\\b", "ab"],
    ["a link", "\u001B]8;;https://evil/\u001B\\text\u001B]8;;\u001B\\", "text"],
    ["an 8-bit sequence", "a\u009B2Jb", "ab"],
    ["a device string", "a\u001BP1;2|evil\u001B\\b", "ab"],
    ["a sequence made by removing another", "\u001B\u001B[31m[32mx", "\uFFFD[32mx"],
    ["a string that never ends", "a\u001B]0;still shown", "a0;still shown"],
    ["an overwritten line", "12 failed\rall passed", "12 failed\uFFFDall passed"],
    ["a line end of Windows", "a\r\nb", "a\nb"],
    ["reversed text", "user\u202Egnp.exe", "user\uFFFDgnp.exe"],
  ])("make %s inert", (_, text, expected) => {
    expect(safeBlock(text)).toBe(expected);
  });

  test("take time in proportion to the text, whatever it is made of", () => {
    for (const part of ["\u001B]", "\u009D", "\u001B[1", "\u001B[1;", "\r", "`"]) {
      expect(safeBlock(part.repeat(200_000), 10).length).toBeLessThanOrEqual(10);
    }
  });
});

describe("Markdown", () => {
  test("a fence cannot be ended from inside", () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const lines = markdownFence(text).split("\n");
        const fence = /^`+/.exec(lines[0] ?? "")?.[0] ?? "";
        expect(fence.length).toBeGreaterThanOrEqual(3);
        expect(lines.at(-1)).toBe(fence);
        expect(lines.slice(1, -1).join("\n")).not.toContain(fence);
      }),
    );
  });

  test("outside of code no markup is left unescaped", () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const active = markdownText(text).replaceAll(ESCAPED_OR_CODE, "");
        expect(active).not.toMatch(/[\\`*_{}[\]<>#|~&$!@]/);
      }),
    );
  });

  test.each([
    ["a mention", "ask @octocat now", "ask `@octocat` now"],
    ["an issue", "Fixes #12", "Fixes `#12`"],
    ["an address", "see https://evil/?d=1", "see `https://evil/?d=1`"],
    ["an image", "![x](y)", String.raw`\!\[x\](y)`],
    ["HTML", "<b>x</b>", String.raw`\<b\>x\</b\>`],
    ["a heading", "# x", "`#` x"],
    ["a list", "- x", String.raw`\- x`],
    ["a numbered list", "12. x", String.raw`12\. x`],
    ["backticks beside a mention", "`@a`", "`` `@a` ``"],
  ])("%s is shown, not followed", (_, text, expected) => {
    expect(markdownText(text)).toBe(expected);
  });

  test("code holds backticks", () => {
    expect(markdownCode("npm run `x`")).toBe("`` npm run `x` ``");
  });
});
