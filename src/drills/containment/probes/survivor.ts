import type { ProbeFunction } from "../probe-targets.ts";

/**
 * Leaves a process behind, in a session of its own and deaf to signals that can be ignored, which writes to a file in the
 * tree again and again. What became of it is for the supervisor to see. Should nothing end it, it ends by itself.
 */
export const survivor: ProbeFunction = async ({ survivorMarker }) => {
  const { spawn } = process.getBuiltinModule("node:child_process");
  const script =
    "trap '' TERM HUP INT; i=0; while [ $i -lt 600 ]; do echo $i >$1; sleep 0.2; i=$((i+1)); done";
  const child = spawn("sh", ["-c", script, "sh", survivorMarker], { detached: true, stdio: "ignore" });
  const failed = await new Promise<string | undefined>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("spawn", () => resolve(undefined));
  });
  child.unref();
  const unclear = failed === undefined ? [] : [`it could not be started: ${failed}`];
  return { reached: [], refused: [], unclear };
};
