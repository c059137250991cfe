import { describe, expect, it } from "vitest";
import { Inspector } from "../../src/checks/inspector.ts";
import { changeOf, findingsOf, settingsOf } from "./check-world.ts";

type Pattern = Readonly<Record<"id" | "pattern" | "message", string>> & {
  readonly files?: string[];
  readonly level?: "block" | "warn" | "info";
};

async function found(
  patterns: readonly Pattern[],
  base: Record<string, string>,
  head: Record<string, string>,
) {
  const findings = await findingsOf(base, head, { checks: { bannedPatterns: patterns } });
  return findings.filter(({ rule }) => patterns.some(({ id }) => id === rule));
}

const NO_LOG: Pattern = { id: "no-log", pattern: String.raw`\bconsole\.log\(`, message: "Use the logger." };

describe("patterns of the owner's own", () => {
  it("keep a change from landing, with their message, the line and its place", async () => {
    const text = "const a = 1;\nconsole.log(a);\r\n";
    expect(await found([NO_LOG], {}, { "notes/a.log": text })).toEqual([
      {
        rule: "no-log",
        level: "block",
        path: "notes/a.log",
        line: 2,
        excerpt: "console.log(a);",
        message: "Use the logger.",
      },
    ]);
  });

  it("count what is new: not what was there, and not what was moved", async () => {
    const line = "console.log(1);\n";
    expect(await found([NO_LOG], { "a.log": line }, { "b.log": `moved\n   ${line}` })).toEqual([]);
    expect(await found([NO_LOG], { "a.log": line }, { "a.log": `${line}console.log(2);\n` })).toHaveLength(1);
  });

  it("are looked for where their files say, at their level", async () => {
    const pattern: Pattern = { ...NO_LOG, level: "warn", files: ["src/**/*.txt", "!src/old/**"] };
    const head = {
      "src/a.txt": "console.log(1)",
      "src/old/a.txt": "console.log(2)",
      "a.txt": "console.log(3)",
    };
    const findings = await found([pattern], {}, head);
    expect(findings.map(({ path, level }) => [path, level])).toEqual([["src/a.txt", "warn"]]);
  });

  it("end in time, whatever they are and whatever an agent wrote to make them slow", async () => {
    const bomb: Pattern = { id: "bomb", pattern: "^(a+)+b$", message: "No such line." };
    const words: Pattern = { id: "words", pattern: String.raw`^(\w+\s?)*!$`, message: "No such line." };
    const head = { "a.txt": `${"a".repeat(500_000)}c\n${"word ".repeat(50_000)}\n${"a".repeat(40)}b\n` };
    const inspector = new Inspector({ deadlineMs: 30_000 });
    try {
      const { findings } = await inspector.inspect({
        change: changeOf({}, head),
        settings: settingsOf({ checks: { bannedPatterns: [bomb, words] } }),
      });
      // It ran to its end: the line behind the slow ones was found.
      expect(findings).toMatchObject([{ rule: "bomb", line: 3 }]);
    } finally {
      inspector.close();
    }
  });
});
