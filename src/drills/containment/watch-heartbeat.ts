import type { Sandbox } from "../../contracts/sandbox.ts";
import type { ProbeAnswer } from "../../core/canary.ts";

const WATCH_MS = 2000;
const WALL_CLOCK_MS = 20_000;
const MAX_OUTPUT_BYTES = 64 * 1024;

/**
 * Whether the process that another sandbox left behind still writes to the tree that it shares with `sandbox`, which is
 * fresh and runs nothing yet. For where its processes cannot be seen from this host.
 */
export async function watchHeartbeat(options: {
  readonly sandbox: Sandbox;
  readonly node: string;
  /** The file that it writes again and again, in the tree. */
  readonly file: string;
  readonly signal: AbortSignal;
}): Promise<ProbeAnswer> {
  const { sandbox, node, file, signal } = options;
  const said: string[] = [];
  await sandbox.run(
    {
      commands: [[node, "-"]],
      env: {},
      stdin: `
const fs = require("node:fs");
// Its time, and not its content: a writer that was ended in the middle leaves an empty file.
const read = () => { try { return String(fs.statSync(${JSON.stringify(file)}, { bigint: true }).mtimeNs); } catch { return ""; } };
const first = read();
const untilMs = performance.now() + ${WATCH_MS};
const look = () => {
  if (first === "") console.log("no heartbeat");
  else if (read() !== first) console.log("it beats");
  else if (performance.now() > untilMs) console.log("it has stopped");
  else setTimeout(look, 50);
};
look();
`,
      wallClockMs: WALL_CLOCK_MS,
      outputBytes: MAX_OUTPUT_BYTES,
      onLine: ({ text }) => said.push(text),
    },
    signal,
  );
  const none = { reached: [], refused: [], unclear: [] };
  if (said.includes("it beats"))
    return { ...none, reached: ["it writes to its tree after the sandbox's end"] };
  if (said.includes("it has stopped")) return { ...none, refused: ["it wrote to its tree, and stopped"] };
  return { ...none, unclear: ["nobody has seen it live, neither on this host nor in its tree"] };
}
