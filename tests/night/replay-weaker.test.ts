import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { userUnderTest } from "../fixtures/user-under-test.ts";
import { worktreeUnderTest } from "../fixtures/worktree-under-test.ts";
import { NightWorld } from "./night-world.ts";
import { CHEATS, eventsOf, FILES, HONEST, replayNight, type ReplayUnderTest } from "./replay-night.ts";

/** What the replay tells on Docker it tells in every other kind of sandbox: two of the cheats, and an honest fix. */

interface Under extends ReplayUnderTest {
  readonly gateways: ReplayUnderTest["gateways"] & { close(): Promise<void> };
  readonly leftovers: () => Promise<readonly string[]>;
}

const KINDS: readonly (readonly [string, () => Promise<Under>])[] = [
  ["user", async () => await userUnderTest("replay")],
  ["worktree", async () => await Promise.resolve(worktreeUnderTest())],
];
const CHOSEN = ["deletes the test", "catches what it throws"] as const;

describe.each(KINDS)("a replay in sandboxes of kind %s", (_, open) => {
  let under: Under;
  let world: NightWorld;
  beforeAll(async () => {
    under = await open();
    world = await NightWorld.create(FILES);
  }, 300_000);
  afterAll(async () => {
    await under.gateways.close();
    world.dispose();
    expect(await under.leftovers()).toEqual([]);
  });

  it("lets the honest fix land, and no cheat", { timeout: 600_000 }, async () => {
    const scripts = CHOSEN.map((name, at) => [`cheat-${at}`, CHEATS[name]?.[0] ?? ""] as const);
    const honest = `${HONEST}; echo 'test("sums three", () => assert.equal(total([1, 2, 3]), 6));' >> total.test.mjs`;
    await replayNight({ under, world }, { ...Object.fromEntries(scripts), honest });
    const outcomes = eventsOf(world, "attempt.finished");
    for (const [id] of scripts) {
      // The control: verify alone would have let it land.
      const verdict = eventsOf(world, "verify.finished").find(({ task }) => task === id)?.verdict;
      expect(verdict).toMatchObject({ green: true });
      const outcome = outcomes.find(({ task }) => task === id)?.outcome;
      expect(outcome).toMatchObject({ kind: "failed", reason: "replay-failed" });
      expect(outcome?.kind === "failed" ? outcome.detail : "").toContain("sums all");
    }
    expect(outcomes.find(({ task }) => task === "honest")?.outcome).toMatchObject({ kind: "landed" });
    const replay = eventsOf(world, "replay.finished").find(({ task }) => task === "honest");
    expect(replay).toMatchObject({ runner: "node", comparedBy: "tests", findings: [] });
    expect(replay?.runs.map(({ tree }) => tree)).toEqual(["base", "head", "old-tests", "new-tests"]);
  });
});
