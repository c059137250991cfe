import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { EventData } from "../../src/core/event.ts";
import { readStream } from "../../src/journal/read-stream.ts";
import { checkLeftovers, leftovers, watchContainers } from "../fixtures/cli-engine.ts";
import { CliWorkspace } from "../fixtures/cli-workspace.ts";
import { ownTemporary, watchScratch } from "../fixtures/scratch-workspaces.ts";
import { startScriptedApi } from "../model-api/scripted-api.ts";
import type { Answer } from "../model-api/scenario.ts";

vi.setConfig({ testTimeout: 600_000 });

const KEY = "sk-ant-api03-sentinel-of-the-trial";

type Trial = EventData<"drill.finished"> & { readonly ok: boolean };

let api: Awaited<ReturnType<typeof startScriptedApi>>;
beforeAll(async () => {
  api = await startScriptedApi();
}, 120_000);
afterAll(async () => await api.stop());

/** A workspace whose only task is done by the real client, with an API that answers it as the test wants. */
async function trialOf(
  name: string,
  answer: Answer,
): Promise<{
  readonly workspace: CliWorkspace;
  readonly exitCode: number | null;
  readonly report: Trial;
  readonly printed: string;
  /** The scratch workspaces that it made. */
  readonly scratches: readonly string[];
}> {
  const workspace = await CliWorkspace.create({ tasks: [{ id: "claude", agent: "true" }] });
  await api.program(name, { turns: [answer] });
  const upstream = { url: api.url(name), caFile: api.caFile };
  workspace.write("nightwarden.yaml", {
    version: 1,
    repositories: { app: { path: workspace.repository(), verify: ["true"] } },
    agents: { claude: { kind: "claude", model: "claude-sonnet-4-5", upstream } },
  });
  const temporary = ownTemporary(workspace);
  const scratch = watchScratch(temporary);
  const { exitCode, stdout, stderr } = await workspace.start(["drill", "docker", "--json"], {
    env: { ...temporary, ANTHROPIC_API_KEY: KEY },
  }).ended;
  const report = JSON.parse(stdout) as Trial;
  return { workspace, exitCode, report, printed: stdout + stderr, scratches: scratch() };
}

async function recordedIn(workspace: CliWorkspace): Promise<EventData<"drill.finished">[]> {
  const path = join(workspace.folder, ".nightwarden/journal/workspace.jsonl");
  const { events } = await readStream(path, {});
  return events.flatMap((event) => (event.type === "drill.finished" ? [event.data] : []));
}

describe("the Docker trial, by the installed program", () => {
  it("says yes: the model answers through the gateway, three tasks land, a start is measured; nothing is left", async () => {
    const made = await watchContainers();
    const { workspace, exitCode, report, printed, scratches } = await trialOf("trial-yes", {
      kind: "reply",
      text: "hello",
    });
    expect(report.trial).toMatchObject({ answer: "yes" });
    expect(report.trial?.why).toContain("claude answered through the gateway; 3 small tasks landed");
    // A container costs more than a process, and less than a minute.
    expect(report.trial?.sandboxMs).toBeGreaterThan(report.trial?.bareMs ?? Infinity);
    expect(report.trial?.sandboxMs).toBeLessThan(60_000);
    expect(report.observations?.map(({ what, held }) => `${what} ${held}`)).toEqual([
      "the engine true",
      "the prompt to claude true",
      "task: change true",
      "task: add true",
      "task: remove true",
      "a container's start true",
    ]);
    expect(exitCode).toBe(0);
    const requests = JSON.stringify(await api.requests("trial-yes"));
    expect(requests).toContain("Reply with the single word hello");
    expect(requests).toContain(KEY);
    expect(printed).not.toContain(KEY);
    expect(await recordedIn(workspace)).toMatchObject([
      { drill: "docker", verdict: "held", isolation: "docker", trial: { answer: "yes" } },
    ]);
    const owners = new Set((await made()).map((each) => each.workspace));
    const [scratch = ""] = scratches;
    expect(owners.has(scratch)).toBe(true);
    for (const id of [scratch, workspace.id() ?? ""]) expect(await leftovers(id)).toEqual([]);
    // Checks of other tests may be under way.
    await expect.poll(checkLeftovers, { timeout: 30_000 }).toEqual([]);
  });

  it("has no verdict where the API refuses the key, though all else works: exit code 3", async () => {
    const { workspace, exitCode, report } = await trialOf("trial-key", {
      kind: "error",
      status: 401,
      headers: {},
    });
    expect(report).toMatchObject({ ok: false, verdict: "inconclusive", trial: null, demotion: null });
    const prompt = report.observations?.find(({ what }) => what === "the prompt to claude");
    expect(prompt?.seen).toContain("the API refused the key");
    expect(report.observations?.filter(({ held }) => !held)).toHaveLength(1);
    expect(exitCode).toBe(3);
    const [recorded] = await recordedIn(workspace);
    expect(recorded).toMatchObject({ drill: "docker", verdict: "inconclusive" });
    expect(recorded?.trial).toBeUndefined();
  });

  it("says no without an engine, which is a verdict: exit code 0", async () => {
    const workspace = await CliWorkspace.create({
      tasks: [{ id: "one", agent: "true" }],
      sandbox: { kind: "worktree" },
    });
    const env = { DOCKER_HOST: "unix:///nowhere/docker.sock" };
    const { exitCode, stdout } = await workspace.start(["drill", "docker"], { env }).ended;
    expect(stdout).toContain("containers here: no. there are no containers: no Docker Engine answers");
    expect(exitCode).toBe(0);
    expect(await recordedIn(workspace)).toMatchObject([
      { drill: "docker", verdict: "held", trial: { answer: "no", sandboxMs: null, bareMs: null } },
    ]);
  });

  it("is held in containers also where attempts run in folders on the host, with programs alone", async () => {
    const workspace = await CliWorkspace.create({
      tasks: [{ id: "one", agent: "true" }],
      sandbox: { kind: "worktree" },
    });
    const { exitCode, stdout } = await workspace.call("drill", "docker");
    expect(stdout).toContain("containers here: yes. no agent of this workspace uses a model");
    expect(exitCode).toBe(0);
  });
});
