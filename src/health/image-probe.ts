import type { ReadyImage } from "../contracts/images.ts";
import type { Probe } from "./probe.ts";

/** An image may be built from packages that a slow mirror sends. */
const DEADLINE_MS = 30 * 60_000;

/** Whether an image is there, or can be built. */
export function imageProbe(options: {
  /** A repository's name, or `collector`. */
  readonly subject: string;
  readonly ensure: () => Promise<ReadyImage>;
  readonly needs: readonly Probe[];
}): Probe {
  const { subject, ensure, needs } = options;
  return {
    name: "image",
    subject,
    deadlineMs: DEADLINE_MS,
    // What a build leaves in the middle is removed by the sweep that follows.
    cleanUpMs: 0,
    needs,
    lack: `the image of ${subject} cannot be built`,
    run: async () => {
      const { id, base, built } = await ensure();
      const short = id.replace(/^sha256:/, "").slice(0, 12);
      return { verdict: "ok", message: `${short} from ${base}${built ? ", built now" : ""}` };
    },
  };
}
