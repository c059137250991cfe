import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dockerUnderTest, type DockerUnderTest } from "../fixtures/docker-under-test.ts";
import { NightWorld } from "./night-world.ts";
import { CHEATS, eventsOf, FILES, HONEST, MOVES, replayNight } from "./replay-night.ts";

let under: DockerUnderTest;
let world: NightWorld;

beforeAll(async () => {
  under = await dockerUnderTest("replay");
  world = await NightWorld.create(FILES);
}, 300_000);
afterAll(async () => {
  await under.gateways.close();
  world.dispose();
  expect(await under.leftovers()).toEqual([]);
});

describe("an agent that makes a red test green", { timeout: 1_200_000 }, () => {
  it("lands where it mends the source and adds a test, and by none of the other ways", async () => {
    const cheats = Object.entries(CHEATS).map(([name, [agent, named]], at) => ({
      id: `cheat-${at}`,
      name,
      agent,
      named,
    }));
    await replayNight(
      { under, world },
      {
        ...Object.fromEntries(cheats.map(({ id, agent }) => [id, agent])),
        honest: `${HONEST}; echo 'test("sums three", () => assert.equal(total([1, 2, 3]), 6));' >> total.test.mjs`,
      },
    );
    const [verified, outcomes] = [eventsOf(world, "verify.finished"), eventsOf(world, "attempt.finished")];
    for (const { id, name, named } of cheats) {
      // The control: verify alone would have let it land.
      const verdict = verified.find(({ task }) => task === id)?.verdict;
      expect({ name, green: verdict?.green, tail: verdict?.green ? "" : verdict?.tail }).toEqual({
        name,
        green: true,
        tail: "",
      });
      const outcome = outcomes.find(({ task }) => task === id)?.outcome;
      expect({ name, outcome }).toMatchObject({ outcome: { kind: "failed", reason: "replay-failed" } });
      expect(outcome?.kind === "failed" ? outcome.detail : "").toContain(named);
    }
    expect(outcomes.find(({ task }) => task === "honest")?.outcome).toMatchObject({ kind: "landed" });
    const honest = eventsOf(world, "replay.finished").find(({ task }) => task === "honest");
    expect(honest).toMatchObject({ runner: "node", comparedBy: "tests", findings: [] });
    expect(honest?.runs.map(({ tree, cached, tests }) => ({ tree, cached, tests }))).toEqual([
      { tree: "base", cached: true, tests: { passed: 3, failed: 1, skipped: 0 } },
      { tree: "head", cached: false, tests: { passed: 5, failed: 0, skipped: 0 } },
      { tree: "old-tests", cached: false, tests: { passed: 4, failed: 0, skipped: 0 } },
      { tree: "new-tests", cached: false, tests: { passed: 3, failed: 2, skipped: 0 } },
    ]);
    const { residue } = await world.shadow.count({ kind: "workspace" });
    expect(
      residue.map(({ name }) => name).filter((name) => name.endsWith("-tests") || name.includes("cheat")),
    ).toEqual([]);
  });

  it("lands where it moves the test's file and mends the source, and not where the red test is lost on the way", async () => {
    await replayNight({ under, world }, { drops: MOVES.drops, moves: MOVES.honest });
    const outcomes = eventsOf(world, "attempt.finished");
    expect(eventsOf(world, "verify.finished").map(({ verdict }) => verdict.green)).toEqual([true, true]);
    const dropped = outcomes.find(({ task }) => task === "drops")?.outcome;
    expect(dropped).toMatchObject({ kind: "failed", reason: "replay-failed" });
    expect(dropped?.kind === "failed" ? dropped.detail : "").toContain("sums all");
    expect(outcomes.find(({ task }) => task === "moves")?.outcome).toMatchObject({ kind: "landed" });
  });
});
