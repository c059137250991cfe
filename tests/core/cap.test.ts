import { describe, expect, it } from "vitest";
import { decideAfterAttempt, isCap } from "../../src/core/attempt.ts";
import { CAP_NAMES, capInWords, exceeded } from "../../src/core/cap.ts";
import { changeOverCap } from "../../src/core/change-caps.ts";
import type { CandidateFacts } from "../../src/core/check-candidate.ts";
import { EVENT_DATA } from "../../src/core/event.ts";
import { freeSlot } from "../../src/core/free-slot.ts";

describe("a cap that was reached", () => {
  it.each(CAP_NAMES)("%s names itself, its limit and what was seen, and is never tried again", (name) => {
    const cap = { name, limit: 2048, seen: 4096 };
    const outcome = exceeded(cap);
    expect(outcome).toMatchObject({ kind: "failed", cause: "task", cap });
    if (outcome.kind !== "failed") return;
    expect(isCap(outcome.reason)).toBe(true);
    expect(outcome.detail).toContain(name);
    expect(outcome.detail).toMatch(/4096|4 KiB|4\.1s|\$4096/);
    expect(outcome.detail).toMatch(/2048|2 KiB|2s|\$2048/);
    expect(decideAfterAttempt([outcome], { retries: 1 })).toEqual({ kind: "finish", result: "failed" });
  });

  it("says where the value seen is a lower bound", () => {
    const cap = { name: "memory", limit: 2 ** 26, seen: 2 ** 26, atLeast: true } as const;
    expect(exceeded(cap)).toMatchObject({
      detail: "it needed at least 64 MiB of memory, of 64 MiB (limit memory)",
    });
    expect(capInWords(cap)).toBe("memory: at least 64 MiB of 64 MiB");
  });

  it("is in the journal, and a journal without it can still be read", () => {
    const ref = { task: "t", attempt: "t.1", token: "k", key: "k" };
    const outcome = { kind: "failed", cause: "task", reason: "cap-memory", detail: "" };
    const schema = EVENT_DATA["attempt.finished"];
    const cap = { name: "memory", limit: 1, seen: 2 };
    expect(schema.parse({ ...ref, outcome: { ...outcome, cap } })).toMatchObject({ outcome: { cap } });
    expect(schema.parse({ ...ref, outcome })).toMatchObject({ outcome });
    expect(schema.safeParse({ ...ref, outcome: { ...outcome, cap: { ...cap, name: "cpus" } } }).success).toBe(
      false,
    );
  });
});

describe("a captured change", () => {
  const facts: CandidateFacts = {
    added: 1,
    changed: 1,
    deleted: 1,
    insertions: 5,
    deletions: 5,
    refused: [],
  };
  it.each([
    [{ changedFiles: 3, changedLines: 10 }, undefined],
    [
      { changedFiles: 2, changedLines: 10 },
      { name: "changedFiles", limit: 2, seen: 3 },
    ],
    [
      { changedFiles: 3, changedLines: 9 },
      { name: "changedLines", limit: 9, seen: 10 },
    ],
  ])("of 3 files and 10 lines, under %j: %j", (limits, cap) => {
    expect(changeOverCap(facts, limits)).toEqual(cap && expect.objectContaining({ cap }));
  });
});

describe("the place of one more attempt", () => {
  it.each([
    [[], 1, 0],
    [[0], 1, undefined],
    [[0, 2], 4, 1],
    [[1, 2, 3], 4, 0],
    [[0, 1, 2, 3], 4, undefined],
    [[7], 2, 0],
  ])("beside %j, of %i: %s", (taken, places, slot) => {
    expect(freeSlot(taken, places)).toBe(slot);
  });
});
