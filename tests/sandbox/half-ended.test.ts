import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, it } from "vitest";
import { isDead } from "../../src/launcher/sandbox-processes.ts";
import { listLinuxProcesses } from "../../src/sandbox/worktree/list-linux-processes.ts";

let child: ChildProcess | undefined;
afterEach(() => child?.kill("SIGKILL"));

/** Until the kernel says of it that it has ended; the number of its threads. */
async function untilEnded(pid: number): Promise<number> {
  for (;;) {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z") return Number(fields[17]);
    await sleep(5);
  }
}

const isListed = (pid: number): boolean => listLinuxProcesses().some((each) => each.pid === pid);

it.skipIf(process.platform !== "linux" || process.arch !== "x64")(
  "a process whose first thread has ended and whose second works on is no dead one",
  async () => {
    // The call that ends one thread: 60.
    const script = "threads->create(sub { sleep 600 }); syscall(60, 0)";
    child = spawn("perl", ["-Mthreads", "-e", script], { stdio: "ignore" });
    const pid = child.pid ?? 0;
    expect(await untilEnded(pid)).toBe(2);
    expect([isListed(pid), isDead(pid)]).toEqual([true, false]);
  },
);

it.skipIf(process.platform !== "linux")("one that waits for its parent to take note is", async () => {
  // What the shell becomes never asks for its child.
  child = spawn("sh", ["-c", "true & echo $!; exec sleep 600"], { stdio: ["ignore", "pipe", "ignore"] });
  const said = await new Promise<string>((resolve) =>
    child?.stdout?.once("data", (text: Buffer) => resolve(text.toString())),
  );
  const pid = Number(said.trim());
  expect(await untilEnded(pid)).toBe(1);
  expect([isListed(pid), isDead(pid)]).toEqual([false, true]);
});
