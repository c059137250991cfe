/**
 * The first program in every sandbox. It says what its container looks like, waits for a job, runs the job's commands
 * one after the other until one fails, and ends with that command's exit code.
 *
 * It runs as the sandbox's user, without any privilege, and imports nothing but core: it is copied into images.
 */
import { SELF_CHECK_PREFIX, shimLinePrefix, type ShimMessage } from "../core/shim-protocol.ts";
import { CapCounters } from "./cap-counters.ts";
import { closeInheritedFiles } from "./close-inherited-files.ts";
import { forwardPort } from "./forward-port.ts";
import { readJob } from "./job-input.ts";
import { runCommand } from "./run-command.ts";
import { selfCheck } from "./self-check.ts";
import { TestReport } from "./test-report.ts";

const EXIT_NO_JOB = 64;
/** How often the control group is looked at while a command runs. */
const CAP_POLL_MS = 100;

/** Always on a line of its own: a program need not end its last line. */
function say(prefix: string, message: ShimMessage): void {
  process.stdout.write(`\n${prefix}${JSON.stringify(message)}\n`);
}

async function main(): Promise<number> {
  closeInheritedFiles();
  say(SELF_CHECK_PREFIX, { type: "self-check", check: selfCheck() });
  const input = await readJob(process.stdin);
  if (!input) return EXIT_NO_JOB;
  const { job } = input;
  const prefix = shimLinePrefix(job.nonce);
  const PATH = [...(job.path ?? []), process.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"].join(":");
  const env = { PATH, ...job.env };
  if (job.forward) await forwardPort(job.forward);
  const counters = new CapCounters();
  const tellCaps = (): void => {
    for (const cap of counters.reached()) say(prefix, { type: "cap-reached", cap });
  };
  setInterval(tellCaps, CAP_POLL_MS).unref();
  for (const [index, command] of job.commands.entries()) {
    say(prefix, { type: "command-started", index });
    const stdin = index === (job.stdinOf ?? 0) ? input.stdin : Buffer.alloc(0);
    const report =
      job.tests && index === job.commands.length - 1 ? new TestReport(job.tests, env) : undefined;
    const end = await runCommand({ command, env: { ...env, ...report?.variables }, cwd: job.cwd, stdin });
    tellCaps();
    for (const message of report?.messages(job.cwd) ?? []) say(prefix, message);
    if (end.missing !== null) say(prefix, { type: "command-missing", index, message: end.missing });
    else say(prefix, { type: "command-finished", index, exitCode: end.exitCode, signal: end.signal });
    if (end.exitCode !== 0) return end.exitCode;
  }
  say(prefix, { type: "all-passed" });
  return 0;
}

const exitCode = await main();
// What is forwarded keeps the process alive: it ends with the last command, and not with the last connection.
process.stdout.write("", () => process.exit(exitCode));
