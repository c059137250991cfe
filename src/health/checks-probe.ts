import type { ProbeFinding } from "../core/probe.ts";
import type { Probe } from "./probe.ts";

/** Whether the checks can read code: without their parsers every change would fail, each after an agent's whole work. */
export function checksProbe(options: {
  /** The languages whose code they cannot read. */
  readonly unread: (signal: AbortSignal) => Promise<readonly string[]>;
}): Probe {
  return {
    name: "checks",
    subject: "parsers",
    deadlineMs: 60_000,
    cleanUpMs: 0,
    needs: [],
    lack: "the checks cannot read code",
    run: async ({ signal }) => judgeUnread(await options.unread(signal)),
  };
}

/** What it means that the checks cannot read code of some languages. */
export function judgeUnread(unread: readonly string[]): ProbeFinding {
  if (unread.length === 0) return { verdict: "ok", message: "every language is read" };
  return {
    verdict: "refused",
    message: `the checks cannot read ${unread.join(", ")}: every change of such code would fail`,
    hint: "A native package of this platform is missing. Install Nightwarden's dependencies anew: npm ci, without --omit=optional, and on the machine that runs it.",
  };
}
