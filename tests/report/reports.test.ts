import { stripVTControlCharacters, styleText } from "node:util";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { EventData, Fact } from "../../src/core/event.ts";
import { queueState } from "../../src/core/queue.ts";
import { phaseState } from "../../src/core/phase-state.ts";
import type { NightId } from "../../src/core/ids.ts";
import { markdownText } from "../../src/core/safe-text.ts";
import { statusOf } from "../../src/core/status.ts";
import { summarise, type NightSummary } from "../../src/core/summary.ts";
import { workspaceGate } from "../../src/core/workspace-gate.ts";
import { displayWidth, fitWidth } from "../../src/report/fit-width.ts";
import { renderGatesText } from "../../src/report/render-gates-text.ts";
import { renderProgressLine } from "../../src/report/render-progress-line.ts";
import { renderStatusText } from "../../src/report/render-status-text.ts";
import { renderSummaryMarkdown } from "../../src/report/render-summary-markdown.ts";
import { renderSummaryText } from "../../src/report/render-summary-text.ts";
import type { TextTarget } from "../../src/report/text-target.ts";
import * as story from "../fixtures/night-story.ts";

const PLAIN: TextTarget = { width: 80, paint: (_, text) => text };
const COLOUR: TextTarget = {
  width: 80,
  paint: (style, text) => styleText(style, text, { validateStream: false }),
};
const EVIL = "\u001B]0;owned\u0007\u202Eevil\u009B2J <img src=https://evil/> @octocat [x](y)";

/** Ten tasks, of which most land, in one repository, with a demo policy and a warning. */
function tenTasks(title = "Make the thing a little better than it was before"): Fact[] {
  const tasks = Array.from({ length: 10 }, (_, index) =>
    story.testTask(`task-number-${index}`, { title: `${title} ${index}` }),
  );
  const ends = tasks.flatMap((task, index) => {
    if (index === 3)
      return story.failedFacts(task, "cap-wall-clock", "it worked for more than 15m (limit wallClock)");
    if (index === 6)
      return [...story.failedFacts(task, "verify-failed", `"npm test" ended with exit code 1 ${title}`)];
    return index < 8 ? story.landedFacts(task, story.commitOf(index)) : [];
  });
  const loosened = [{ key: "afterFailure", specified: "stop", used: "breaker" }];
  return [
    story.started(tasks, {
      purpose: "demo",
      loosened,
      loosenedReason: `shows a whole night ${title}`,
      ...(title === EVIL ? { forced: [forced(EVIL)] } : {}),
    }),
    story.prepared(),
    { type: "warning.raised", data: { code: "w", message: `a warning ${title}` } },
    ...(title === EVIL ? [oldProgram(title, title)] : []),
    ...ends,
    story.delivered(story.commitOf(7)),
    story.finished("interrupted", "SIGINT"),
  ];
}

function summaryOf(facts: readonly Fact[]): NightSummary {
  return summarise(story.nightOf(facts));
}

/** A promotion that a person forced, as the first event of a night has it. */
function forced(reason: string): NonNullable<EventData<"night.started">["forced"]>[number] {
  return { from: "1", to: "2a", at: "2026-11-19T08:00:00.000Z", reason, unmet: [reason] };
}

/** A program that is older than it should be, as a probe found it. */
function oldProgram(subject: string, value: string): Fact {
  const message = `${subject} ${value} is old: CVE-2025-31133 (fixed in 1.2.8)`;
  return {
    type: "probe.finished",
    data: { probe: "version", subject, verdict: "warning", message, value, durationMs: 1 },
  };
}

describe("a summary of a night with old programs", () => {
  const [task] = [story.testTask("a")];
  const facts = [story.started([task]), oldProgram("engine", "20.10.24"), oldProgram("runc", "1.1.5+ds1")];

  test("names them in one line on a terminal", () => {
    const text = renderSummaryText(summaryOf(facts), PLAIN);
    expect(text).toContain(
      "\nOld or unknown versions: engine 20.10.24, runc 1.1.5+ds1. See nightwarden doctor\n",
    );
    expect(renderSummaryText(summaryOf(facts.slice(0, 1)), PLAIN)).not.toContain("versions");
  });

  test("says in Markdown what each lacks", () => {
    const text = renderSummaryMarkdown(summaryOf(facts));
    expect(text.replaceAll("\\", "")).toContain(
      "Old or unknown versions: engine 20.10.24, runc 1.1.5+ds1.\n\n- engine 20.10.24 is old: CVE-2025-31133 (fixed",
    );
    expect(renderSummaryMarkdown(summaryOf(facts.slice(0, 1)))).not.toContain("versions");
  });
});

describe("the summary on a terminal", () => {
  test("of ten tasks fits on one screen, with what went wrong first", () => {
    const text = renderSummaryText(summaryOf(tenTasks()), PLAIN);
    expect(text.split("\n").length - 1).toBeLessThanOrEqual(24);
    expect(text).toMatchInlineSnapshot(`
      "Night 2026-11-20-k3f9: 6 of 10 tasks landed, 2 failed, 2 not started
      Stopped because someone asked: SIGINT
      phase 1 · docker · attended · demo: no evidence for a promotion · 52s
      Looser than phase 1: afterFailure breaker (specified: stop). Reason: shows a wh…

      > Try one of 2 again, if you want: nightwarden rerun task-number-3
      > Look at what landed in demo (6):
          git -C /home/me/demo log --stat bbbbbbbbbbbb..nightwarden/2026-11-20-k3f9
      > Go on with the tasks that are left: nightwarden run
      ! a warning Make the thing a little better than it was before

      failed        task-number-3  Over its time limit: it worked for more than 15m (…
      failed        task-number-6  Tests failed: "npm test" ended with exit code 1 Ma…
      not started   task-number-8  Make the thing a little better than it was before 8
      not started   task-number-9  Make the thing a little better than it was before 9
      landed        task-number-0  +12 -3 in 2 files · Make the thing a little better…
      landed        task-number-1  +12 -3 in 2 files · Make the thing a little better…
      landed        task-number-2  +12 -3 in 2 files · Make the thing a little better…
      landed        task-number-4  +12 -3 in 2 files · Make the thing a little better…
      landed        task-number-5  +12 -3 in 2 files · Make the thing a little better…
      landed        task-number-7  +12 -3 in 2 files · Make the thing a little better…

      6 landed · nightwarden/2026-11-20-k3f9 in /home/me/demo
      "
    `);
  });

  test("is never wider than the terminal, but for a command", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 40, max: 160 }), (title, width) => {
        const lines = renderSummaryText(summaryOf(tenTasks(title)), { ...PLAIN, width }).split("\n");
        for (const line of lines.filter((each) => !/^(?: {4}|> .*: )/.test(each))) {
          expect(displayWidth(line)).toBeLessThanOrEqual(width);
        }
      }),
      { numRuns: 30 },
    );
  });

  test("says the same in colour and without", () => {
    const summary = summaryOf(tenTasks());
    const coloured = renderSummaryText(summary, COLOUR);
    expect(coloured).toContain("\u001B[31m");
    expect(stripVTControlCharacters(coloured)).toBe(renderSummaryText(summary, PLAIN));
  });

  test("never cuts a command", () => {
    const path = `/home/${"deep/".repeat(40)}`;
    const task = story.testTask("a");
    const facts = [
      story.started([task]),
      story.prepared("demo", path),
      ...story.landedFacts(task, story.commitOf(1)),
    ];
    const text = renderSummaryText(summaryOf([...facts, story.delivered(story.commitOf(1))]), PLAIN);
    expect(text).toContain(`git -C ${path} log --stat bbbbbbbbbbbb..nightwarden/${story.NIGHT}`);
  });
});

describe("the summary as Markdown", () => {
  test("has the details of what failed, and where the results are", () => {
    const task = story.testTask("a", { title: "Bump @types/node" });
    const finding = { rule: "change-size", level: "block" as const, message: "500 lines changed" };
    const text = renderSummaryMarkdown(
      summaryOf([
        story.started([task]),
        story.prepared(),
        story.begun(task),
        {
          type: "checks.finished",
          data: { ...story.refOf(task), commit: story.commitOf(1), findings: [finding] },
        },
        story.verified(task, "1 test failed\n```\n# not a heading"),
        ...story.failedFacts(task, "verify-failed", '"npm test" ended with exit code 1').slice(1),
        story.finished("first-failure", "a task failed"),
      ]),
    );
    expect(text).toMatchInlineSnapshot(`
      "# Night 2026-11-20-k3f9

      **0 of 1 task landed, 1 failed.** Stopped at the first failed task, as this phase demands: a task failed.

      phase 1 · docker · attended · began 2026-11-20T22:00:01.000Z · 7s

      ## What needs you

      - Try it again, if you want: \`nightwarden rerun a\`

      ## Tasks

      - **failed** \`a\` Bump \`@types/node\` (agent demo, 3s) — Tests failed: "npm test" ended with exit code 1

      ### \`a\`

      - blocked by \`change-size\`: 500 lines changed

      \`\`\`\`text
      1 test failed
      \`\`\`
      # not a heading
      \`\`\`\`

      ## Where the results are

      - \`nightwarden/2026-11-20-k3f9\` in \`/home/me/demo\`, from \`refs/heads/main\` at \`bbbbbbbbbbbb\`: nothing landed
      "
    `);
  });
});

describe("the status", () => {
  test("of a running night says what is being done", () => {
    const tasks = [story.testTask("a"), story.testTask("b")] as const;
    const night = story.nightOf([
      story.started(tasks),
      ...story.landedFacts(tasks[0], story.commitOf(1)),
      story.begun(tasks[1]),
    ]);
    const owner = { pid: 4711, startedAt: "2026-11-20T22:00:00.000Z", command: "nightwarden run" };
    const now = new Date("2026-11-20T22:10:00.000Z");
    const status = statusOf({
      phase: phaseState([]),
      gate: story.NO_GATE,
      night,
      owner,
      plan: { tasks },
      queue: queueState([night], []),
      now,
    });
    expect(renderStatusText(status, PLAIN)).toMatchInlineSnapshot(`
      "Night 2026-11-20-k3f9 is running, for 9m 59s, process 4711
      1 of 2 tasks landed, 1 running
      b: preparing the sandbox, for 9m 51s · Do b
      Phase 1: 0 of 0 criteria for phase 2a met (nightwarden gates)
      Queue: 1 to do, 1 landed, 0 failed

      landed     a · Do a
      to do      b · Do b
      "
    `);
  });

  test("of a new workspace says how to begin", () => {
    const status = statusOf({
      phase: phaseState([]),
      gate: story.NO_GATE,
      night: undefined,
      owner: undefined,
      plan: { tasks: [] },
      queue: queueState([], []),
      now: new Date(),
    });
    expect(renderStatusText(status, PLAIN)).toContain("nightwarden run");
  });
});

describe("live progress", () => {
  test("tells a night in its order, and nothing twice", () => {
    const lines = story
      .eventsOf(tenTasks("x").slice(0, 14))
      .flatMap((event) => renderProgressLine(event) ?? []);
    expect(lines).toMatchInlineSnapshot(`
      [
        "night 2026-11-20-k3f9: 10 tasks, phase 1, docker",
        "demo: from refs/heads/main at bbbbbbbbbbbb",
        "warning: a warning x",
        "task-number-0: attempt 1",
        "task-number-0: +12 -3 in 2 files",
        "task-number-0: tests passed after 1.2s",
        "task-number-0: landed as cccccccccccc",
        "task-number-1: attempt 1",
        "task-number-1: +12 -3 in 2 files",
        "task-number-1: tests passed after 1.2s",
      ]
    `);
  });
});

describe("text that an agent or a plan controls is inert", () => {
  const hostile = summaryOf(tenTasks(EVIL));
  const CONTROL = /[^\P{Cc}\n]|\p{Cf}/u;

  test("in the summary on a terminal", () => {
    expect(renderSummaryText(hostile, PLAIN)).not.toMatch(CONTROL);
  });

  test("in the summary as Markdown", () => {
    const text = renderSummaryMarkdown(hostile);
    expect(text).not.toMatch(CONTROL);
    const active = text.replaceAll(/\\[!-/:-@[-`{-~]|(`+)(?!`)[^]*?(?<!`)\1(?!`)/g, "");
    expect(active).not.toMatch(/[<[@]|:\//);
  });

  test("in the status", () => {
    const night = story.nightOf(tenTasks(EVIL).slice(0, 5));
    const plan = { tasks: [story.testTask("a", { title: EVIL })] };
    const owner = { pid: 1, startedAt: EVIL, command: EVIL };
    const status = statusOf({
      phase: phaseState([]),
      gate: story.NO_GATE,
      night,
      owner,
      plan,
      queue: queueState([night], []),
      now: new Date(),
    });
    expect(renderStatusText(status, PLAIN)).not.toMatch(CONTROL);
    expect(JSON.stringify(status)).not.toMatch(CONTROL);
  });

  test("in a promotion that was forced, which every summary shows", () => {
    const plain = summaryOf([story.started([], { forced: [forced("it was a demo")] })]);
    const line = "Forced from phase 1 to 2a on 2026-11-19: it was a demo (unmet then: it was a demo)";
    expect(renderSummaryText(plain, { ...PLAIN, width: 120 })).toContain(line);
    expect(renderSummaryMarkdown(plain)).toContain(`**${markdownText(line)}.**`);
    expect(renderSummaryText(summaryOf(tenTasks(EVIL)), PLAIN)).not.toMatch(CONTROL);
  });

  test("in the gates", () => {
    const gate = workspaceGate({
      workspace: story.eventsOf(
        [
          {
            type: "phase.promoted",
            data: { from: "1", to: "2a", forced: { reason: EVIL, unmet: [EVIL] }, policyHash: "p" },
          },
        ],
        { night: null },
      ),
      nights: [story.eventsOf([...tenTasks(EVIL), story.finished("refused", EVIL)])],
      unread: [{ night: "2026-11-21-aaaa" as NightId, message: EVIL }],
      policy: { phase: "2a", gate: { landedTasks: 1, capsReached: 0, nights: 1 } },
      policyHash: "p",
      loosened: [{ key: EVIL, specified: EVIL, used: EVIL }],
      loosenedReason: EVIL,
      repositories: ["demo"],
    });
    expect(renderGatesText(gate, PLAIN)).not.toMatch(CONTROL);
    expect(gate.forced).toHaveLength(1);
    expect(JSON.stringify(gate)).not.toMatch(CONTROL);
  });

  test("in live progress", () => {
    const facts = [
      ...tenTasks(EVIL),
      { type: "night.stopping", data: { why: "asked", detail: EVIL } },
    ] as Fact[];
    for (const event of story.eventsOf(facts)) {
      expect(renderProgressLine(event) ?? "").not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }
  });
});

test("text is cut by the columns that it takes, not by its characters", () => {
  expect(fitWidth("日本語のテスト", 7)).toBe("日本語…");
  expect(fitWidth("e\u0301te\u0301", 3)).toBe("e\u0301te\u0301");
  expect(fitWidth("plain", 5)).toBe("plain");
  expect(fitWidth("plain", 4)).toBe("pla…");
});
