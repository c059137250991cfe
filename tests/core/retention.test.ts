import { describe, expect, it } from "vitest";
import type { Fact } from "../../src/core/event.ts";
import type { NightId, ObjectId } from "../../src/core/ids.ts";
import type { NightState } from "../../src/core/night-state.ts";
import { oldThings } from "../../src/core/retention.ts";
import * as story from "../fixtures/night-story.ts";

const [a] = [story.testTask("a")];
const commit = story.commitOf(1);
const NOW = new Date("2026-11-20T00:00:00.000Z");

/** A night of some day that landed one task, or what else the test says. */
function nightOn(day: string, ...facts: readonly Fact[]): NightState {
  const night = `${day}-${day.slice(5, 7)}${day.slice(8, 10)}` as NightId;
  const whole = [...story.landedFacts(a, commit), story.delivered(commit), story.finished()];
  const own = facts.length > 0 ? facts : whole;
  return story.nightOf([story.started([a]), story.prepared(), ...own], {
    night,
    start: `${day}T00:00:00.000Z`,
  });
}

const idsOf = (nights: readonly NightState[], retention: { nights: number; days: number }): string[] => [
  ...oldThings(nights, retention, NOW).nights,
];

describe("what is kept for no night any more", () => {
  const nights = ["2026-05-01", "2026-08-01", "2026-11-01", "2026-11-19"].map((day) => nightOn(day));

  it("is what is older than both numbers say", () => {
    expect(idsOf(nights, { nights: 1, days: 90 })).toEqual(["2026-05-01-0501", "2026-08-01-0801"]);
    expect(idsOf(nights, { nights: 3, days: 90 })).toEqual(["2026-05-01-0501"]);
    expect(idsOf(nights, { nights: 1, days: 10 })).toEqual([
      "2026-05-01-0501",
      "2026-08-01-0801",
      "2026-11-01-1101",
    ]);
    expect(idsOf(nights, { nights: 4, days: 1 })).toEqual([]);
    expect(idsOf([], { nights: 1, days: 1 })).toEqual([]);
  });

  it("is nothing of a night that has not ended, or whose result has not arrived", () => {
    const open = nightOn("2026-01-01", ...story.landedFacts(a, commit), story.delivered(commit));
    const deferred = nightOn("2026-01-02", ...story.landedFacts(a, commit), story.finished());
    const empty = nightOn("2026-01-03", ...story.failedFacts(a, "no-change"), story.finished());
    expect(idsOf([open, deferred, empty, ...nights], { nights: 1, days: 90 })).toEqual([
      "2026-01-03-0103",
      "2026-05-01-0501",
      "2026-08-01-0801",
    ]);
  });

  it("is no base that a night which is kept started from, too", () => {
    const other = "d".repeat(40) as ObjectId;
    const first = nightOn("2026-05-01");
    const repository = first.repositories.get("demo");
    if (!repository) throw new Error("the night has no repository");
    first.repositories.set("demo", { ...repository, base: other, tip: other });
    const old = oldThings([first, ...nights], { nights: 1, days: 90 }, NOW);
    expect([...(old.bases.get("demo") ?? [])]).toEqual([other]);
  });

  it("is no token that a night which is kept has, too", () => {
    // The stories give every night the same tokens.
    expect([...oldThings(nights, { nights: 1, days: 90 }, NOW).tokens]).toEqual([]);
    const [lost] = nights;
    if (!lost) throw new Error("there is no night");
    const empty = nightOn("2026-11-18", story.finished());
    expect([...oldThings([lost, empty], { nights: 1, days: 90 }, NOW).tokens]).toEqual(["token-a-1"]);
  });
});
