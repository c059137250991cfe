import { describe, expect, it } from "vitest";
import type { ProbeResult } from "../../src/core/probe.ts";
import { renderProbesText } from "../../src/report/render-probes-text.ts";

const RESULT: ProbeResult = { probe: "git", subject: "app", verdict: "ok", message: "fine", durationMs: 12 };

function render(...results: readonly Partial<ProbeResult>[]): string {
  const target = { width: 80, paint: (_: string, text: string) => text };
  return renderProbesText(
    results.map((result) => ({ ...RESULT, ...result })),
    target,
  );
}

describe("the table of probes", () => {
  it("has a mark, the time and what was found, with what to do below", () => {
    expect(
      render(
        {},
        { probe: "disk", subject: "workspace", verdict: "warning", message: "little", hint: "make room" },
        { probe: "engine", verdict: "refused", message: "none", hint: "start one", durationMs: 2000 },
        { probe: "image", verdict: "not-run", message: "not run: no engine", durationMs: 0 },
      ),
    ).toBe(
      [
        "✓ git     app        12ms  fine",
        "! disk    workspace  12ms  little",
        "                           hint: make room",
        "✗ engine  app          2s  none",
        "                           hint: start one",
        "– image   app              not run: no engine",
        "",
        "1 refused, 1 not run: a night would not start",
        "",
      ].join("\n"),
    );
  });

  it.each<[string, Partial<ProbeResult>[], string]>([
    ["all is well", [{}], "Ready: nightwarden run"],
    ["there are warnings", [{ verdict: "warning" }, {}], "Ready, with 1 to look at: nightwarden run"],
    ["something is refused", [{ verdict: "refused" }], "1 refused: a night would not start"],
  ])("ends with what it comes to where %s", (_, results, conclusion) => {
    expect(
      render(...results)
        .trimEnd()
        .split("\n")
        .at(-1),
    ).toBe(conclusion);
  });

  it("makes what others wrote inert, and tells a refusal whole", () => {
    const escape = "\u001B]0;owned\u0007\u001B[31m\u202Ered";
    const text = render({ message: escape, subject: escape, hint: escape });
    expect(text.replaceAll("\n", "")).not.toMatch(/\p{Cc}|\p{Cf}/u);
    expect(text).toContain("red");
    const long = "word ".repeat(100).trim();
    expect(render({ message: long })).toContain(long);
  });
});
