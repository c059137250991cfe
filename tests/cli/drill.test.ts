import { createHash } from "node:crypto";
import { mkdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { execFileSync } from "node:child_process";
import { afterEach, describe, expect, it } from "vitest";
import { CANARY_IDS } from "../../src/core/canary.ts";
import type { EventData, NightwardenEvent } from "../../src/core/event.ts";
import { readStream } from "../../src/journal/read-stream.ts";
import { engine, leftovers } from "../fixtures/cli-engine.ts";
import { CliWorkspace } from "../fixtures/cli-workspace.ts";
import { fingerprint } from "../fixtures/git-repository.ts";
import { startLyingEngine, type LyingEngine } from "../fixtures/lying-engine.ts";

const TASK = { id: "one", agent: "echo 1 > one.txt" };

type Report = EventData<"drill.finished"> & {
  readonly version: number;
  readonly ok: boolean;
  readonly demotion: EventData<"phase.demoted"> | null;
};

/** What the drill's containers and volumes are labelled with. */
function labelOf(workspace: CliWorkspace, pid: number): string {
  const folder = createHash("sha256").update(workspace.folder).digest("hex").slice(0, 16);
  return `check-${folder}-${pid}`;
}

let liar: LyingEngine | undefined;
afterEach(async () => {
  await liar?.close();
  liar = undefined;
});

/** An engine whose sandboxes see the host's processes, and which says that they do not: no self-check asks for that. */
async function lyingEngine(): Promise<LyingEngine> {
  const { docker } = await engine();
  const { socketPath } = docker.modem as unknown as { socketPath: string };
  let askedFor: unknown;
  liar = await startLyingEngine({
    target: socketPath,
    weaken: (asked) => {
      askedFor = asked["SecurityOpt"];
      return { ...asked, PidMode: "host" };
    },
    // What the engine adds for the host's processes is hidden, too.
    pretend: (made) => ({ ...made, PidMode: "", SecurityOpt: askedFor }),
  });
  return liar;
}

async function workspaceEvents(workspace: CliWorkspace): Promise<readonly NightwardenEvent[]> {
  const path = join(workspace.folder, ".nightwarden/journal/workspace.jsonl");
  return (await readStream(path, {})).events;
}

describe("drill containment", () => {
  it("from the installed program: a table of what was held, exit code 0, recorded, and nothing is left", async () => {
    const workspace = await CliWorkspace.create({ tasks: [TASK] });
    const before = fingerprint(workspace.repository());
    const running = workspace.start(["drill", "containment"]);
    const { exitCode, stdout, stderr } = await running.ended;
    expect(stderr).toContain("attacking a sandbox of app …");
    for (const canary of CANARY_IDS) expect(stdout).toMatch(new RegExp(`^✓ ${canary} +held +\\S`, "m"));
    expect(stdout).toMatch(/\ndocker: \d+ held, in [\d.]+m?s\n$/);
    expect(exitCode).toBe(0);
    const drills = (await workspaceEvents(workspace)).filter(({ type }) => type === "drill.finished");
    expect(drills.map(({ data }) => data)).toMatchObject([
      { drill: "containment", verdict: "held", runs: 1, isolation: "docker" },
    ]);
    expect(await workspace.leftovers()).toEqual([]);
    expect(await leftovers(labelOf(workspace, running.pid))).toEqual([]);
    expect(fingerprint(workspace.repository())).toEqual(before);
    expect(workspace.journals()).toEqual([]);
  });

  it("prints one object with --json, with the image and the versions that it is true for", async () => {
    const workspace = await CliWorkspace.create({ tasks: [TASK] });
    const { exitCode, stdout } = await workspace.call("drill", "containment", "--json");
    expect(exitCode).toBe(0);
    expect(stdout.trimEnd()).not.toContain("\n");
    const report = JSON.parse(stdout) as Report;
    expect(report).toMatchObject({ version: 1, ok: true, verdict: "held", demotion: null });
    expect(report.image).toMatch(/^sha256:/);
    expect(Object.keys(report.versions)).toEqual(expect.arrayContaining(["nightwarden", "engine"]));
    expect(report.canaries.map(({ canary }) => canary)).toEqual(CANARY_IDS);
  });

  it("an engine that lies is caught: exit code 3, what got through, and the demotion in status", async () => {
    const workspace = await CliWorkspace.create({ tasks: [TASK] });
    const { host } = await lyingEngine();
    const env = { DOCKER_HOST: host };
    const { exitCode, stdout } = await workspace.start(["drill", "containment"], { env }).ended;
    expect(stdout).toMatch(/^✗ host-processes +survived +sees a process of the host/m);
    expect(stdout).toContain(`${CANARY_IDS.length - 1} held, 1 survived, 0 inconclusive`);
    expect(stdout).toContain("phase 1 is the lowest, so it stays");
    expect(exitCode).toBe(3);
    expect(await workspace.status()).toMatchObject({
      phase: "1",
      demotion: { from: "1", to: "1", why: expect.stringContaining("host-processes") as string },
    });
  });

  it("a night on it is refused before any agent, and its summary says why", async () => {
    const workspace = await CliWorkspace.create({ tasks: [TASK] });
    const { host } = await lyingEngine();
    const env = { DOCKER_HOST: host };
    const { exitCode, stderr } = await workspace.start(["run", "--attended"], { env }).ended;
    expect(stderr).toContain("an attack on the sandbox succeeded");
    expect(stderr).toContain("hint: No agent was started.");
    expect(exitCode).toBe(3);
    expect(workspace.eventsOf("attempt.started")).toEqual([]);
    const summary = await workspace.summary();
    expect(summary).toMatchObject({
      end: "refused",
      containment: { verdict: "survived" },
      demotion: { from: "1", to: "1" },
    });
    const { stdout } = await workspace.call("summary");
    expect(stdout).toContain("Containment: host-processes survived: sees a process of the host");
    // Control: on the engine itself, the same night goes through.
    expect((await workspace.night()).exitCode).toBe(0);
  });

  it("where the controls cannot be run, it asks twice and refuses", async () => {
    const workspace = await CliWorkspace.create({ tasks: [TASK] });
    // A PATH with what Nightwarden needs, and without what the controls start.
    const bin = join(workspace.folder, "bin");
    mkdirSync(bin);
    for (const name of ["git", "dirname", "readlink", "basename", "node"]) {
      const path = name === "node" ? process.execPath : execFileSync("which", [name]).toString().trim();
      symlinkSync(path, join(bin, name));
    }
    expect(dirname(bin)).toBe(workspace.folder);
    const { exitCode, stdout, stderr } = await workspace.start(["drill", "containment"], {
      env: { PATH: bin },
    }).ended;
    expect(stderr).toContain("asking once more: pids (");
    expect(stdout).toMatch(/^\? pids +inconclusive +without the guard it did not succeed either: /m);
    expect(stdout).toMatch(/2 inconclusive, in \S+, asked 2 times: a night would not start/);
    expect(exitCode).toBe(3);
    expect((await workspace.status()).demotion).toBeNull();
  });

  it("is not run twice at a time; ended by Ctrl-C it has exit code 130, records nothing and leaves nothing", async () => {
    const workspace = await CliWorkspace.create({ tasks: [TASK] });
    const running = workspace.start(["drill", "containment"]);
    const label = labelOf(workspace, running.pid);
    await expect
      .poll(async () => (await leftovers(label)).length > 0 || running.hasEnded(), { timeout: 60_000 })
      .toBe(true);
    expect(running.hasEnded()).toBe(false);
    const second = await workspace.call("drill", "containment");
    expect(second.stderr).toContain(`nightwarden drill containment`);
    expect(second.exitCode).toBe(3);
    running.kill("SIGINT");
    const { exitCode, stdout } = await running.ended;
    expect({ exitCode, stdout }).toEqual({ exitCode: 130, stdout: "" });
    expect(await leftovers(label)).toEqual([]);
    const events = await workspaceEvents(workspace);
    expect(events.filter(({ type }) => type === "drill.finished")).toEqual([]);
  });

  it("with a word that it does not know, or with none, is refused with exit code 2", async () => {
    const workspace = await CliWorkspace.create({ tasks: [TASK] });
    expect((await workspace.call("drill", "fire")).exitCode).toBe(2);
    expect((await workspace.call("drill")).exitCode).toBe(2);
  });
});
