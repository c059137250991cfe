import { describe, expect, test } from "vitest";
import { KnownWords } from "../../src/core/known-words.ts";

describe("words that are known", () => {
  const words = new KnownWords(["eval", "_os", "a1"]);

  test("are found wherever they stand by themselves", () => {
    expect([...words.in("eval")]).toEqual(["eval"]);
    expect([...words.in('f"{eval(x)}"; y._os.z\na1')].toSorted()).toEqual(["_os", "a1", "eval"]);
    // A number ends where a letter begins: a lenient grammar reads a name there.
    expect([...words.in("1eval")]).toEqual(["eval"]);
    expect([...words.in("…eval…")]).toEqual(["eval"]);
  });

  test("are not found as parts of others", () => {
    expect([...words.in("evals retrieval eval_ _eval eval2 a11 os")]).toEqual([]);
    expect([...words.in("")]).toEqual([]);
  });

  test("are found as a search for each of them finds them, in a text of many words", () => {
    const vocabulary = Array.from({ length: 300 }, (_, index) => `w${(index * 7919) % 5000}`);
    const text = Array.from({ length: 5000 }, (_, index) => `w${(index * 31) % 2500}`).join(" ");
    const expected = vocabulary.filter((word) => new RegExp(`\\b${word}\\b`).test(text)).toSorted();
    expect(expected.length).toBeGreaterThan(50);
    expect([...new KnownWords(vocabulary).in(text)].toSorted()).toEqual([...new Set(expected)]);
  });

  test("are words", () => {
    expect(() => new KnownWords(["a-b"])).toThrow(RangeError);
    expect(() => new KnownWords(["1a"])).toThrow(RangeError);
  });
});
