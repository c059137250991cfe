import { describe, expect, it } from "vitest";
import { listPrice, PRICED_MODELS } from "../../src/core/prices.ts";

describe("list prices", () => {
  it.each([
    ["claude-sonnet-4-5", 3],
    ["claude-sonnet-4-5-20250929", 3],
    ["gpt-5", 1.25],
    ["gpt-5-2025-08-07", 1.25],
    ["gpt-5-mini-2025-08-07", 0.25],
  ])("of %s are its family's: $%d", (model, input) => {
    expect(listPrice(model)?.input).toBe(input);
  });

  it.each([
    "claude-sonnet",
    "claude-sonnet-4-5-latest",
    "claude-sonnet-4-5-99999999",
    "gpt-5-pro",
    "constructor",
    "",
  ])("of %j are not known: no price is guessed", (model) => {
    expect(listPrice(model)).toBeUndefined();
  });

  it.each(PRICED_MODELS)(
    "of %s are in an order that every provider has: the cache saves, writing costs more",
    (model) => {
      const price = listPrice(model);
      expect(price?.cacheRead).toBeGreaterThan(0);
      expect(price?.cacheRead).toBeLessThan(price?.input ?? 0);
      expect(price?.cacheWrite).toBeGreaterThanOrEqual(price?.input ?? Infinity);
      expect(price?.output).toBeGreaterThan(price?.cacheWrite ?? Infinity);
    },
  );
});
