import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { AgentReader } from "../../src/contracts/agent.ts";
import type { OutputLine } from "../../src/contracts/sandbox.ts";
import type { AgentReport } from "../../src/core/agent-report.ts";
import type { ClientName } from "../../src/core/client.ts";

const RECORDED = join(import.meta.dirname, "recorded");

/** Names of the scenarios in which the real client was recorded. */
export function recordedScenarios(client: ClientName): string[] {
  return readdirSync(join(RECORDED, client))
    .filter((name) => name.endsWith(".jsonl"))
    .map((name) => name.replace(/\.jsonl$/, ""))
    .sort();
}

export function recordedLines(client: ClientName, scenario: string): string[] {
  return readFileSync(join(RECORDED, client, `${scenario}.jsonl`), "utf8").split("\n");
}

export function recordedExitCode(client: ClientName, scenario: string): number | null {
  const index = JSON.parse(readFileSync(join(RECORDED, client, "index.json"), "utf8")) as readonly {
    readonly scenario: string;
    readonly exitCode: number | null;
  }[];
  const entry = index.find((one) => one.scenario === scenario);
  if (!entry) throw new Error(`${client}/index.json has no entry for ${scenario}`);
  return entry.exitCode;
}

export function stdoutLine(text: string): OutputLine {
  return { stream: "stdout", text, cut: false };
}

/** What `reader` makes of these events, or lines as they stand. */
export function reportOn(reader: AgentReader, lines: readonly (string | object)[]): AgentReport {
  for (const line of lines) reader.line(stdoutLine(typeof line === "string" ? line : JSON.stringify(line)));
  return reader.report();
}
