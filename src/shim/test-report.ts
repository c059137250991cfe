import { closeSync, constants, fstatSync, mkdtempSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readTestReport } from "../core/read-test-report.ts";
import type { ShimMessage } from "../core/shim-protocol.ts";
import { NODE_REPORTER_VARIABLE, REPORT_VARIABLE, TOOLS_VARIABLE } from "../core/test-command.ts";
import type { ReportingRunner } from "../core/test-run.ts";
import { PYTEST_PLUGIN, PYTEST_PLUGIN_FILE } from "./pytest-plugin.ts";

/** Messages of failed tests, with their differences, can make a report large. A larger one is none. */
const MAX_REPORT_BYTES = 64 * 1024 * 1024;
/** Characters of one message, so that its line stays far below what a line may have. */
const BATCH_CHARS = 8 * 1024;

/**
 * The report of a test run: a file outside the tree, in a folder that nobody else knows the name of, which the
 * runner writes by our reporter and the shim reads when its command has ended.
 */
export class TestReport {
  readonly variables: Readonly<Record<string, string>>;
  private readonly runner: ReportingRunner;
  private readonly file: string;

  constructor(runner: ReportingRunner, env: Readonly<Record<string, string>>) {
    this.runner = runner;
    const folder = mkdtempSync(join(env["TMPDIR"] ?? "/tmp", "nightwarden-"));
    this.file = join(folder, "report");
    if (runner === "pytest") writeFileSync(join(folder, PYTEST_PLUGIN_FILE), PYTEST_PLUGIN);
    this.variables = {
      [REPORT_VARIABLE]: this.file,
      [TOOLS_VARIABLE]: folder,
      [NODE_REPORTER_VARIABLE]: fileURLToPath(new URL("node-test-reporter.js", import.meta.url)),
    };
  }

  /** What is said of it when the command has ended. `root` is where it ran. */
  *messages(root: string): Generator<ShimMessage> {
    const text = this.read();
    const results = text === undefined ? undefined : readTestReport({ runner: this.runner, text, root });
    let batch: [string, string, "passed" | "failed" | "skipped"][] = [];
    let chars = 0;
    for (const { file, name, status } of results ?? []) {
      batch.push([file, name, status]);
      chars += file.length + name.length + 20;
      if (chars < BATCH_CHARS) continue;
      yield { type: "tests", results: batch };
      batch = [];
      chars = 0;
    }
    if (batch.length > 0) yield { type: "tests", results: batch };
    yield { type: "tests-ended", count: results?.length ?? null };
  }

  /** Tests ran as the same user: what is there now may be anything. */
  private read(): string | undefined {
    let descriptor: number;
    try {
      descriptor = openSync(this.file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch {
      return undefined;
    }
    try {
      const stat = fstatSync(descriptor);
      if (!stat.isFile() || stat.size > MAX_REPORT_BYTES) return undefined;
      return readFileSync(descriptor, "utf8");
    } finally {
      closeSync(descriptor);
    }
  }
}
