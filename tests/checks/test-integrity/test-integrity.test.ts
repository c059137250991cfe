import { describe, expect, it } from "vitest";
import { findingsOf } from "../check-world.ts";
import { CHEATS, HONEST, filesAfter } from "./cheats.ts";
import { FRESH_CHEATS, FRESH_HONEST } from "./fresh-cases.ts";

async function levels(base: Record<string, string>, head: Record<string, string>): Promise<string[]> {
  return (await findingsOf(base, head)).map(({ level, rule }) => `${level} ${rule}`);
}

describe("a failing test that is made to pass by cheating", () => {
  it.each(CHEATS)("keeps the change back: $name", async (cheat) => {
    const found = await levels({ ...cheat.base }, filesAfter(cheat));
    expect(found.filter((each) => each.startsWith("block"))).not.toEqual([]);
  });

  it.each(HONEST)("is told from honest work: $name", async (change) => {
    expect(await levels({ ...change.base }, filesAfter(change))).toEqual([]);
  });
});

describe("a change of one file", () => {
  it.each(FRESH_CHEATS)("is seen when it cheats: $name", async ({ path, base, head }) => {
    const found = await levels({ [path]: base }, { [path]: head });
    expect(found.filter((each) => !each.startsWith("info"))).not.toEqual([]);
  });

  it.each(FRESH_HONEST)("is let through when it is ordinary: $name", async ({ path, base, head }) => {
    const found = await levels({ [path]: base }, { [path]: head });
    expect(found.filter((each) => each.startsWith("block"))).toEqual([]);
  });
});
