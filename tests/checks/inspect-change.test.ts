import { describe, expect, it } from "vitest";
import { newOccurrences, type PlacedOccurrence } from "../../src/checks/new-occurrences.ts";
import { findingsOf, rulesFound } from "./check-world.ts";

const at = (path: string, key: string, text = key, rule = "r"): PlacedOccurrence => ({
  rule,
  key,
  path,
  text,
  line: 1,
});

describe("what is new in a change", () => {
  it("is not what has only moved to another file", () => {
    expect(newOccurrences([at("a.js", "eval")], [at("b.js", "eval")])).toEqual([]);
  });

  it("is one of two, where the base has one", () => {
    expect(newOccurrences([at("a.js", "eval")], [at("a.js", "eval"), at("b.js", "eval")])).toEqual([
      at("b.js", "eval"),
    ]);
  });

  it("is the line that was written, and not the one that stood there before", () => {
    const [old, written] = [at("a.js", "eval", "eval(old)"), at("a.js", "eval", "eval(written)")];
    expect(newOccurrences([old], [written, old])).toEqual([written]);
  });

  it("is counted for each rule by itself", () => {
    expect(newOccurrences([at("a.js", "eval")], [at("a.js", "eval", "eval", "other")])).toHaveLength(1);
  });
});

describe("a file that cannot be read", () => {
  const latin = Uint8Array.from([0x63, 0xe9, 0x0a]);
  it("blocks where it is code: not UTF-8, a NUL, a line without end", async () => {
    for (const content of [latin, "a\0b", `x = "${"a".repeat(1_100_000)}"`]) {
      const findings = await findingsOf({}, { "src/a.py": content });
      expect(findings).toMatchObject([{ rule: "unreadable-code", level: "block", path: "src/a.py" }]);
    }
    expect(await rulesFound({}, { "src/a.py": "x = 'é'\n" })).toEqual([]);
  });

  it("is named where it is something else", async () => {
    expect(await findingsOf({}, { "logo.png": latin })).toMatchObject([
      { rule: "binary-file", level: "warn", path: "logo.png" },
    ]);
  });

  it("is nothing new to say where it is deleted", async () => {
    expect(await findingsOf({ "src/a.py": latin }, {})).toEqual([]);
  });
});

describe("what a policy and a task say about a rule", () => {
  it("gives it another level, or none", async () => {
    const head = { "logo.png": "a\0b" };
    const levels = async (level: string) =>
      (await findingsOf({}, head, { checks: { levels: { "binary-file": level } } })).map(
        (each) => each.level,
      );
    expect(await levels("block")).toEqual(["block"]);
    expect(await levels("info")).toEqual(["info"]);
    expect(await levels("off")).toEqual([]);
  });

  it("makes a block a warning where the task is granted the rule", async () => {
    const head = { "src/a.py": "a\0b" };
    const findings = await findingsOf({}, head, { grants: { rules: ["unreadable-code"] } });
    expect(findings).toMatchObject([{ rule: "unreadable-code", level: "warn" }]);
  });
});
