import { expect, it } from "vitest";
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
