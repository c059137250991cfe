import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { leftovers, removeLeftovers } from "../fixtures/cli-engine.ts";
import { CliWorkspace } from "../fixtures/cli-workspace.ts";
import { fingerprint, git } from "../fixtures/git-repository.ts";

const TASK = { id: "one", agent: "echo 1 > one.txt" };

interface Report {
  readonly version: number;
  readonly ok: boolean;
  readonly probes: readonly {
    readonly probe: string;
    readonly subject: string;
    readonly verdict: string;
    readonly message: string;
    readonly hint: string | null;
    readonly value: string | null;
    readonly durationMs: number;
  }[];
}

function verdictsOf(stdout: string): Record<string, string> {
  const { probes } = JSON.parse(stdout) as Report;
  return Object.fromEntries(probes.map(({ probe, subject, verdict }) => [`${probe} ${subject}`, verdict]));
}

/** What doctor's containers and volumes are labelled with: there may be no workspace id yet. */
function labelOf(workspace: CliWorkspace, pid: number): string {
  const folder = createHash("sha256").update(workspace.folder).digest("hex").slice(0, 16);
  const label = `check-${folder}-${pid}`;
  labels.push(label);
  return label;
}

const labels: string[] = [];
afterEach(async () => {
  for (const label of labels.splice(0)) await removeLeftovers(label);
});

const DEAD = { DOCKER_HOST: "unix:///nonexistent/dead.sock" };

describe("doctor", () => {
  it("on a machine in order says so for each probe, exit code 0, and leaves nothing anywhere", async () => {
    const workspace = await CliWorkspace.create({ tasks: [TASK] });
    const before = fingerprint(workspace.repository());
    const running = workspace.start(["doctor"]);
    const { exitCode, stdout, stderr } = await running.ended;
    expect(exitCode).toBe(0);
    for (const line of [
      /^✓ git +git +\S+ +version \d/m,
      /^✓ git +app +\S+ +\S.*refs\/heads\/main at [0-9a-f]{12}$/m,
      /^. disk +workspace +\S+ +\S+ [GM]iB free/m,
      /^✓ clock +this machine +\S+ +it is 20\d\d-/m,
      /^✓ engine +docker +\S+ +unix:.*API 1\.\d+, runc/m,
      /^✓ clock +engine /m,
      /^. memory +sandboxes /m,
      /^✓ image +app +\S+ +[0-9a-f]{12} from /m,
      /^✓ sandbox +app +\S+ +no network, user 64001, read-only root, no capabilities/m,
      /^. disk +engine /m,
    ]) {
      expect(stdout).toMatch(line);
    }
    expect(stdout).toMatch(/\nReady[^\n]*: nightwarden run\n$/);
    // What goes on is on standard error; the table alone is data.
    expect(stderr).toContain("sandbox app …");
    expect(await leftovers(labelOf(workspace, running.pid))).toEqual([]);
    expect(fingerprint(workspace.repository())).toEqual(before);
    expect(workspace.journals()).toEqual([]);
  });

  it("prints one object with --json, in which nothing is left out", async () => {
    const workspace = await CliWorkspace.create({ tasks: [TASK] });
    const { exitCode, stdout } = await workspace.call("doctor", "--json", "--no-hello");
    expect(exitCode).toBe(0);
    expect(stdout.trimEnd()).not.toContain("\n");
    const report = JSON.parse(stdout) as Report;
    expect(report).toMatchObject({ version: 1, ok: true });
    expect(Object.keys(report)).toEqual(["version", "ok", "probes"]);
    for (const probe of report.probes) {
      expect(Object.keys(probe)).toEqual([
        "probe",
        "subject",
        "verdict",
        "message",
        "hint",
        "value",
        "durationMs",
      ]);
      expect(probe.durationMs).toBeGreaterThanOrEqual(0);
    }
  });

  it("of a strict workspace refuses what is old and starts no container there; check and run refuse it too", async () => {
    const workspace = await CliWorkspace.create({ tasks: [TASK] });
    workspace.setSandbox({ strict: true });
    const { stdout, exitCode } = await workspace.call("doctor", "--json");
    const { probes } = JSON.parse(stdout) as Report;
    const old = probes.filter(({ probe, verdict }) => probe === "version" && verdict !== "ok");
    // Where the tests run on an engine that is new enough, there is nothing to refuse, and all of this must work.
    const code = old.length > 0 ? 3 : 0;
    expect(exitCode).toBe(code);
    expect(old.every(({ verdict }) => verdict === "refused")).toBe(true);
    expect(verdictsOf(stdout)["sandbox app"] === "not-run").toBe(code === 3);
    expect((await workspace.call("check")).exitCode).toBe(code);
    expect((await workspace.night()).exitCode).toBe(code);
    expect(await workspace.summary()).toMatchObject({
      end: code === 3 ? "refused" : "queue-empty",
      oldVersions: old.map(({ subject, value }) => ({ program: subject, version: value })),
    });
    const allowVersions = Object.fromEntries(
      old.map(({ subject, value }) => [subject, { version: value, reason: "as an advisory says" }]),
    );
    workspace.setSandbox({ strict: true, allowVersions });
    expect((await workspace.night()).exitCode).toBe(0);
    const { oldVersions } = await workspace.summary();
    expect(oldVersions.map(({ program }) => program)).toEqual(old.map(({ subject }) => subject));
    expect(oldVersions.map(({ message }) => message).join()).toContain("allowed: as an advisory says");
  });

  it("without an engine asks the rest, says what was not run and why, exit code 3", async () => {
    const workspace = await CliWorkspace.create({ tasks: [TASK] });
    const told = await workspace.start(["doctor"], { env: DEAD }).ended;
    expect(told.exitCode).toBe(3);
    expect(told.stdout).toMatch(/^✗ engine +docker .*DOCKER_HOST unix:\/\/\/nonexistent\/dead\.sock/m);
    expect(told.stdout).toMatch(/^ +hint: Start Docker/m);
    expect(told.stdout).toMatch(/^– sandbox +app +not run: the engine does not answer$/m);
    expect(told.stdout).toContain("1 refused, 7 not run: a night would not start");
    const { stdout, exitCode } = await workspace.start(["doctor", "--json"], { env: DEAD }).ended;
    expect(exitCode).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false });
    expect(verdictsOf(stdout)).toMatchObject({
      "git git": "ok",
      "git app": "ok",
      "clock this machine": "ok",
      "engine docker": "refused",
      "image app": "not-run",
      "disk engine": "not-run",
    });
  });

  it("refuses a repository that cannot be used, and still asks everything else", async () => {
    const workspace = await CliWorkspace.create({ tasks: [TASK] });
    git(workspace.repository(), "update-ref", "-d", "refs/heads/main");
    const { exitCode, stdout } = await workspace.call("doctor", "--json");
    expect(exitCode).toBe(3);
    expect(verdictsOf(stdout)).toMatchObject({
      "git app": "refused",
      "image app": "ok",
      "sandbox app": "ok",
    });
    const { probes } = JSON.parse(stdout) as Report;
    expect(probes.find(({ verdict }) => verdict === "refused")).toMatchObject({
      message: expect.stringContaining("has no commit yet") as string,
      hint: "Make a first commit there.",
    });
  });

  it("asks for the credential of a client without an engine, and never prints it", async () => {
    const secret = "sk-ant-api03-sentinel-of-the-key";
    const workspace = await CliWorkspace.create({ tasks: [TASK] });
    workspace.write("nightwarden.yaml", {
      version: 1,
      repositories: { app: { path: workspace.repository(), verify: ["true"] } },
      agents: { one: { kind: "claude", model: "claude-sonnet-4-5" } },
    });
    const without = await workspace.start(["doctor", "--json"], { env: DEAD }).ended;
    expect(verdictsOf(without.stdout)).toMatchObject({
      "credentials one": "refused",
      "hello one": "not-run",
    });
    expect(without.stdout).toContain("ANTHROPIC_API_KEY is not set");
    // Control: with the key it can be read, and where it came from is said.
    const env = { ...DEAD, ANTHROPIC_API_KEY: secret };
    const { stdout, stderr } = await workspace.start(["doctor", "--json"], { env }).ended;
    expect(verdictsOf(stdout)).toMatchObject({ "credentials one": "ok", "hello one": "not-run" });
    expect(stdout).toContain("an API key, from the environment variable ANTHROPIC_API_KEY");
    expect(stdout + stderr).not.toContain(secret);
  });

  it("with broken files lists their problems and asks nothing, exit code 2", async () => {
    const workspace = await CliWorkspace.create({ tasks: [TASK] });
    workspace.write("tasks.yaml", { version: 1, tasks: [{ id: "one", title: "One", kind: "ad" }] });
    const { exitCode, stdout, stderr } = await workspace.call("doctor");
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toMatch(/^tasks\.yaml:\d+:\d+/m);
    expect(stderr).not.toContain("git app");
  });

  it("ended by Ctrl-C in the middle of a probe has exit code 130 and leaves nothing on the engine", async () => {
    const workspace = await CliWorkspace.create({ tasks: [TASK] });
    // An image in which the probe of the engine's disk hangs.
    writeFileSync(
      join(workspace.folder, "Dockerfile"),
      "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nRUN printf '#!/bin/sh\\nexec sleep 600\\n' >/usr/local/bin/df && chmod 755 /usr/local/bin/df\n",
    );
    workspace.write("nightwarden.yaml", {
      version: 1,
      repositories: {
        app: { path: workspace.repository(), verify: ["true"], dockerfile: "./Dockerfile" },
      },
      agents: { one: { kind: "command", command: ["true"] } },
    });
    const running = workspace.start(["doctor"]);
    const label = labelOf(workspace, running.pid);
    await expect
      .poll(() => running.stderr().includes("disk engine …") || running.hasEnded(), { timeout: 120_000 })
      .toBe(true);
    expect(running.stderr()).toContain("disk engine …");
    // Control: there is something to leave.
    await expect.poll(async () => (await leftovers(label)).length, { timeout: 30_000 }).toBeGreaterThan(0);
    running.kill("SIGINT");
    const { exitCode, stdout, stderr } = await running.ended;
    expect(stderr).toContain("SIGINT: stopping");
    expect({ exitCode, stdout }).toEqual({ exitCode: 130, stdout: "" });
    expect(await leftovers(label)).toEqual([]);
  });
});
