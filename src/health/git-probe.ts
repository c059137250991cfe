import type { Probe } from "./probe.ts";

/** Whether there is a git that is new enough. */
export function gitProbe(options: {
  /** Its version. Throws a NightwardenError where there is none, or one that is too old. */
  readonly version: () => Promise<string>;
}): Probe {
  return {
    name: "git",
    subject: "git",
    deadlineMs: 20_000,
    cleanUpMs: 0,
    needs: [],
    lack: "git does not work",
    run: async () => ({ verdict: "ok", message: `version ${await options.version()}` }),
  };
}
