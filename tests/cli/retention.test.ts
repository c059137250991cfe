import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createJournalStore } from "../../src/journal/journal-store.ts";
import type { NightId } from "../../src/core/ids.ts";
import { TickingClock } from "../fakes/ticking-clock.ts";
import { CliWorkspace } from "../fixtures/cli-workspace.ts";
import * as story from "../fixtures/night-story.ts";

const DAY_MS = 24 * 3_600_000;
const task = story.testTask("long-ago");
const commit = story.commitOf(1);

/** A workspace with a night of 200 days ago, as that night's supervisor has left it. */
async function workspaceWithOldNight(retention?: object): Promise<{
  readonly workspace: CliWorkspace;
  readonly night: NightId;
  readonly outputs: string;
}> {
  const workspace = await CliWorkspace.create({
    tasks: [{ id: "one", agent: 'echo "export const one = $(date +%s%N)n;" > src/one.mjs' }],
  });
  const start = new Date(Date.now() - 200 * DAY_MS).toISOString();
  const night = `${start.slice(0, 10)}-aaaa` as NightId;
  const stateDir = join(workspace.folder, ".nightwarden");
  const journals = createJournalStore({
    stateDir,
    actor: "supervisor",
    version: "0.1.0",
    clock: new TickingClock(start),
  });
  const workspaceJournal = await journals.open(null);
  await workspaceJournal.close();
  const journal = await journals.open(night);
  const facts = [
    story.started([task]),
    story.prepared(),
    ...story.landedFacts(task, commit),
    story.delivered(commit),
    story.finished(),
  ];
  for (const fact of facts) await journal.append(fact);
  await journal.close();
  const outputs = join(stateDir, "output", night);
  mkdirSync(outputs, { recursive: true });
  writeFileSync(join(outputs, "long-ago.1.agent.jsonl"), '{"text":"what an agent printed"}\n');
  writeFileSync(join(outputs, "notes.txt"), "mine");
  if (retention) {
    const path = join(workspace.folder, "nightwarden.yaml");
    const config = parse(readFileSync(path, "utf8")) as object;
    writeFileSync(path, stringify({ ...config, retention }));
  }
  return { workspace, night, outputs };
}

describe("what old nights left", () => {
  it("is removed at the start of a night; journals, and files of somebody's own, stay", async () => {
    const { workspace, night, outputs } = await workspaceWithOldNight({ nights: 1, days: 30 });
    // The night before this one is the one that is kept.
    expect((await workspace.night()).exitCode).toBe(0);
    expect(existsSync(join(outputs, "long-ago.1.agent.jsonl"))).toBe(true);
    const path = join(workspace.folder, "tasks.yaml");
    writeFileSync(path, readFileSync(path, "utf8").replaceAll("Do one", "Do it anew"));
    const second = await workspace.night();
    expect(second.exitCode).toBe(0);
    expect(second.stderr).toContain("removed 1 file of nights that are kept no more");
    expect(readdirSync(outputs)).toEqual(["notes.txt"]);
    expect(workspace.eventsOf("leftovers.removed")).toContainEqual(
      expect.objectContaining({ by: "retention", others: { file: 1 } }),
    );
    // Nobody left it behind: it was kept, and no summary speaks of leftovers.
    expect(await workspace.summary()).toMatchObject({ leftovers: 0, warnings: [] });
    const old = await workspace.call("summary", night, "--json");
    expect(JSON.parse(old.stdout)).toMatchObject({ night, counts: { landed: 1 } });
    await workspace.verifiedEvents();
  });

  it("stays as long as one of both numbers says", async () => {
    for (const retention of [undefined, { nights: 1, days: 300 }]) {
      const { workspace, outputs } = await workspaceWithOldNight(retention);
      const { exitCode, stdout } = await workspace.call("doctor", "--repair", "--json");
      expect(JSON.parse(stdout)).toMatchObject({ ok: true, removed: [] });
      expect(exitCode).toBe(0);
      expect(readdirSync(outputs)).toHaveLength(2);
    }
  });

  it("is removed by a repair, too, which says what it was", async () => {
    const { workspace, night, outputs } = await workspaceWithOldNight({ nights: 1, days: 30 });
    expect((await workspace.night()).exitCode).toBe(0);
    const { stdout } = await workspace.call("doctor", "--repair", "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      removed: expect.arrayContaining([
        expect.objectContaining({ kind: "file", name: `output/${night}/long-ago.1.agent.jsonl` }),
      ]) as unknown,
    });
    expect(readdirSync(outputs)).toEqual(["notes.txt"]);
  });
});
