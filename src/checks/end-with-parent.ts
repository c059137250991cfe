import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";

/** Its own file, built or not. */
const WATCH = fileURLToPath(import.meta.url).replace(/end-with-parent\.([jt]s)$/, "parent-watch.$1");
/** It counts to nothing: what it needs is a thread of its own. */
const MAX_WATCH_HEAP_MIB = 16;

/**
 * From when this resolves, our process is killed soon after the process `parentPid`, which started us, has ended: also while we are
 * inside a parser, and see nothing of the end of our input. A limit of processor time would not do: it counts from the start of
 * a process that answers for a whole night, and the same thread looks the same way on Linux and on macOS, which has no signal for it.
 */
export async function endWithParent(parentPid: number): Promise<void> {
  const watch = new Worker(WATCH, {
    workerData: parentPid,
    // It says nothing, and must not be joined to our output: that would no longer wait for whoever reads it, and writing would fail.
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: MAX_WATCH_HEAP_MIB },
  });
  await once(watch, "online");
  watch.unref();
}
