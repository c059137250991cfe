import * as fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson } from "../../src/core/canonical-json.ts";

test("a value keeps its meaning, and has one spelling however its keys are ordered", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const plain = JSON.parse(JSON.stringify(value)) as unknown;
      expect(JSON.parse(canonicalJson(plain))).toEqual(plain);
      expect(canonicalJson(reversed(plain))).toBe(canonicalJson(plain));
    }),
  );
});

test.each([
  [{ b: 1, a: [true, null, "x\n\u2028"] }, '{"a":[true,null,"x\\n\u2028"],"b":1}'],
  [{ a: undefined, é: 1, z: 2 }, '{"z":2,"é":1}'],
  [[undefined, 1e21, -0], "[null,1e+21,0]"],
  [JSON.parse('{"__proto__":1}') as unknown, '{"__proto__":1}'],
])("%j has the spelling %s", (value, spelling) => {
  expect(canonicalJson(value)).toBe(spelling);
});

test.each([[Number.NaN], [Number.POSITIVE_INFINITY], [1n], [() => 1], [Symbol("s")]])(
  "%s is refused",
  (value) => {
    expect(() => canonicalJson({ value })).toThrow(TypeError);
  },
);

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, member]) => [key, reversed(member)]),
  );
}
