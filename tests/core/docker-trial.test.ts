import { describe, expect, it } from "vitest";
import { judgeDockerTrial, TRIAL_TASKS, type TrialFacts } from "../../src/core/docker-trial.ts";
import type { Fact } from "../../src/core/event.ts";
import * as story from "../fixtures/night-story.ts";

const tasks = TRIAL_TASKS.map(({ id }) => story.testTask(id));

function night(...facts: readonly Fact[]): TrialFacts["events"] {
  return story.eventsOf([
    story.started(tasks),
    ...facts,
    story.finished("queue-empty", "all had their turn"),
  ]);
}

const LANDED = night(...tasks.flatMap((task, index) => story.landedFacts(task, story.commitOf(index + 1))));
const HELLO = { subject: "claude", verdict: "ok", message: "answered in 2s" } as const;
const WHOLE: TrialFacts = {
  noEngine: undefined,
  hellos: [HELLO],
  starts: { sandboxMs: 900, bareMs: 4 },
  events: LANDED,
  why: "",
};

describe("the Docker trial", () => {
  it("says yes where the models answered, three tasks landed and a start was measured", () => {
    const { verdict, trial } = judgeDockerTrial(WHOLE);
    expect(verdict).toBe("held");
    expect(trial).toEqual({
      answer: "yes",
      why: "claude answered through the gateway; 3 small tasks landed; first command after 900ms, without a container after 4ms",
      sandboxMs: 900,
      bareMs: 4,
    });
  });

  it("says so where no agent uses a model", () => {
    const { trial } = judgeDockerTrial({ ...WHOLE, hellos: [] });
    expect(trial).toMatchObject({ answer: "yes" });
    expect(trial?.why).toContain("no agent of this workspace uses a model, so no prompt was sent");
  });

  it.each<[string, Partial<TrialFacts>, string]>([
    [
      "there is no engine",
      { noEngine: "nothing answers", events: [] },
      "there are no containers: nothing answers",
    ],
    [
      "a task did not land",
      {
        events: night(
          ...story.landedFacts(tasks[0] ?? story.testTask("x"), story.commitOf(1)),
          ...story.failedFacts(tasks[1] ?? story.testTask("x"), "agent-failed", "exit code 1"),
        ),
      },
      "task: add: agent-failed: exit code 1",
    ],
    [
      "no night began",
      { events: [], why: "no night began: the image cannot be built" },
      "task: change: not done: no night began: the image cannot be built",
    ],
    ["no start was measured", { starts: "no sandbox starts" }, "could not be measured: no sandbox starts"],
    [
      "a task did not land and the prompt was not answered",
      { events: [], why: "x", hellos: [{ ...HELLO, verdict: "not-run" }] },
      "task: change",
    ],
  ])("says no where %s, which is a verdict too", (_, facts, why) => {
    const { verdict, trial } = judgeDockerTrial({ ...WHOLE, ...facts });
    expect(verdict).toBe("held");
    expect(trial?.answer).toBe("no");
    expect(trial?.why).toContain(why);
  });

  it.each(["refused", "not-run"] as const)(
    "has no verdict where all works but one prompt (%s)",
    (verdict) => {
      const hello = { subject: "codex", verdict, message: "the API refused the key" };
      const result = judgeDockerTrial({ ...WHOLE, hellos: [HELLO, hello] });
      expect(result.verdict).toBe("inconclusive");
      expect(result.trial).toBeUndefined();
      expect(result.observations).toContainEqual({
        what: "the prompt to codex",
        expected: "answered through the gateway",
        seen: "the API refused the key",
        held: false,
      });
    },
  );
});
