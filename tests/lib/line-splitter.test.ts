import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LineSplitter, type SplitLine } from "../../src/lib/line-splitter.ts";

function split(chunks: readonly Buffer[], maxLineBytes = 1000): { lines: SplitLine[]; dropped: number } {
  const lines: SplitLine[] = [];
  const splitter = new LineSplitter({ maxLineBytes, onLine: (line) => lines.push(line) });
  for (const chunk of chunks) splitter.push(chunk);
  splitter.finish();
  return { lines, dropped: splitter.droppedBytes };
}

describe("splitting output into lines", () => {
  it("gives the same lines however the bytes are cut into chunks", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "grapheme" })), fc.array(fc.nat(20)), (texts, cuts) => {
        const bytes = Buffer.from(texts.map((text) => `${text.replaceAll(/[\r\n]/g, "")}\n`).join(""));
        const chunks: Buffer[] = [];
        let at = 0;
        for (const cut of cuts) {
          chunks.push(bytes.subarray(at, at + cut));
          at += cut;
        }
        chunks.push(bytes.subarray(at));
        expect(split(chunks)).toEqual(split([bytes]));
        expect(split([bytes]).lines.map((line) => line.text)).toEqual(
          texts.map((text) => text.replaceAll(/[\r\n]/g, "")),
        );
      }),
    );
  });

  it("keeps a bounded part of a line without end, and counts the rest", () => {
    const chunk = Buffer.alloc(1024 * 1024, "x");
    const { lines, dropped } = split(
      Array.from({ length: 64 }, () => chunk),
      100,
    );
    expect(lines).toEqual([{ text: "x".repeat(100), cut: true }]);
    expect(dropped).toBe(64 * 1024 * 1024 - 100);
  });

  it("gives a last line that has no end, and none where there is nothing", () => {
    expect(split([Buffer.from("a\nb")]).lines.map((line) => line.text)).toEqual(["a", "b"]);
    expect(split([Buffer.from("a\n")]).lines.map((line) => line.text)).toEqual(["a"]);
    expect(split([]).lines).toEqual([]);
  });

  it("replaces bytes that are not UTF-8 without touching their neighbours", () => {
    const bytes = Buffer.from([0x61, 0xff, 0x62, 10, 0xc3, 0xa4, 10]);
    expect(split([bytes]).lines.map((line) => line.text)).toEqual(["a\uFFFDb", "ä"]);
  });
});
