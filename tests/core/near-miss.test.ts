import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nearMiss } from "../../src/core/near-miss.ts";

const KEYS = ["version", "plan", "repositories", "agents", "verify", "limits", "app"];

describe("nearMiss", () => {
  it.each([
    ["verfiy", "verify"],
    ["verifi", "verify"],
    ["Verify", "verify"],
    ["plans", "plan"],
    ["limts", "limits"],
    ["repositorys", "repositories"],
    ["ap", "app"],
  ])("finds what %s was meant to be", (word, meant) => {
    expect(nearMiss(word, KEYS)).toBe(meant);
  });

  it.each(["", "x", "colour", "no"])("finds nothing for %j", (word) => {
    expect(nearMiss(word, KEYS)).toBeUndefined();
  });

  it("does not take a letter for a typing error of another", () => {
    expect(nearMiss("x", ["a", "b"])).toBeUndefined();
    expect(nearMiss("A", ["a", "b"])).toBe("a");
  });

  it("finds a word in which one letter is left out", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 5, maxLength: 30 }), fc.nat(), (word, at) => {
        const cut = at % word.length;
        expect(nearMiss(word.slice(0, cut) + word.slice(cut + 1), [word])).toBe(word);
      }),
    );
  });

  it("costs nothing for a word of a megabyte", { timeout: 5_000 }, () => {
    const keys = Array.from({ length: 10_000 }, (_, index) => `key-${index}`);
    expect(nearMiss("x".repeat(1_000_000), keys)).toBeUndefined();
  });
});
