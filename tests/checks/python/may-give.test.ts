import { describe, expect, it } from "vitest";
import { mayGive } from "../../../src/checks/python/may-give.ts";

describe("whether a text may give a name something", () => {
  it.each([
    'name = "x"',
    'name: str = "x"',
    'name: \\\n str = "x"',
    "if (name := 1): pass",
    "f(name := 1)",
    "f(other, name := 1)",
    "name, other = 1, 2",
    "other, name = 1, 2",
    'name, x["k"], y[i - 1] = z',
    "(name, # a comment\n other) = 1, 2",
    `(name, # ${"-".repeat(5000)}\n other) = 1, 2`,
    "(other,\n name\n) = 1, 2",
    "[name, *rest] = x",
    "name = other = 1",
    "other = name = 1",
    "name \\\n = 1",
    "with open(x) as name: pass",
    "with open(x) as (other, name): pass",
    "with open(x) as (\n other,\n name): pass",
    "def f(name=None): name = 1",
    "getattr(x, name)\nname = 1",
  ])("may be: %j", (text) => {
    expect(mayGive(text, "name", { loops: false })).toBe(true);
  });

  it.each([
    "for name in x: pass",
    "for a, name in x: pass",
    "for name, b in x: pass",
    "[name for name in x]",
  ])("by a loop: %j", (text) => {
    expect(mayGive(text, "name", { loops: true })).toBe(true);
  });

  it.each([
    "getattr(self, name)\nx = 1",
    "getattr(self, name, None)\nx = 1",
    "def f(self, name, mode=None):\n  return getattr(self, name)",
    "open(name, mode='w')",
    "if name == 1: pass",
    "rename = 1; name2 = 3; x.name = 1",
    "if hasattr(x, name):\n  y = 1",
  ])("may not be: %j", (text) => {
    expect(mayGive(text, "name", { loops: true })).toBe(false);
  });
});
