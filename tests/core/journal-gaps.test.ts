import { describe, expect, it } from "vitest";
import type { Fact } from "../../src/core/event.ts";
import type { NightId } from "../../src/core/ids.ts";
import { journalGaps } from "../../src/core/journal-gaps.ts";
import { GateStory, tasksOf } from "../fixtures/gate-story.ts";

const story = new GateStory().night({ landed: tasksOf("a", 1) }).night({ landed: tasksOf("b", 1) });
const [first, second] = story.nights as [GateStory["nights"][number], GateStory["nights"][number]];
const gapsOf = (nights: GateStory["nights"], unread: Parameters<typeof journalGaps>[0]["unread"] = []) =>
  journalGaps({ workspace: story.workspace, nights, unread });
const NIGHT = first[0]?.night as NightId;

it("journals that are whole have no gap, in whatever order they are read", () => {
  expect(gapsOf([first, second])).toEqual([]);
  expect(gapsOf([second, first])).toEqual([]);
});

it("a night that the workspace knows of and whose file is gone is missed", () => {
  expect(gapsOf([second])).toEqual([{ night: NIGHT, message: "its journal is missing" }]);
});

it("lines that are gone from the end of a night are missed, though its chain is sound", () => {
  const { length } = first;
  expect(gapsOf([first.slice(0, -1), second])).toEqual([
    { night: NIGHT, message: `its journal does not hold the event ${length - 1} that it ended with` },
  ]);
});

it("a file that was put into another's place is told", () => {
  const other = new GateStory().night({ landed: tasksOf("a", 1) }).nights[0] ?? [];
  expect(gapsOf([other, second])).toEqual([
    { night: NIGHT, message: "its journal is another file than it was" },
  ]);
});

it("what was written after a night's end, as when it is delivered later, is no gap", () => {
  const [event] = first.slice(-1);
  expect(gapsOf([[...first, { ...event!, seq: first.length }], second])).toEqual([]);
});

it("a night without an end is a gap: how it ends is not known", () => {
  const open = new GateStory().night({ landed: tasksOf("a", 1), end: null });
  expect(journalGaps({ workspace: open.workspace, nights: open.nights, unread: [] })).toEqual([
    { night: NIGHT, message: "it has no end: it still runs, or it crashed" },
  ]);
});

it("a night that cannot be read is told once, with its own words", () => {
  const unread = [{ night: NIGHT, message: "line 3 does not follow" }];
  expect(gapsOf([second], unread)).toEqual(unread);
});

describe("lines that are gone from the end of the workspace's own journal are missed, though its chain is sound", () => {
  const lost = { from: "2a", to: "1", why: "an attack succeeded", by: "guard" } as const;
  const demoted: Fact = { type: "phase.demoted", data: lost };
  const demotedIn = new GateStory()
    .promoted("2a")
    .night({ landed: tasksOf("a", 1) })
    .night({ landed: tasksOf("b", 1), also: [demoted], listed: false });
  const night = demotedIn.nights[1]?.[0];
  if (!night?.night) throw new Error("there are two nights");
  demotedIn.say({ type: "night.listed", data: { listed: night.night, stream: night.stream } }).say(demoted);
  const { workspace, nights } = demotedIn;
  const after = (kept: number): ReturnType<typeof journalGaps> =>
    journalGaps({ workspace: workspace.slice(0, kept), nights, unread: [] });

  it("by the demotion that a night has recorded as well", () => {
    expect(after(workspace.length)).toEqual([]);
    expect(after(workspace.length - 1)).toEqual([
      {
        night: night.night,
        message: "it cost the workspace a phase, and the workspace's own journal does not hold that",
      },
    ]);
  });

  it("by the nights that it has to name", () => {
    const message = "the workspace's own journal does not name it: lines are gone from there";
    expect(after(workspace.length - 2)).toEqual([{ night: night.night, message }]);
    expect(after(1).map(({ night: each }) => each)).toEqual(nights.map(([begun]) => begun?.night));
  });

  it("a demotion before the night stands for none in it", () => {
    const earlier = new GateStory().promoted("2a").say(demoted).promoted("2a");
    earlier.night({ landed: tasksOf("a", 1), also: [demoted] });
    const gaps = journalGaps({ workspace: earlier.workspace, nights: earlier.nights, unread: [] });
    expect(gaps).toHaveLength(1);
  });

  it("a night of a version that did not list them is none", () => {
    const early = new GateStory().night({
      landed: tasksOf("a", 1),
      listed: false,
      started: { windowMs: undefined },
    });
    expect(journalGaps({ workspace: early.workspace, nights: early.nights, unread: [] })).toEqual([]);
  });
});
