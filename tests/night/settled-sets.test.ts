import { expect, it } from "vitest";
import type { EventData, Fact } from "../../src/core/event.ts";
import { replay } from "../../src/core/night-state.ts";
import { settledSets } from "../../src/night/history.ts";
import * as story from "../fixtures/night-story.ts";

const [lands, fails] = [story.testTask("lands"), story.testTask("fails")];

function set(id: string, more: Partial<EventData<"prepare.finished">> = {}): Fact {
  const size = { path: [], inodes: 1, bytes: 1, durationMs: 1, verdict: null };
  const data = { repo: "demo", key: `key of ${id}`, set: id, result: "prepared" as const, ...size, ...more };
  return { type: "prepare.finished", data };
}
const own = (id: string, task: typeof lands, source: "grant" | "tip" | "candidate"): Fact =>
  set(id, { of: story.refOf(task), source });

const night = replay(
  story.NIGHT,
  story.eventsOf([
    story.started([lands, fails]),
    story.prepared(),
    set("base"),
    own("granted", lands, "grant"),
    own("landed", lands, "candidate"),
    ...story.landedFacts(lands, story.commitOf(1)),
    own("tip", fails, "tip"),
    own("lost", fails, "candidate"),
    set("nothing", { set: null, result: "failed", of: story.refOf(fails), source: "grant" }),
    ...story.failedFacts(fails, "verify-failed", "red"),
    story.finished(),
  ]),
);

it("a set that an attempt needed is not taken for the repository's", () => {
  expect(night.repositories.get("demo")?.prepared?.set).toBe("base");
});

it("sets are used again in another night, but not what was made of a result that did not land", () => {
  const sets = settledSets({ nights: [night], workspace: [] });
  expect([...sets.values()].map(({ id }) => id)).toEqual(["base", "granted", "landed", "tip"]);
});
