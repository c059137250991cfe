import { expect, test } from "vitest";
import {
  attemptId,
  isNightId,
  isObjectId,
  newNightId,
  nightBranch,
  TASK_ID,
  taskKey,
  type TaskId,
} from "../../src/core/ids.ts";

test("a night is named after its date in UTC, with four characters that cannot be confused", () => {
  const night = newNightId(new Date("2026-11-20T23:59:59.999Z"), () => 0.999);
  expect(night).toBe("2026-11-20-9999");
  expect(isNightId(night)).toBe(true);
  expect(nightBranch(night)).toBe("nightwarden/2026-11-20-9999");
});

test.each(["fix-login", "a", "a_b-2", "a".repeat(64)])("%s is a task id", (id) => {
  expect(id).toMatch(TASK_ID);
});

test.each(["", "-a", "a-", "A", "a.b", "a..b", "a/b", "a b", "a\n", "ä", "a".repeat(65), "a.lock"])(
  "%j is no task id",
  (id) => {
    expect(id).not.toMatch(TASK_ID);
  },
);

test.each(["../../etc/passwd", "2026-11-20", "2026-11-20-K3F9", "2026-11-20-k3f9\n"])(
  "%j is no night",
  (text) => {
    expect(isNightId(text)).toBe(false);
  },
);

test("object names are full ones, of either format", () => {
  expect(isObjectId("a".repeat(40))).toBe(true);
  expect(isObjectId("0".repeat(64))).toBe(true);
  expect(isObjectId("a".repeat(39))).toBe(false);
  expect(isObjectId("A".repeat(40))).toBe(false);
});

test("a task with another text has another key; its attempts are named by its id", () => {
  const id = "fix-login" as TaskId;
  expect(taskKey("demo", id, "a".repeat(64))).not.toBe(taskKey("demo", id, "b".repeat(64)));
  expect(attemptId(id, 2)).toBe("fix-login.2");
});
