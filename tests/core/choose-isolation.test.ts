import { describe, expect, it } from "vitest";
import {
  chooseIsolation,
  type Availability,
  type IsolationQuestion,
} from "../../src/core/choose-isolation.ts";
import { isolationGap } from "../../src/core/isolation-gap.ts";
import { ISOLATIONS } from "../../src/core/policy.ts";

const yes: Availability = { available: true };
const no: Availability = { available: false, message: "no engine was found", hint: "start it" };
const noUser: Availability = { available: false, message: "no launcher", hint: "install it" };

function choose(question: Partial<IsolationQuestion>): string {
  const choice = chooseIsolation({
    kind: "docker",
    fallback: undefined,
    weakest: "worktree",
    phase: "1",
    platform: "linux",
    known: {},
    ...question,
  });
  return choice.kind === "refused" ? `refused: ${choice.why}` : `${choice.kind}: ${choice.isolation}`;
}

describe("which isolation a night gets", () => {
  it.each<[string, Partial<IsolationQuestion>, string]>([
    ["docker is asked for, and nothing is known", {}, "ask: docker"],
    ["docker is there", { known: { docker: yes } }, "chosen: docker"],
    ["docker is not there: nothing else is taken", { known: { docker: no, user: yes } }, "refused: missing"],
    ["auto is docker", { kind: "auto", known: { docker: yes, user: yes } }, "chosen: docker"],
    ["auto asks for docker first", { kind: "auto", fallback: "user" }, "ask: docker"],
    [
      "auto without a fallback takes none",
      { kind: "auto", known: { docker: no, user: yes } },
      "refused: missing",
    ],
    [
      "auto with a fallback does not ask for it where docker is there",
      { kind: "auto", fallback: "user", known: { docker: yes } },
      "chosen: docker",
    ],
    [
      "auto with a fallback asks for it where docker is not there",
      { kind: "auto", fallback: "user", known: { docker: no } },
      "ask: user",
    ],
    [
      "auto takes its fallback",
      { kind: "auto", fallback: "user", known: { docker: no, user: yes } },
      "chosen: user",
    ],
    [
      "auto has neither",
      { kind: "auto", fallback: "user", known: { docker: no, user: noUser } },
      "refused: missing",
    ],
    [
      "auto's fallback is too weak for the policy",
      { kind: "auto", fallback: "user", weakest: "docker", known: { docker: no, user: yes } },
      "refused: policy",
    ],
    [
      "auto on macOS has no user",
      { kind: "auto", fallback: "user", platform: "darwin", known: { docker: no } },
      "refused: missing",
    ],
    ["user by its name, beside docker", { kind: "user", known: { docker: yes, user: yes } }, "chosen: user"],
    ["user is asked for", { kind: "user" }, "ask: user"],
    ["user is not there", { kind: "user", known: { user: noUser, docker: yes } }, "refused: missing"],
    ["user on macOS", { kind: "user", platform: "darwin", known: { user: yes } }, "refused: missing"],
    [
      "user in phase 2b",
      { kind: "user", phase: "2b", weakest: "user", known: { user: yes } },
      "chosen: user",
    ],
    ["user where the policy wants docker", { kind: "user", weakest: "docker" }, "refused: policy"],
    [
      "worktree by its name, beside docker",
      { kind: "worktree", known: { docker: yes, worktree: yes } },
      "chosen: worktree",
    ],
    ["worktree in phase 2a", { kind: "worktree", phase: "2a", known: { worktree: yes } }, "chosen: worktree"],
    ["worktree in phase 2b", { kind: "worktree", phase: "2b", weakest: "user" }, "refused: policy"],
    ["worktree in phase 3", { kind: "worktree", phase: "3", weakest: "user" }, "refused: policy"],
    [
      "worktree on macOS",
      { kind: "worktree", platform: "darwin", known: { worktree: yes } },
      "chosen: worktree",
    ],
    [
      "worktree on Windows",
      { kind: "worktree", platform: "win32", known: { worktree: yes } },
      "refused: missing",
    ],
    ["docker where the policy wants it", { weakest: "docker", known: { docker: yes } }, "chosen: docker"],
  ])("%s", (_, question, expected) => {
    expect(choose(question)).toBe(expected);
  });

  it("is refused with what to write instead, and with everything that was tried", () => {
    const refusal = { fallback: "user", platform: "linux", phase: "2b" } as const;
    expect(chooseIsolation({ ...refusal, kind: "worktree", weakest: "user", known: {} })).toMatchObject({
      message: "the sandbox worktree is too weak: the policy of phase 2b allows docker or user",
      hint: expect.stringContaining("docker or user as sandbox.kind") as string,
    });
    const both = chooseIsolation({
      ...refusal,
      kind: "auto",
      weakest: "user",
      known: { docker: no, user: noUser },
    });
    expect(both).toMatchObject({
      message: "no engine was found; and the fallback user: no launcher",
      hint: "install it",
    });
    const none = chooseIsolation({
      ...refusal,
      fallback: undefined,
      kind: "auto",
      weakest: "user",
      known: { docker: no },
    });
    expect(none).toMatchObject({
      message: "no engine was found; sandbox.kind auto has no fallback, and takes no weaker one",
      hint: "start it",
    });
  });

  it("is named with what it does not restrict, on one line of a narrow terminal, unless it is the strongest", () => {
    for (const isolation of ISOLATIONS) {
      const gap = isolationGap(isolation);
      expect(gap === null).toBe(isolation === "docker");
      if (gap === null) continue;
      expect(gap.startsWith(`${isolation}: `)).toBe(true);
      expect(gap.length).toBeLessThanOrEqual(78);
    }
    expect(isolationGap("worktree")).toContain("the network is not restricted");
  });
});
