import { describe, expect, test } from "vitest";
import { ManyTexts, type Sought } from "../../src/core/many-texts.ts";

function placesOf(sought: readonly Sought[], text: string): string[] {
  const found: string[] = [];
  new ManyTexts(sought).each(text, (index, at) => found.push(`${at} ${sought[index]?.text ?? ""}`));
  return found;
}

describe("many texts", () => {
  const sought: readonly Sought[] = [
    { text: "SK" },
    { text: "sk-" },
    { text: "sk-ant-" },
    { text: ".G" },
    { text: "token", anyCase: true },
    { text: "key", anyCase: true },
  ];

  test("are found wherever they stand, also at the begin, at the end, and in one another", () => {
    expect(placesOf(sought, "SK a.G tokenkeySK")).toEqual(["0 SK", "4 .G", "7 token", "12 key", "15 SK"]);
    expect(placesOf([{ text: "aa" }], "aaaa")).toEqual(["0 aa", "1 aa", "2 aa"]);
  });

  test("are given the longest first, of those at one place", () => {
    expect(placesOf(sought, "sk-ant-x")).toEqual(["0 sk-ant-", "0 sk-"]);
  });

  test("are found in upper and lower case where that is asked, and only there", () => {
    expect(placesOf(sought, "ToKeN KEY sK Sk-")).toEqual(["0 token", "6 key"]);
  });

  test("are not found in what only begins like them, or has the same five bits", () => {
    expect(placesOf(sought, "toke ke sk_ s sk\u2d2d \u0153k-")).toEqual([]);
    expect(placesOf(sought, "")).toEqual([]);
    expect(placesOf(sought, "S")).toEqual([]);
  });

  test("are found as a search for each of them finds them", () => {
    const letters = "abAB-_é";
    let seed = 7;
    const next = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
    const word = (length: number): string => Array.from({ length }, () => letters[next(7)]).join("");
    const many = Array.from({ length: 60 }, (): Sought => {
      const text = word(2 + next(3)).replaceAll("é", "a");
      return next(2) === 0 ? { text } : { text: text.toLowerCase(), anyCase: true };
    });
    const text = word(4000);
    const expected = many.flatMap(({ text: each, anyCase }) =>
      Array.from({ length: text.length }, (_, at) => at)
        .filter((at) => {
          const here = text.slice(at, at + each.length);
          return (anyCase ? here.toLowerCase() : here) === each;
        })
        .map((at) => `${at} ${each}`),
    );
    expect(expected.length).toBeGreaterThan(1000);
    expect(placesOf(many, text).toSorted()).toEqual(expected.toSorted());
  });

  test("are of ASCII, and in lower case where case does not count", () => {
    expect(() => new ManyTexts([{ text: "a" }])).toThrow(RangeError);
    expect(() => new ManyTexts([{ text: "né" }])).toThrow(RangeError);
    expect(() => new ManyTexts([{ text: "Key", anyCase: true }])).toThrow(RangeError);
  });
});
