import type { SelfCheck } from "../core/event-fields.ts";
import { formatByteSize } from "../core/byte-size.ts";
import type { Limits } from "../core/limits.ts";
import type { ProbeFinding } from "../core/probe.ts";
import type { Probe } from "./probe.ts";
import { probeAttempt, runInProbeSandbox, type ProbeSandboxDeps } from "./probe-sandbox.ts";

/** An image to start sandboxes from. */
export interface ProbeImage {
  readonly deps: () => Promise<ProbeSandboxDeps>;
  /** Its id. */
  readonly image: () => Promise<string>;
  readonly limits: Limits;
}

const DEADLINE_MS = 60_000;

/** Whether a sandbox of a repository's image starts, is what was asked for, and runs a program. */
export function sandboxProbe(
  options: ProbeImage & { readonly repository: string; readonly imageProbe: Probe },
): Probe {
  const { repository } = options;
  return {
    name: "sandbox",
    subject: repository,
    deadlineMs: DEADLINE_MS,
    cleanUpMs: DEADLINE_MS,
    needs: [options.imageProbe],
    lack: `no sandbox of ${repository} starts`,
    run: async ({ signal }) => {
      const deps = await options.deps();
      const { run, selfCheck } = await runInProbeSandbox(deps, {
        attempt: probeAttempt("probe-sandbox", deps),
        role: "verify",
        image: await options.image(),
        limits: options.limits,
        command: ["true"],
        wallClockMs: DEADLINE_MS,
        signal,
        onLine: () => undefined,
      });
      if (run.allPassed) return { verdict: "ok", message: describe(selfCheck) };
      return notRun(run.missingProgram ?? `it ended with ${run.end.exitCode ?? run.end.reason}`);
    },
  };
}

/** What the shim saw from within; each of it was compared with what was asked. */
function describe(check: SelfCheck): string {
  const network = check.interfaces.filter((name) => name !== "lo");
  return [
    network.length === 0 ? "no network" : `network ${network.join(", ")}`,
    `user ${check.uid}`,
    check.rootReadOnly ? "read-only root" : "writable root",
    /^0+$/.test(check.capabilities) ? "no capabilities" : `capabilities ${check.capabilities}`,
    check.noNewPrivileges ? "no new privileges" : "new privileges",
    check.seccomp === 2 ? "seccomp" : "no seccomp",
    ...(check.memoryBytes === null ? [] : [`memory ${formatByteSize(check.memoryBytes)}`]),
    ...(check.pids === null ? [] : [`${check.pids} processes`]),
  ].join(", ");
}

function notRun(why: string): ProbeFinding {
  return {
    verdict: "refused",
    message: `the sandbox started, but the program "true" did not run in it: ${why}`,
    hint: "Does the image have a shell's usual programs (coreutils)? Add them, or use another image.",
  };
}
