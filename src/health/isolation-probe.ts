import { isolationGap } from "../core/isolation-gap.ts";
import type { Isolation } from "../core/policy.ts";
import type { ProbeFinding } from "../core/probe.ts";
import type { Probe } from "./probe.ts";

const ROOT = 0;

/** Sandboxes without an engine. */
export interface WeakerIsolation {
  readonly isolation: Isolation;
  /** The user id of whoever runs Nightwarden. */
  readonly uid: number;
  /** What was found of this machine; absent: nothing was looked for. */
  readonly health?: () => Promise<ProbeFinding | undefined>;
}

/** Names an isolation that is weaker than containers, and what it does not restrict. */
export function isolationProbe({ isolation, uid, health }: WeakerIsolation): Probe {
  return {
    name: "isolation",
    subject: isolation,
    deadlineMs: 10_000,
    cleanUpMs: 0,
    needs: [],
    lack: `the sandbox ${isolation} cannot be had`,
    run: async () => {
      const found = await health?.();
      if (found) return found;
      const gap = isolationGap(isolation)?.slice(`${isolation}: `.length) ?? "nothing is known to be open";
      if (isolation !== "worktree" || uid !== ROOT)
        return await Promise.resolve({ verdict: "ok", message: gap });
      return {
        verdict: "warning",
        message: `${gap}; and your user is root: an agent can change everything on this machine`,
        hint: "Run Nightwarden as an ordinary user, or use sandbox.kind docker.",
      };
    },
  };
}
