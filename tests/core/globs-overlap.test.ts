import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { footprintsOf, globsOverlap } from "../../src/core/globs-overlap.ts";
import { PathGlobs } from "../../src/core/path-globs.ts";

const overlap = (ones: readonly string[], others: readonly string[]): boolean =>
  globsOverlap(footprintsOf(ones), footprintsOf(others));

/** Every path of at most three names from a small alphabet: what the globs below are about. */
const NAMES = ["a", "b", "ab", "ba", "a.b", "[", "]"];
const PATHS = NAMES.flatMap((one) => [
  one,
  ...NAMES.flatMap((two) => [`${one}/${two}`, ...NAMES.map((three) => `${one}/${two}/${three}`)]),
]);
const pathsOf = (globs: readonly string[]): Set<string> => {
  const matcher = new PathGlobs(globs);
  return new Set(PATHS.filter((path) => matcher.has(path)));
};

const piece = fc.constantFrom(
  "a",
  "b",
  "*",
  "?",
  "**",
  "[ab]",
  "[!a]",
  "[a-b]",
  "[",
  "]",
  "\\",
  "\\a",
  ".",
  "[[:alpha:]]",
);
const name = fc.array(piece, { minLength: 1, maxLength: 3 }).map((pieces) => pieces.join(""));
const glob = fc
  .tuple(
    fc.array(name, { minLength: 1, maxLength: 3 }),
    fc.constantFrom("", "", "", "/"),
    fc.constantFrom("", "", "", "!"),
  )
  .map(([names, end, start]) => `${start}${names.join("/")}${end}`);

describe("two lists of globs", () => {
  it("that are said to be apart have no path in common, whatever they are", () => {
    let apart = 0;
    fc.assert(
      fc.property(fc.array(glob, { maxLength: 2 }), fc.array(glob, { maxLength: 2 }), (ones, others) => {
        if (overlap(ones, others)) return;
        apart += 1;
        const seen = pathsOf(others);
        expect([...pathsOf(ones)].filter((path) => seen.has(path))).toEqual([]);
      }),
      { numRuns: 3000 },
    );
    expect(apart).toBeGreaterThan(300); // or nothing was shown
  });

  it("overlap in both directions or in none", () => {
    fc.assert(
      fc.property(glob, glob, (one, other) => {
        expect(overlap([one], [other])).toBe(overlap([other], [one]));
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    [["src/a.ts"], ["src/b.ts"]],
    [["src/**"], ["docs/**"]],
    [["src/a/**"], ["src/b/**"]],
    [["src/*.ts"], ["src/*.md"]],
    [["src/*.ts"], ["src/deep/*.md"]],
    [["src/a*"], ["src/b*"]],
    [["src/**/test.ts"], ["docs/test.ts"]],
    [
      ["one/x", "two/y"],
      ["one/y", "two/x"],
    ],
    [[], ["src/**"]],
    [["#comment"], ["**"]],
  ])("%j and %j are apart", (ones, others) => {
    expect(overlap(ones, others)).toBe(false);
  });

  it.each([
    [["src/a.ts"], ["src/a.ts"]],
    [["src"], ["src/deep/a.ts"]],
    [["src/**"], ["**/a.ts"]],
    [["*.ts"], ["src/deep/*"]],
    [["src/*/a.ts"], ["src/x/*.ts"]],
    [["src/a?.ts"], ["src/*b.ts"]],
    [["src/[ab].ts"], ["src/a.ts"]],
    [["lib/", "x"], ["lib/deep/y"]],
    [["a/**/z"], ["a/z"]],
    // A folder may be named x.md, and a file in it y.ts.
    [["*.ts"], ["*.md"]],
  ])("%j and %j overlap", (ones, others) => {
    expect(overlap(ones, others)).toBe(true);
  });
});
