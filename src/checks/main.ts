import { writeSync } from "node:fs";
import { diffFacts } from "../core/diff-facts.ts";
import type { Inspection } from "../core/inspection.ts";
import { boundFindings } from "./bound-findings.ts";
import { endWithParent } from "./end-with-parent.ts";
import { inspectChange } from "./inspect-change.ts";
import { readRequests } from "./request.ts";
import { loadRules } from "./rules/load-rules.ts";

/*
 * The program that reads what agents wrote. It is a process of its own, since the parsers are native code, and what they are given was
 * written by somebody who is not trusted: whatever becomes of it, the supervisor goes on. It ends with its input, and with the process
 * whose id it is given.
 */

function say(answer: { at: string } | { done: Inspection }): void {
  let line = Buffer.from(`${JSON.stringify(answer)}\n`);
  while (line.length > 0) line = line.subarray(writeSync(1, line));
}

const [parentPid] = process.argv.slice(2);
if (parentPid !== undefined) await endWithParent(Number(parentPid));

for await (const request of readRequests(process.stdin)) {
  const findings = await inspectChange({
    request,
    rules: loadRules(),
    onFile: (path) => say({ at: path }),
  });
  say({ done: { ...boundFindings(findings), kinds: diffFacts(request.change) } });
}
