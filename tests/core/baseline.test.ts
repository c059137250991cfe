import { describe, expect, it } from "vitest";
import { judgeBaseline } from "../../src/core/baseline.ts";

const fix = { kind: "fix", redTests: ["adds two numbers"] } as const;
const add = { kind: "add", redTests: [] } as const;
const printed = new Set(["adds two numbers"]);

describe("the tests on the base, before any agent", () => {
  it.each([
    ["pass", { firstGreen: true, secondGreen: undefined, tasks: [add], printed: new Set<string>() }, "green"],
    [
      "fail once and pass once: flaky",
      { firstGreen: false, secondGreen: true, tasks: [add], printed },
      "flaky",
    ],
    [
      "fail, and a task is not there to fix them",
      { firstGreen: false, secondGreen: false, tasks: [fix, add], printed },
      "red",
    ],
    [
      "fail as the fix says",
      { firstGreen: false, secondGreen: false, tasks: [fix], printed },
      "red-expected",
    ],
    [
      "fail, but not the tests that the fix names",
      { firstGreen: false, secondGreen: false, tasks: [fix], printed: new Set<string>() },
      "red",
    ],
    [
      "fail, and the fix names no test",
      { firstGreen: false, secondGreen: false, tasks: [{ kind: "fix", redTests: [] } as const], printed },
      "red",
    ],
    ["fail, and nothing is queued", { firstGreen: false, secondGreen: false, tasks: [], printed }, "red"],
  ] as const)("%s", (_, options, result) => {
    expect(judgeBaseline(options)).toBe(result);
  });
});
