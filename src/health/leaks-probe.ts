import { judgeLeaks } from "../core/judge-leaks.ts";
import type { Probe } from "./probe.ts";

/** Whether something is left of earlier nights. Only for `doctor`: a night takes the account of all itself. */
export function leaksProbe(options: {
  readonly leftNow: () => Promise<Parameters<typeof judgeLeaks>[0]>;
}): Probe {
  return {
    name: "leaks",
    subject: "workspace",
    deadlineMs: 60_000,
    cleanUpMs: 0,
    needs: [],
    lack: "something is left of earlier nights",
    run: async () => judgeLeaks(await options.leftNow()),
  };
}
