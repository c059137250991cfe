import { describe, expect, it } from "vitest";
import { findingsOf } from "./check-world.ts";

const many = (count: number, make: (index: number) => string, joint = "\n"): string =>
  Array.from({ length: count }, (_, index) => make(index)).join(joint);

/** Each took minutes with one careless expression or loop; the limit is far above what they take, and far below that. */
const HOSTILE: readonly (readonly [string, string, string])[] = [
  [
    "a line of commas in a test",
    "tests/test_a.py",
    `def test_a():\n    assert a == [${",".repeat(900_000)}]\n`,
  ],
  ["brackets without an end", "tests/test_b.py", `def test_a():\n    assert ${"(".repeat(500_000)}\n`],
  ["one endless name", "tests/test_c.py", `def test_a():\n    assert ${many(300_000, () => "a", ".")}\n`],
  [
    "a hundred thousand assertions",
    "tests/test_d.py",
    `def test_a():\n${many(100_000, (index) => `    assert a(${index}) == ${index}`)}\n`,
  ],
  ["quotes without an end", "tests/test_e.py", `x = ${"'\"".repeat(400_000)}\n`],
  ["a chain of calls", "tests/a.test.js", `test("a", () => { expect(a)${".b()".repeat(50_000)}; });\n`],
  [
    "thirty thousand tests",
    "tests/b.test.js",
    many(30_000, (index) => `test("a", () => { expect(a(${index})).toBe(${index}); });`),
  ],
  [
    "lookups in tables",
    "src/a.js",
    `const T = { 1: 2 };\n${many(30_000, (index) => `if (k${index} in T) return T[k${index}];`)}`,
  ],
  ["comparisons", "src/b.js", many(30_000, (index) => `if (a === ${index} && b === 2) return ${index};`)],
  [
    "a command without an end",
    "package.json",
    JSON.stringify({ scripts: { test: `vitest ${"a'\" && ".repeat(2_000)}` } }),
  ],
  [
    "thirty thousand dependencies",
    "package.json",
    JSON.stringify({
      dependencies: Object.fromEntries(
        Array.from({ length: 30_000 }, (_, index) => [`package-${index}`, "1"]),
      ),
    }),
  ],
];

describe("a file that was written to take for ever", () => {
  it.each(HOSTILE)("is looked through all the same: %s", { timeout: 60_000 }, async (_name, path, code) => {
    const base = { [path]: path === "package.json" ? '{"scripts":{"test":"vitest run"}}' : "" };
    expect(await findingsOf(base, { [path]: code })).toBeInstanceOf(Array);
  });

  it("is a lock file of thirty thousand packages, all changed", { timeout: 60_000 }, async () => {
    const lock = (version: string): string =>
      JSON.stringify(
        {
          packages: Object.fromEntries(
            Array.from({ length: 30_000 }, (_, index) => [
              `node_modules/p${index}`,
              { version, resolved: "https://registry.npmjs.org/p.tgz", integrity: "sha512-x" },
            ]),
          ),
        },
        null,
        1,
      );
    const found = await findingsOf(
      { "package-lock.json": lock("1.0.0") },
      { "package-lock.json": lock("2.0.0") },
    );
    expect(found.map(({ rule }) => rule)).toEqual(["lock-without-manifest"]);
  });
});
