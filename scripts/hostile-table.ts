// Makes the table of the hostile suite from vitest's JSON report, prints it, and compares it with docs/containment.md.
// Usage: node scripts/hostile-table.ts REPORT.json [--write] [--json]; see scripts/hostile.
import { readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { format, resolveConfig } from "prettier";
import { ELSEWHERE, NOT_RUN_HERE } from "../tests/hostile/suite/elsewhere.ts";
import type { HostileRecord } from "../tests/hostile/suite/hostile-case.ts";
import {
  differences,
  merged,
  renderTable,
  rowsOf,
  tableOf,
  withTable,
  type TestResult,
} from "../tests/hostile/suite/table.ts";

const ROOT = join(import.meta.dirname, "..");
const PAGE = join(ROOT, "docs/containment.md");

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly {
      readonly title: string;
      readonly status: string;
      readonly meta?: { readonly hostile?: HostileRecord };
    }[];
  }[];
}

const [reportFile, ...flags] = process.argv.slice(2);
if (reportFile === undefined) throw new Error("usage: hostile-table.ts REPORT.json [--write] [--json]");
const report = JSON.parse(readFileSync(reportFile, "utf8")) as Report;
const results = report.testResults.flatMap(({ name, assertionResults }) =>
  assertionResults.map(({ title, status, meta }): TestResult => ({
    file: relative(ROOT, name),
    title,
    status,
    record: meta?.hostile,
  })),
);
const rows = rowsOf(results, { elsewhere: ELSEWHERE, notRun: NOT_RUN_HERE });
const bad = rows.filter(({ cells }) => cells.some((cell) => /[A-Z]{4}/.test(cell)));
process.stdout.write(flags.includes("--json") ? `${JSON.stringify(rows)}\n` : renderTable(rows));
for (const { record } of results) {
  if (record && record.verdict !== "held") console.error(`${record.id} (${record.backEnd}): ${record.why}`);
}

const page = readFileSync(PAGE, "utf8");
if (flags.includes("--write")) {
  const written = withTable(page, merged(tableOf(page), rows));
  writeFileSync(PAGE, await format(written, { ...(await resolveConfig(PAGE)), filepath: PAGE }));
} else {
  const different = differences(tableOf(page), rows);
  for (const line of different) console.error(line);
  if (different.length > 0) {
    console.error("docs/containment.md is not what this run says: scripts/hostile --write makes it so");
    process.exitCode = 1;
  }
}
if (bad.length > 0) process.exitCode = 1;
