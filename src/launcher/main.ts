/**
 * The launcher: the one program of the OS-user back end that has root. It reads one request from standard input, does
 * it, and ends (see core/launcher-protocol.ts). It takes no argument, and of its environment only who asks.
 *
 * It imports nothing but core, and no package of npm's: what runs as root is on a few pages.
 */
import type { Readable } from "node:stream";
import type { LauncherMessage, LauncherRequest } from "../core/launcher-protocol.ts";
import { messageOf } from "../core/nightwarden-error.ts";
import { keepFiles } from "./keep-files.ts";
import { ownPrograms } from "./own-programs.ts";
import { parseRequest } from "./parse-request.ts";
import { encodeMessage } from "./encode-message.ts";
import { probeHost } from "./probe-host.ts";
import { Refusal } from "./refusal.ts";
import { RunPlace } from "./run-place.ts";
import { runProgram } from "./run-program.ts";
import { listSets, openSet, removeSet, settleSet } from "./sets.ts";
import { callerOf, StateRoot } from "./state-root.ts";
import { listOwned, sweepOwned } from "./sweep-owned.ts";
import { closeTrees, openTrees } from "./trees.ts";

const MAX_REQUEST_BYTES = 64 * 1024;

/** The first line of the input; what has come behind it is put back. */
async function readLine(input: Readable): Promise<string> {
  let received = Buffer.alloc(0);
  return await new Promise((resolve, reject) => {
    const onData = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk]);
      const end = received.indexOf("\n");
      if (end < 0 && received.length <= MAX_REQUEST_BYTES) return;
      input.off("data", onData);
      input.off("end", onEnd);
      input.pause();
      if (end < 0 || end > MAX_REQUEST_BYTES) {
        reject(new Refusal("the request is too long"));
        return;
      }
      input.unshift(received.subarray(end + 1));
      resolve(received.subarray(0, end).toString("utf8"));
    };
    const onEnd = (): void => reject(new Refusal("there was no request"));
    input.on("data", onData);
    input.once("end", onEnd);
  });
}

/** What the request is answered with; a run has told everything by itself. */
async function answer(
  request: LauncherRequest,
  state: StateRoot,
  caller: number,
): Promise<LauncherMessage | undefined> {
  switch (request.op) {
    case "run":
      await runProgram(state, request, {
        caller,
        supervisor: { input: process.stdin, output: process.stdout },
      });
      return undefined;
    case "open-trees": {
      const { owner, id, attempt, bound } = request;
      return { type: "opened", ...openTrees({ state, id, ownership: { owner, caller, attempt }, bound }) };
    }
    case "close-trees": {
      const { owner, id } = request;
      if (state.ownership("trees", id)) closeTrees(state.own("trees", id, { owner, caller }));
      return { type: "done" };
    }
    case "open-set": {
      const { owner, id, attempt } = request;
      openSet(state, id, { owner, caller, attempt });
      return { type: "done" };
    }
    case "settle-set": {
      const { owner, id } = request;
      settleSet(state.own("sets", id, { owner, caller }));
      return { type: "done" };
    }
    case "remove-set": {
      const { owner, id } = request;
      if (state.ownership("sets", id)) removeSet(state.own("sets", id, { owner, caller }));
      return { type: "done" };
    }
    case "list-sets":
      return { type: "sets", sets: listSets(state, { owner: request.owner, caller }) };
    case "end-run": {
      const { owner, id } = request;
      const ownership = state.ownership("runs", id);
      if (!ownership) return { type: "done" };
      state.own("runs", id, { owner, caller });
      await RunPlace.left(state, id, ownership).remove(null);
      return { type: "done" };
    }
    case "keep-files":
      return { type: "kept", digest: await keepFiles(state, caller, process.stdin) };
    case "sweep":
      return { type: "swept", ...(await sweepOwned(state, caller, request.owners)) };
    case "list":
      return { type: "listed", entries: listOwned(state, caller, request.prefix) };
    case "probe":
      return { type: "probed", facts: await probeHost(state) };
  }
}

async function main(): Promise<LauncherMessage | undefined> {
  try {
    if (process.platform !== "linux") throw new Refusal("the OS-user sandbox needs Linux");
    if (process.getuid?.() !== 0) throw new Refusal("the launcher is not root", "See ops/os-user.md.");
    process.umask(0o022);
    const request = parseRequest(await readLine(process.stdin));
    if (!request.ok) throw new Refusal(request.error);
    ownPrograms();
    return await answer(request.value, new StateRoot(process.env), callerOf(process.env));
  } catch (error) {
    if (error instanceof Refusal) return { type: "refused", message: error.message, hint: error.hint };
    return { type: "failed", message: messageOf(error) };
  }
}

// A terminal's signals are the supervisor's to answer: its end is what ends a run.
for (const signal of ["SIGINT", "SIGHUP", "SIGTERM"] as const) process.on(signal, () => undefined);
// Nobody listens any more: the end of the input says the same.
process.stdout.on("error", () => undefined);
const message = await main();
process.stdout.end(message ? encodeMessage(message) : Buffer.alloc(0), () => process.exit(0));
// A supervisor that neither reads nor goes away is not waited for.
setTimeout(() => process.exit(0), 5000).unref();
process.stdin.destroy();
