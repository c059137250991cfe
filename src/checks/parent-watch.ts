import { workerData } from "node:worker_threads";

/** A thread of the checking program, which goes on while the main one is inside a parser: see `endWithParent`. */
const PARENT_PID = workerData as number;
const EVERY_MS = 500;

/** Whose parent has ended is given to another process, at once. */
function endWithoutParent(): void {
  if (process.ppid !== PARENT_PID) process.kill(process.pid, "SIGKILL");
}

endWithoutParent();
setInterval(endWithoutParent, EVERY_MS);
