import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { evaluateCases, parseCases } from "./evaluate-cases.ts";
import { evaluateHistory } from "./evaluate-history.ts";
import { renderEvaluation } from "./render-evaluation.ts";

const HELP = `usage: scripts/eval-checks --cases FILE.jsonl [--json]
       scripts/eval-checks --history REPO [--last N] [--json]

--cases    What the checks find of labelled cases, one JSON object a line: id, language, category, code, expected (flag or
           ok); optionally path, and base, the file before. Each case is a change of its own, of one file, in a repository that
           declares lodash, react, vitest and zod, requests, pydantic and pytest. Found: a finding that blocks or warns.
           Prints recall, false alarms and time, by language and category, and the cases that went wrong.
--history  What they say about the last N (300) ordinary commits of a repository: alarms for 100 commits, the time of each, the memory.
           The repository is only read.
--json     One object: cases, flagged, recall, okBlocked, p50Ms, p95Ms, peakMb, blockPer100, warnPer100.

Aims: recall 0.97 or more, no "ok" blocked; 5 blocks for 100 commits or less, p95 0.5 s or less, 300 MB or less.`;

function usage(message: string): never {
  console.error(`eval-checks: ${message}; see scripts/eval-checks --help`);
  process.exit(2);
}

const { values } = (() => {
  try {
    return parseArgs({
      options: {
        cases: { type: "string" },
        history: { type: "string" },
        last: { type: "string", default: "300" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    return usage(error instanceof Error ? error.message : String(error));
  }
})();

if (values.help) {
  console.log(HELP);
} else {
  const last = Number(values.last);
  if ((values.cases === undefined) === (values.history === undefined))
    usage("give either --cases or --history");
  if (!Number.isInteger(last) || last < 1) usage(`--last ${values.last} is no number of commits`);
  const evaluation =
    values.cases === undefined
      ? await evaluateHistory({ repo: values.history ?? "", last, onProgress: (line) => console.error(line) })
      : await evaluateCases(parseCases(readFileSync(values.cases, "utf8"), usage));
  console.log(values.json ? JSON.stringify(evaluation.figures) : renderEvaluation(evaluation));
}
