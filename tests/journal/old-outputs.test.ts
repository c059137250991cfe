import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { NightId } from "../../src/core/ids.ts";
import type { OldThings } from "../../src/core/retention.ts";
import { OldOutputs } from "../../src/journal/old-outputs.ts";
import { temporaryFolder } from "../fixtures/git-repository.ts";

const OLD = "2026-01-01-aaaa" as NightId;
const NEW = "2026-11-20-bbbb" as NightId;
const old: OldThings = { nights: new Set([OLD]), tokens: new Set(), bases: new Map() };
const never = new AbortController().signal;

function written(folder: string, ...names: readonly string[]): void {
  mkdirSync(folder, { recursive: true });
  for (const name of names) writeFileSync(join(folder, name), "12345");
}

describe("old outputs", () => {
  it("are removed, and those of nights that are kept stay", async () => {
    const stateDir = temporaryFolder();
    written(
      join(stateDir, "output", OLD),
      "a.1.agent.jsonl",
      "a.1.verify.2.jsonl",
      "baseline-app.1.verify.jsonl",
    );
    written(join(stateDir, "output", NEW), "a.1.agent.jsonl");
    const cleaned = await new OldOutputs({ stateDir }).clean(old, never);
    expect(cleaned).toMatchObject({ bytes: 15, isDone: true });
    expect(cleaned.removed.map(({ kind, name }) => `${kind} ${name}`).toSorted()).toEqual([
      `file output/${OLD}/a.1.agent.jsonl`,
      `file output/${OLD}/a.1.verify.2.jsonl`,
      `file output/${OLD}/baseline-app.1.verify.jsonl`,
    ]);
    expect(readdirSync(join(stateDir, "output"))).toEqual([NEW]);
    expect(readdirSync(join(stateDir, "output", NEW))).toEqual(["a.1.agent.jsonl"]);
    expect(await new OldOutputs({ stateDir }).clean(old, never)).toMatchObject({ removed: [], isDone: true });
  });

  it("are told from somebody's own files, folders and links, which stay, and what a link leads to stays", async () => {
    const stateDir = temporaryFolder();
    const elsewhere = temporaryFolder();
    written(elsewhere, "a.1.agent.jsonl");
    const folder = join(stateDir, "output", OLD);
    written(folder, "a.1.agent.jsonl", "notes.md", "a.1.agent.jsonl.bak");
    mkdirSync(join(folder, "b.1.agent.jsonl"));
    symlinkSync(join(elsewhere, "a.1.agent.jsonl"), join(folder, "c.1.agent.jsonl"));
    const { removed } = await new OldOutputs({ stateDir }).clean(old, never);
    expect(removed.map(({ name }) => name)).toEqual([`output/${OLD}/a.1.agent.jsonl`]);
    expect(readdirSync(folder).toSorted()).toEqual([
      "a.1.agent.jsonl.bak",
      "b.1.agent.jsonl",
      "c.1.agent.jsonl",
      "notes.md",
    ]);
    expect(existsSync(join(elsewhere, "a.1.agent.jsonl"))).toBe(true);
  });

  it("are not looked for behind a link in place of the night's folder, or of all of them", async () => {
    const elsewhere = temporaryFolder();
    written(join(elsewhere, OLD), "a.1.agent.jsonl");
    const one = temporaryFolder();
    mkdirSync(join(one, "output"));
    symlinkSync(join(elsewhere, OLD), join(one, "output", OLD));
    const all = temporaryFolder();
    symlinkSync(elsewhere, join(all, "output"));
    for (const stateDir of [one, all, temporaryFolder()])
      expect(await new OldOutputs({ stateDir }).clean(old, never)).toEqual({
        removed: [],
        bytes: 0,
        isDone: true,
      });
    expect(readdirSync(join(elsewhere, OLD))).toEqual(["a.1.agent.jsonl"]);
  });

  it("wait for another time when there is none left, and that is said", async () => {
    const stateDir = temporaryFolder();
    written(join(stateDir, "output", OLD), "a.1.agent.jsonl");
    const cleaned = await new OldOutputs({ stateDir }).clean(old, AbortSignal.abort());
    expect(cleaned).toEqual({ removed: [], bytes: 0, isDone: false });
  });
});
