import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { readCredential } from "../../src/credentials/read-credential.ts";
import { credentialsProbe } from "../../src/health/credentials-probe.ts";
import { runProbes } from "../../src/health/run-probes.ts";
import { isAlive } from "../fixtures/cli-git-trap.ts";
import { temporaryFolder } from "../fixtures/git-repository.ts";
import { ControlledDeadlines } from "./controlled-deadlines.ts";

const SECRET = "sk-ant-api03-0123456789abcdef";
const DEADLINE_MS = 60_000;
/** Starting a shell takes milliseconds; where other tests keep the machine busy, longer. */
const PATIENCE = { timeout: 30_000, interval: 10 };

const stops: AbortController[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop.abort(new Error("the test is over"));
});

/** A real command that prints a key when somebody has signed in: it waits for a file. */
function signIn() {
  const folder = temporaryFolder();
  const file = (name: string): string => join(folder, name);
  const script = `echo $$ >starting; mv starting started; until [ -e signed-in ]; do sleep 0.02; done; echo >ended; echo ${SECRET}`;
  const stop = new AbortController();
  stops.push(stop);
  const deadlines = new ControlledDeadlines();
  const left: Promise<unknown>[] = [];
  const probe = credentialsProbe({
    agent: "claude",
    source: "the command sh",
    readCredential: async (stopped) =>
      await readCredential({
        source: { from: "command", command: ["sh", "-c", script] },
        provider: "anthropic",
        workspaceDir: folder,
        env: { PATH: process.env["PATH"] },
        stop: stopped,
      }),
  });
  const results = runProbes([probe], {
    now: () => 0,
    signal: stop.signal,
    deadline: deadlines.start,
    onLeft: (_, work) => left.push(work),
  });
  results.catch(() => undefined);
  return {
    stop,
    deadlines,
    left,
    results,
    /** The command's process, as soon as it works. */
    begun: async (): Promise<number> => {
      await expect.poll(() => existsSync(file("started")), PATIENCE).toBe(true);
      return Number(readFileSync(file("started"), "utf8"));
    },
    signIn: () => writeFileSync(file("signed-in"), ""),
    hasEnded: () => existsSync(file("ended")),
  };
}

describe("a command that signs in", () => {
  it("is not killed when the probe's deadline passes: it goes on to its end", async () => {
    const command = signIn();
    const pid = await command.begun();
    await command.deadlines.pass(DEADLINE_MS);
    const [result] = await command.results;
    expect(result?.verdict).toBe("refused");
    expect(result?.message).toContain("it was left alone, for somebody may be signing in");
    expect(result?.hint).toContain("Sign in to its end");
    expect(isAlive(pid)).toBe(true);
    command.signIn();
    expect(await Promise.all(command.left)).toMatchObject([{ kind: "found", finding: { verdict: "ok" } }]);
    expect(command.hasEnded()).toBe(true);
  });

  it("is ended by a stop (control: it can be killed)", async () => {
    const command = signIn();
    const pid = await command.begun();
    command.stop.abort(new Error("asked"));
    await expect(command.results).rejects.toThrow("asked");
    await expect.poll(() => isAlive(pid), PATIENCE).toBe(false);
    expect(command.hasEnded()).toBe(false);
  });

  it("that ends in time is told without the secret", async () => {
    const command = signIn();
    command.signIn();
    const results = await command.results;
    expect(results).toMatchObject([{ verdict: "ok", message: "an API key, from the command sh" }]);
    expect(JSON.stringify(results)).not.toContain(SECRET);
    expect(command.left).toEqual([]);
  });
});
