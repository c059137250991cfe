import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CLIENTS } from "../../src/core/client.ts";
import { CLIENT_VARIANTS, clientScenarios } from "./client-scenarios.ts";

const FOLDER = join(import.meta.dirname, "../agents/recorded");

describe.each(CLIENTS)("the recordings of %s", (client) => {
  const folder = join(FOLDER, client);
  const index = JSON.parse(readFileSync(join(folder, "index.json"), "utf8")) as { scenario: string }[];
  const recorded = index.map(({ scenario }) => scenario);

  it("are of every scenario, once, and of nothing else", () => {
    const names = [...Object.keys(clientScenarios(client)), ...Object.keys(CLIENT_VARIANTS)];
    expect(recorded.toSorted()).toEqual(names.toSorted());
    const files = readdirSync(folder).filter((name) => name.endsWith(".jsonl"));
    expect(files.toSorted()).toEqual(names.map((name) => `${name}.jsonl`).toSorted());
  });

  it.each(recorded)("are events, line by line, and name no place of the machine: %s", (scenario) => {
    const text = readFileSync(join(folder, `${scenario}.jsonl`), "utf8");
    const lines = text.split("\n").slice(0, -1);
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(JSON.parse(line)).toHaveProperty("type");
    expect(text).not.toMatch(/\/root\/|\/tmp\/nightwarden|127\.0\.0\.1:(?!8402)/);
  });
});
