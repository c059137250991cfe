import { LineSplitter } from "../lib/line-splitter.ts";
import { streamProcess } from "../lib/run-process.ts";

const TIMEOUT_MS = 15 * 60_000;
const MAX_LINE_BYTES = 1000;

/**
 * Runs one of our own scripts on this machine, with this machine's environment: it fetches what an image is made from
 * through the user's own configuration of npm and apt. Its output is progress. Throws a `ProcessError`.
 */
export async function runHostScript(options: {
  readonly script: string;
  readonly args: readonly string[];
  /** Names of variables that the script does not get: they hold secrets of somebody else. */
  readonly withheld: readonly string[];
  readonly onProgress: (line: string) => void;
}): Promise<void> {
  const env = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !options.withheld.includes(entry[0]),
  );
  const splitter = new LineSplitter({
    maxLineBytes: MAX_LINE_BYTES,
    onLine: ({ text }) => options.onProgress(text),
  });
  const output = streamProcess({
    name: options.script,
    file: "/bin/sh",
    args: [options.script, ...options.args],
    cwd: "/",
    env: Object.fromEntries(env),
    timeoutMs: TIMEOUT_MS,
  });
  for await (const chunk of output) splitter.push(Buffer.from(chunk));
  splitter.finish();
}
