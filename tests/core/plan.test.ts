import { describe, expect, it } from "vitest";
import { planSchema } from "../../src/core/plan.ts";

function accepts(changes: object): boolean {
  const task = { id: "a", title: "T", prompt: "P", kind: "fix", ...changes };
  return planSchema.safeParse({ version: 1, tasks: [task] }).success;
}

describe("a task", () => {
  it.each(["a", "fix-login_2", "7", "a".repeat(64)])("may have the id %s", (id) => {
    expect(accepts({ id })).toBe(true);
  });

  it.each(["", "A", "-a", "a-", "a b", "a/b", "a.lock", "..", "ä", "a\n", "a".repeat(65)])(
    "cannot have the id %j",
    (id) => {
      expect(accepts({ id })).toBe(false);
    },
  );

  it.each(["Größe 🦉", "👩‍👩‍👧 emoji of several characters", 'quotes "and" $(signs)'])(
    "may have the title %s",
    (title) => {
      expect(accepts({ title })).toBe(true);
    },
  );

  it.each([
    "",
    " ",
    "a\nb",
    "a\u001Bb",
    "a\u0085b",
    "a\u2028b",
    "a\u202Eb",
    "a\u2066b",
    "a\uD800b",
    "a".repeat(201),
  ])("cannot have the title %j", (title) => {
    expect(accepts({ title })).toBe(false);
  });

  it.each(["src/**", "a..b", "...", "*.ts", "dir/"])("may be about %s", (glob) => {
    expect(accepts({ files: [glob] })).toBe(true);
  });

  it.each(["/etc", "..", "../a", "a/../b", "a/..", "", "a\u0000"])("cannot be about %j", (glob) => {
    expect(accepts({ files: [glob] })).toBe(false);
  });

  it("can start from red tests only where it fixes something", () => {
    expect(accepts({ redTests: ["x"] })).toBe(true);
    expect(accepts({ kind: "add", redTests: ["x"] })).toBe(false);
  });

  it("cannot have a verify that would pass because it is empty", () => {
    expect(accepts({ verify: ["true"] })).toBe(true);
    for (const verify of [[], [""], [" "], ["a\0b"], "true"]) expect(accepts({ verify })).toBe(false);
  });
});
