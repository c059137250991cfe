import type { AgentClient } from "../contracts/agent.ts";
import { judgeClientVersion } from "../core/judge-client-version.ts";
import type { Policy } from "../core/policy.ts";
import type { Probe } from "./probe.ts";
import { probeAttempt, runInProbeSandbox } from "./probe-sandbox.ts";
import type { ProbeImage } from "./sandbox-probe.ts";

const DEADLINE_MS = 60_000;

/** Which version the client in the image says it has. */
export function clientProbe(
  options: ProbeImage & {
    readonly agent: string;
    readonly client: AgentClient;
    readonly policy: Pick<Policy, "clientChange">;
    /** In the last night; undefined: there was none. */
    readonly previousVersion: string | undefined;
    readonly sandbox: Probe;
  },
): Probe {
  const { agent, client, policy, previousVersion } = options;
  return {
    name: "client",
    subject: agent,
    deadlineMs: DEADLINE_MS,
    cleanUpMs: DEADLINE_MS,
    needs: [options.sandbox],
    lack: `the client of ${agent} does not start`,
    run: async ({ signal }) => {
      const deps = await options.deps();
      const printed: string[] = [];
      const { run } = await runInProbeSandbox(deps, {
        attempt: probeAttempt("probe-client", deps),
        role: "verify",
        image: await options.image(),
        limits: options.limits,
        command: client.versionCommand,
        wallClockMs: DEADLINE_MS,
        signal,
        onLine: ({ stream, text }) => {
          if (stream === "stdout") printed.push(text);
        },
      });
      const versions = printed.map((line) => client.readVersion(line));
      const found = run.allPassed ? versions.find((version) => version !== undefined) : undefined;
      return judgeClientVersion({ wanted: client.version, found, previous: previousVersion }, policy);
    },
  };
}
