import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ClaudeReader } from "../../src/agents/claude-reader.ts";
import { CodexReader } from "../../src/agents/codex-reader.ts";
import type { AgentReader } from "../../src/contracts/agent.ts";
import type { OutputLine } from "../../src/contracts/sandbox.ts";
import type { ClientName } from "../../src/core/client.ts";
import { recordedLines, recordedScenarios, stdoutLine } from "./recorded-run.ts";

const READERS: Readonly<Record<ClientName, () => AgentReader>> = {
  claude: () => new ClaudeReader(),
  codex: () => new CodexReader(),
};

/** The one event without which no run is a success. Written without the readers' own means. */
function isSuccessEvent(client: ClientName, line: OutputLine): boolean {
  if (line.cut || line.stream !== "stdout") return false;
  try {
    const event = JSON.parse(line.text) as Record<string, unknown> | null;
    if (client === "codex") return event?.["type"] === "turn.completed";
    return event?.["type"] === "result" && event["is_error"] === false && event["subtype"] === "success";
  } catch {
    return false;
  }
}

/** Anything at all, JSON of any form, JSON with the names that count, and real lines whole, damaged or cut. */
function anyLine(client: ClientName): fc.Arbitrary<OutputLine> {
  const real = recordedScenarios(client).flatMap((scenario) => recordedLines(client, scenario));
  const event = fc.record(
    {
      type: fc.constantFrom(
        "system",
        "assistant",
        "result",
        "item.completed",
        "turn.completed",
        "turn.failed",
        "error",
      ),
      subtype: fc.oneof(fc.constantFrom("init", "success", "error_max_turns"), fc.jsonValue()),
      is_error: fc.oneof(fc.boolean(), fc.jsonValue()),
      result: fc.oneof(fc.string({ unit: "binary" }), fc.jsonValue()),
      message: fc.oneof(
        fc.constant({ model: "m", content: [{ type: "text", text: "said" }] }),
        fc.string({ unit: "binary" }),
        fc.jsonValue(),
      ),
      item: fc.oneof(fc.constant({ type: "agent_message", text: "said" }), fc.jsonValue()),
      error: fc.oneof(fc.string(), fc.jsonValue()),
      terminal_reason: fc.jsonValue(),
    },
    { requiredKeys: ["type"] },
  );
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 2000 }),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString("utf8")),
    fc.json(),
    event.map((one) => JSON.stringify(one)),
    fc.constantFrom(...real),
    fc.tuple(fc.constantFrom(...real), fc.nat(), fc.string({ maxLength: 3 })).map(([line, at, insert]) => {
      const place = at % (line.length + 1);
      return line.slice(0, place) + insert + line.slice(place + insert.length);
    }),
  );
  return fc.record({
    stream: fc.constantFrom("stdout" as const, "stdout" as const, "stderr" as const),
    text,
    cut: fc.boolean(),
  });
}

describe.each(["claude", "codex"] as const)("whatever is printed in the place of %s", (client) => {
  it("is never an exception, never a success without its event, and never more than a bounded report", () => {
    fc.assert(
      fc.property(fc.array(anyLine(client), { maxLength: 20 }), (lines) => {
        const reader = READERS[client]();
        for (const line of lines) reader.line(line);
        const report = reader.report();
        if (!lines.some((line) => isSuccessEvent(client, line))) expect(report.verdict).not.toBe("succeeded");
        expect(report.message.length).toBeLessThanOrEqual(500);
        expect((report.code ?? "").length).toBeLessThanOrEqual(80);
        expect(report.malformedLines).toBeLessThanOrEqual(lines.length);
        // Half a character would come back from the journal as another one.
        expect(Buffer.from(report.message, "utf8").toString("utf8")).toBe(report.message);
      }),
      { numRuns: 1000 },
    );
  });

  it("a recorded success without its last event is none; the control is the whole of it", () => {
    const lines = recordedLines(client, "success").map(stdoutLine);
    const whole = READERS[client]();
    for (const line of lines) whole.line(line);
    expect(whole.report().verdict).toBe("succeeded");
    const without = READERS[client]();
    for (const line of lines.filter((one) => !isSuccessEvent(client, one))) without.line(line);
    expect(without.report().verdict).toBe("unfinished");
  });

  it("takes a line that is nested as deep as a line can be", () => {
    const reader = READERS[client]();
    reader.line(stdoutLine("[".repeat(65_536)));
    reader.line(stdoutLine(`${'{"type":'.repeat(8000)}1${"}".repeat(8000)}`));
    expect(reader.report()).toMatchObject({ verdict: "unfinished", malformedLines: 2 });
  });
});
