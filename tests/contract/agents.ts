import { readdirSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import type { Agent } from "../../src/contracts/agent.ts";
import type { FailureReason, Outcome } from "../../src/core/attempt.ts";
import { clientProgram, type ClientName } from "../../src/core/client.ts";
import type { ModelAnswer } from "../../src/core/gateway-protocol.ts";
import {
  keyOf,
  modelOf,
  presentedKey,
  type ClientRun,
  type ClientRunOptions,
  type ClientWorld,
} from "../fixtures/client-run.ts";
import { clientScenarios, EDITED_FILE, WRITTEN_FILE } from "../model-api/client-scenarios.ts";
import type { Scenario, Turn } from "../model-api/scenario.ts";

const HOUR_MS = 3_600_000;
/** Several are asked for at once and take turns; what bounds one run is the sandbox's own limit. */
const TIMEOUT_MS = 180_000;

/** A way in which the model API fails, and what a night must make of it. */
interface Failure {
  readonly promise: string;
  /** One of `clientScenarios`. */
  readonly scenario: string;
  readonly reason: FailureReason;
  /** How the gateway saw the answers end. */
  readonly result: ModelAnswer["result"];
  /** What the gateway noticed, where there is a name for it. */
  readonly errorCode?: string;
  /** Requests that may reach the API at most: a client must not go on asking. */
  readonly maxRequests: number;
  /** The API falls silent, and it is the gateway that ends the wait. */
  readonly isSilence?: boolean;
}

/** Three times three: Codex asks again for a request and for a stream, and the two multiply. */
const MAX_REQUESTS = 9;

const FAILURES: readonly Failure[] = [
  {
    promise: "a key that is refused is the login's fault, and is tried once",
    scenario: "status-401",
    reason: "login-refused",
    result: "refused",
    maxRequests: 1,
  },
  {
    promise: "a key that may not do this is the login's fault, and is tried once",
    scenario: "status-403",
    reason: "login-refused",
    result: "refused",
    maxRequests: 1,
  },
  {
    promise: "a limit that is back in a second and still there is a quota",
    scenario: "rate-limit-short",
    reason: "quota-exceeded",
    result: "refused",
    maxRequests: MAX_REQUESTS,
  },
  {
    promise: "a server that fails is the API's fault",
    scenario: "status-500",
    reason: "api-failed",
    result: "refused",
    maxRequests: MAX_REQUESTS,
  },
  {
    promise: "an overloaded API is told apart from one that fails",
    scenario: "overloaded",
    reason: "api-overloaded",
    result: "refused",
    maxRequests: MAX_REQUESTS,
  },
  {
    promise: "an API that is overloaded in the middle of its answer is overloaded",
    scenario: "overloaded-in-stream",
    reason: "api-overloaded",
    result: "refused",
    maxRequests: MAX_REQUESTS,
  },
  {
    promise: "a connection that breaks before the answer is the API's fault",
    scenario: "reset",
    reason: "api-failed",
    result: "unreachable",
    maxRequests: 2 * MAX_REQUESTS, // the gateway itself asks once more where an idle connection was closed
  },
  {
    promise: "a page of somebody else's in place of an answer is the API's fault",
    scenario: "html",
    reason: "api-failed",
    result: "malformed",
    maxRequests: MAX_REQUESTS,
  },
  {
    promise: "a stream that is cut is the API's fault",
    scenario: "cut-stream",
    reason: "api-failed",
    result: "cut",
    maxRequests: MAX_REQUESTS,
  },
  {
    promise: "a stream that ends in the middle as if it were whole is the API's fault",
    scenario: "ends-in-message",
    reason: "api-failed",
    result: "cut",
    maxRequests: MAX_REQUESTS,
  },
  {
    promise: "an event that cannot be read is the API's fault",
    scenario: "malformed-event",
    reason: "api-failed",
    result: "malformed",
    maxRequests: MAX_REQUESTS,
  },
  {
    promise: "an API that never answers does not keep a client for ever",
    scenario: "hang-before-first-byte",
    reason: "api-failed",
    result: "timeout",
    errorCode: "first-byte",
    maxRequests: MAX_REQUESTS,
    isSilence: true,
  },
  {
    promise: "an API that falls silent after the head does not keep a client for ever",
    scenario: "hang-after-head",
    reason: "api-failed",
    result: "timeout",
    errorCode: "silence",
    maxRequests: MAX_REQUESTS,
    isSilence: true,
  },
  {
    promise: "an API that falls silent in a message does not keep a client for ever",
    scenario: "hang-in-message",
    reason: "api-failed",
    result: "timeout",
    errorCode: "silence",
    maxRequests: MAX_REQUESTS,
    isSilence: true,
  },
  {
    promise: "an answer without a word is no success, whatever the client's exit code",
    scenario: "no-message",
    reason: "agent-failed",
    result: "complete",
    maxRequests: MAX_REQUESTS,
  },
  {
    promise: "a model that refuses the task is the task's failure",
    scenario: "refusal",
    reason: "agent-failed",
    result: "complete",
    maxRequests: MAX_REQUESTS,
  },
  {
    promise: "a conversation that is too long is the task's failure",
    scenario: "context-overflow",
    reason: "agent-failed",
    result: "refused",
    maxRequests: MAX_REQUESTS,
  },
];

/** What only one provider has. */
const FAILURES_OF: Readonly<Record<ClientName, readonly Failure[]>> = {
  claude: [
    {
      promise: "an account without money is a quota, though the API calls it a malformed request",
      scenario: "credit-balance",
      reason: "quota-exceeded",
      result: "refused",
      maxRequests: MAX_REQUESTS,
    },
  ],
  codex: [
    {
      promise: "a stream of which only the end is missing is the API's fault",
      scenario: "no-terminal-event",
      reason: "api-failed",
      result: "cut",
      maxRequests: MAX_REQUESTS,
    },
    {
      promise: "a limit that is said in the middle of an answer is a quota",
      scenario: "rate-limit-in-stream",
      reason: "quota-exceeded",
      result: "refused",
      maxRequests: MAX_REQUESTS,
    },
    {
      promise: "an account without money is a quota",
      scenario: "insufficient-quota",
      reason: "quota-exceeded",
      result: "refused",
      maxRequests: MAX_REQUESTS,
    },
  ],
};

const call = (command: string): Turn => ({ kind: "reply", calls: [{ tool: "run", command }] });
const DONE: Turn = { kind: "reply", text: "Done." };

/** What the clients make of SIGINT. */
const EXIT_CODE_OF_INTERRUPT: Readonly<Record<ClientName, number>> = { claude: 0, codex: 1 };

/** Nothing on the machine sleeps for just so long. */
const SLEEPER = "sleep 86413";

/**
 * The promises of contracts/agent.ts for a real client, in the sandbox of a night, behind its gateway, with the scripted
 * API in the model's place.
 */
export function clientAgentContract(
  client: ClientName,
  makeAgent: (model: string) => Agent,
  world: () => ClientWorld,
): void {
  const runClient = async (options: Omit<ClientRunOptions, "client" | "agent">): Promise<ClientRun> =>
    await world().run({ client, agent: makeAgent(modelOf(client)), ...options });

  const scenarioOf = (name: string): Scenario =>
    clientScenarios(client)[name] ?? expect.fail(`there is no scenario ${name} for ${client}`);

  describe(`the agent ${client}, as a real client in its sandbox`, { timeout: TIMEOUT_MS }, () => {
    it.concurrent("one that edits and commits leaves exactly its changes in the tree", async () => {
      const done = await runClient({ scenario: scenarioOf("success") });
      expect(done.outcome).toBeUndefined();
      expect(done.report).toMatchObject({ verdict: "succeeded", code: null, malformedLines: 0 });
      expect(done.changes).toEqual({
        [EDITED_FILE.path]: `${EDITED_FILE.after}\n`,
        [WRITTEN_FILE.path]: WRITTEN_FILE.content,
      });
      expect(done.requests.at(-1)?.body).toMatch(/[0-9a-f]{7,} Add a greeting/); // what git has said
      expectKeyAndNoToken(client, done);
      expect(done.denials).toEqual([]);
    });

    it.concurrent("a tool that fails is told to the model, and is not the end", async () => {
      const done = await runClient({ scenario: scenarioOf("tool-failure") });
      expect(done.outcome).toBeUndefined();
      expect(done.requests).toHaveLength(2);
      expect(done.requests[1]?.body).toContain("oops");
      expect(done.denials).toEqual([]);
    });

    it.concurrent("a tool that does not exist is told to the model, and is not the end", async () => {
      const done = await runClient({ scenario: scenarioOf("unknown-tool") });
      expect(done.outcome).toBeUndefined();
      expect(done.requests).toHaveLength(2);
      expect(done.denials).toEqual([]);
    });

    it.concurrent("a limit that is back in a second is survived", async () => {
      const done = await runClient({ scenario: scenarioOf("rate-limit-once") });
      expect(done.requests.map(({ status }) => status)).toEqual([429, 200, 200, 200]);
      expect(done.outcome).toBeUndefined();
      expect(Object.keys(done.changes).toSorted()).toEqual([EDITED_FILE.path, WRITTEN_FILE.path].toSorted());
    });

    it.concurrent(
      "a limit that lasts is a quota with the provider's own time, and the client does not wait",
      async () => {
        const done = await runClient({ scenario: scenarioOf("rate-limit-long") });
        expect(done.outcome).toMatchObject({ kind: "failed", cause: "quota", reason: "quota-exceeded" });
        const waitMs = Date.parse(retryAtOf(done.outcome)) - done.startedAtMs;
        expect(waitMs).toBeGreaterThanOrEqual(HOUR_MS);
        expect(waitMs).toBeLessThan(HOUR_MS + done.run.end.durationMs + 30_000);
        expect(done.run.end).toMatchObject({ reason: "exited" });
        expect(done.run.end.durationMs).toBeLessThan(15_000);
        expect(done.requests).toHaveLength(1);
      },
    );

    it.concurrent("a subscription that is used up is a quota with the provider's own time", async () => {
      const done = await runClient({ scenario: scenarioOf("usage-limit") });
      expect(done.outcome).toMatchObject({ kind: "failed", cause: "quota", reason: "quota-exceeded" });
      expect(Date.parse(retryAtOf(done.outcome))).toBeGreaterThan(done.startedAtMs + HOUR_MS);
      expect(done.run.end).toMatchObject({ reason: "exited" });
      expect(done.requests).toHaveLength(1);
    });

    const failures = [...FAILURES, ...FAILURES_OF[client]].map(
      (failure) => [failure.promise, failure] as const,
    );
    it.concurrent.for(failures)("%s", async ([, failure]) => {
      const { scenario, isSilence = false } = failure;
      const done = await runClient({ scenario: scenarioOf(scenario), isImpatient: isSilence });
      expect(done.outcome).toMatchObject({ kind: "failed", reason: failure.reason });
      expect(done.run.end).toMatchObject({ reason: "exited" });
      const { result, errorCode } = failure;
      expect(done.answers).toContainEqual(
        expect.objectContaining(errorCode ? { result, errorCode } : { result }),
      );
      expect(done.requests.length).toBeGreaterThanOrEqual(1);
      expect(done.requests.length).toBeLessThanOrEqual(failure.maxRequests);
      expect(done.changes).toEqual({});
      expectKeyAndNoToken(client, done);
      // Nothing that the real client sends meets a rule of a gateway that still serves.
      expect(done.denials.filter(({ rule }) => rule !== "ended")).toEqual([]);
    });

    it.concurrent(
      "a stream that is cut after an edit is the API's fault, however often it is tried",
      async () => {
        const done = await runClient({ scenario: scenarioOf("cut-stream-after-edit") });
        expect(done.outcome).toMatchObject({ cause: "infra", reason: "api-failed" });
        expect(done.requests.length).toBeLessThanOrEqual(1 + MAX_REQUESTS);
      },
    );

    it.concurrent(
      "a request for another model is refused by the gateway and never reaches the API",
      async () => {
        const done = await runClient({ scenario: scenarioOf("hello"), models: ["another-model"] });
        expect(done.requests).toEqual([]);
        expect(done.denials).toContainEqual(expect.objectContaining({ rule: "body.model" }));
        expect(done.outcome).toMatchObject({ cause: "task", reason: "agent-failed" });
        const control = await runClient({
          scenario: scenarioOf("hello"),
          models: ["another-model", modelOf(client)],
        });
        expect(control.requests).toHaveLength(1);
        expect(control.outcome).toBeUndefined();
      },
    );

    it.concurrent("one that is interrupted is no success, whatever its exit code", async () => {
      const interrupt = `for each in /proc/[0-9]*; do
        case $(tr '\\0' ' ' < $each/cmdline) in ${clientProgram(client)}\\ *) kill -INT \${each#/proc/} ;; esac
      done; exec sleep 600`;
      const done = await runClient({ scenario: { turns: [call(interrupt), DONE] } });
      expect(done.run.end).toMatchObject({ reason: "exited", exitCode: EXIT_CODE_OF_INTERRUPT[client] });
      expect(done.report.verdict).not.toBe("succeeded");
      expect(done.outcome).toMatchObject({ kind: "failed", reason: "agent-failed" });
    });

    it.concurrent("what it leaves running in a session of its own ends with its container", async () => {
      const leave = `setsid ${SLEEPER} < /dev/null > /dev/null 2>&1 & echo started`;
      const scenario: Scenario = { turns: [call(leave), { kind: "silence" }] };
      const seen: { container: string; sleepers: readonly Process[] } = { container: "", sleepers: [] };
      const done = await runClient({
        scenario,
        whileRunning: async ({ container, requests }) => {
          await requests(2); // the tool is done, and the client waits for what comes next
          seen.container = container;
          seen.sleepers = processesOf(container).filter(({ command }) => command === SLEEPER);
        },
      });
      expect(done.outcome).toMatchObject({ cause: "interrupted", reason: "stopped" });
      expect(seen.sleepers).toHaveLength(1);
      for (const { pid, session } of seen.sleepers) expect(session).toBe(pid);
      expect(processesOf(seen.container)).toEqual([]);
    });

    describe("what its tools can see", () => {
      const prompt = "Please find PROMPT-SENTINEL-c0ffee and say no more.";
      let done: ClientRun;
      let found: readonly string[];

      beforeAll(async () => {
        const turns = [call(LIST_COMMANDS), call(SEARCH), call(AWAIT_SEARCH), DONE];
        done = await runClient({ prompt, scenario: { turns } });
        found = (done.changes["found.txt"] ?? "").split("\n").filter((line) => line !== "");
      });

      it("the prompt is in no process's arguments", () => {
        const commands = done.changes["commands.txt"] ?? "";
        expect(commands).toContain(clientProgram(client)); // the client's own are among them
        expect(commands).toContain("ARGUMENT-CONTROL"); // and so are words that were given as an argument
        expect(commands).not.toContain("PROMPT-SENTINEL");
        expect(done.requests[0]?.body).toContain("PROMPT-SENTINEL");
      });

      it("the key is in no file and no process; the same search finds the attempt's token, and a file", () => {
        expect(found).toContainEqual(expect.stringMatching(new RegExp(`^/proc/\\d+/environ:${done.token}$`)));
        expect(found).toContain("/tmp/planted:planted-SENTINEL-of-the-test");
        expect(found.filter((line) => line.includes(":sk-"))).toEqual([]);
        expect(SEARCHED.test(keyOf(client))).toBe(true);
        expect(done.outcome).toBeUndefined();
      });

      it("the API sees the key with each request, and nowhere the token", async () => {
        expect(done.requests).toHaveLength(4);
        expectKeyAndNoToken(client, done);
        const everything = await world().api.everyByte();
        expect(everything.includes(keyOf(client))).toBe(true);
        expect(everything.includes(done.token)).toBe(false);
      });
    });
  });
}

/** What each process was started with, one on each line. */
const LIST_COMMANDS = `: ARGUMENT-CONTROL; for each in /proc/[0-9]*/cmdline; do tr '\\0' ' ' < $each; echo; done > commands.txt`;

const SEARCHED = /sk-[a-z0-9-]*-SENTINEL-|nightwarden-[0-9a-f]{64}|planted-SENTINEL-/;

/**
 * Looks for keys, tokens and a planted word in the environment and arguments of each process and in each file that can be
 * read. The pattern does not match itself, and what it finds is written only when it has looked everywhere.
 */
const SEARCH = `printf '%s-SENTINEL-of-the-test' planted > /tmp/planted
pattern='[s]k-[a-z0-9-]*-SENTINEL-[a-z0-9-]*|[n]ightwarden-[0-9a-f]{64}|[p]lanted-SENTINEL-[a-z-]*'
{ LC_ALL=C grep -aosHE "$pattern" /proc/[0-9]*/environ /proc/[0-9]*/cmdline
  find / \\( -path /proc -o -path /sys \\) -prune -o -type f -readable -print0 |
    LC_ALL=C xargs -0 grep -aosHE "$pattern"
} | sort -u > found.txt`;

/** Codex goes on without a command that takes longer than ten seconds, as this search does on a busy machine. */
const AWAIT_SEARCH = "until [ -s found.txt ]; do sleep 0.1; done";

/** Each request came with the key; the token, which is worth nothing outside, is in none. */
function expectKeyAndNoToken(client: ClientName, { requests, token }: ClientRun): void {
  for (const request of requests) {
    expect(presentedKey(client, request)).toBe(keyOf(client));
    expect(JSON.stringify(request)).not.toContain(token);
  }
}

function retryAtOf(outcome: Outcome | undefined): string {
  return (outcome?.kind === "failed" ? outcome.retryAt : undefined) ?? expect.fail("no time was said");
}

interface Process {
  readonly pid: number;
  readonly session: number;
  readonly command: string;
}

/** The processes of a container, as the host's kernel knows them. The engine has to be on this machine. */
function processesOf(container: string): readonly Process[] {
  expect(container).toMatch(/^[0-9a-f]{12}/);
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const read = (file: string): string => readFileSync(`/proc/${pid}/${file}`, "utf8");
        if (!read("cgroup").includes(container)) return [];
        // After the name, which may hold anything: state, parent, group, session.
        const session = Number(read("stat").split(") ").at(-1)?.split(" ")[3]);
        return [{ pid: Number(pid), session, command: read("cmdline").split("\0").join(" ").trim() }];
      } catch {
        return []; // it has ended in between
      }
    });
}
