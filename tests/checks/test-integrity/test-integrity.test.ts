import { readFileSync } from "node:fs";
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

interface Case {
  readonly path: string;
  readonly expected: "flag" | "ok";
  readonly base: string;
  readonly code: string;
}

/** Written when the cases above were all told apart, to see what the rules make of ways that nobody had in mind. */
const LATER_ROUNDS = readFileSync(new URL("later-rounds.jsonl", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Case);

describe("a later round of cases", () => {
  it.each(LATER_ROUNDS)("is told apart, $expected: $code", async ({ path, expected, base, code }) => {
    const found = await levels({ [path]: base }, { [path]: code });
    const bad = found.filter(
      (each) => each.startsWith("block") || (expected === "flag" && each.startsWith("warn")),
    );
    if (expected === "flag") expect(bad).not.toEqual([]);
    else expect(bad).toEqual([]);
  });
});
