import type { ReportingRunner, TestRunner } from "./test-run.ts";

/** How a repository's tests are run so that they can be compared one by one. */
export interface TestSettings {
  readonly runner: TestRunner;
  /** Run by `sh -c`. For `exit-code` it is not used: then the verify commands are run. */
  readonly command: string;
  /** Commands before it, whose failure says nothing about the tests. */
  readonly before: readonly string[];
}

/** What nightwarden.yaml says about a repository's tests. */
export interface WrittenTests {
  readonly runner: TestRunner;
  /** Undefined: the runner's usual one. */
  readonly command?: string | undefined;
}

/** What the shim tells the command of the tests, in variables. */
export const REPORT_VARIABLE = "NIGHTWARDEN_TEST_REPORT";
/** A folder with what is put into the runner: Python's plugin. */
export const TOOLS_VARIABLE = "NIGHTWARDEN_TEST_TOOLS";
/** The file of the reporter for Node's own runner. */
export const NODE_REPORTER_VARIABLE = "NIGHTWARDEN_TEST_REPORTER";

/** What runs the tests where only their runner is configured. */
export const DEFAULT_COMMANDS: Readonly<Record<ReportingRunner, string>> = {
  node: "node --test",
  vitest: "npx vitest run",
  jest: "npx jest",
  pytest: "python3 -m pytest",
  go: "go test ./...",
  cargo: "cargo test",
};

/** Which words in a command mean which runner; the first that is found counts. */
const SIGNS: readonly (readonly [RegExp, ReportingRunner])[] = [
  [/(?:^|[\s/&;|(])vitest(?:\s|$)/, "vitest"],
  [/(?:^|[\s/&;|(])jest(?:\s|$)/, "jest"],
  [/(?:^|[\s/&;|(])node\s(?:[^&;|]*\s)?--test(?:\s|$)/, "node"],
  [/(?:^|[\s/&;|(])(?:pytest|py\.test)(?:\s|$)/, "pytest"],
  [/(?:^|[\s&;|(])go\s+test(?:\s|$)/, "go"],
  [/(?:^|[\s&;|(])cargo\s+(?:\+\S+\s+)?test(?:\s|$)/, "cargo"],
];

/** `npm test`, `npm run test:unit`, `pnpm test`, `yarn test`: a script of package.json, by its name. */
const SCRIPT = /^\s*(npm|pnpm|yarn)\s+(?:run\s+|run-script\s+)?(t|test|tst|[\w:-]*test[\w:-]*)(?=\s|$)/;

function runnerIn(command: string): ReportingRunner | undefined {
  return SIGNS.find(([sign]) => sign.test(command))?.[1];
}

/**
 * How the tests are run, as far as the verify commands tell. The commands before that of the tests come along: they may
 * build what is tested. `scripts` are those of the base's package.json.
 */
export function detectTests(
  verify: readonly string[],
  scripts: Readonly<Record<string, string>> = {},
): TestSettings {
  for (const [at, command] of verify.entries()) {
    const [, , script = ""] = SCRIPT.exec(command) ?? [];
    const runs = scripts[["t", "tst"].includes(script) ? "test" : script];
    const runner = runnerIn(command) ?? (runs === undefined ? undefined : runnerIn(runs));
    if (runner) return { runner, command, before: verify.slice(0, at) };
  }
  return { runner: "exit-code", command: "", before: [] };
}

/** The command as it is given to `sh -c`: with our reporter put in, where the tree has no say. */
export function reportingCommand(runner: ReportingRunner, command: string): string {
  const report = `"$${REPORT_VARIABLE}"`;
  switch (runner) {
    case "node":
      // Also for a runner that a script of the tree starts.
      return [
        `NODE_OPTIONS="\${NODE_OPTIONS:+$NODE_OPTIONS }--test-reporter=\\"$${NODE_REPORTER_VARIABLE}\\" --test-reporter-destination=stdout --test-reporter=spec --test-reporter-destination=stdout"`,
        "export NODE_OPTIONS",
        command,
      ].join("\n");
    case "vitest":
      return `${withOptions(command)} --reporter=default --reporter=json --outputFile=${report}`;
    case "jest":
      return `${withOptions(command)} --json --outputFile=${report}`;
    case "pytest":
      return [
        `PYTHONPATH="$${TOOLS_VARIABLE}\${PYTHONPATH:+:$PYTHONPATH}"`,
        'PYTEST_ADDOPTS="${PYTEST_ADDOPTS:+$PYTEST_ADDOPTS }-p nightwarden_report"',
        "export PYTHONPATH PYTEST_ADDOPTS",
        command,
      ].join("\n");
    case "go":
      return toReport(command.replace(/(^|[\s&;|(])go(\s+)test(?=\s|$)/g, "$1go$2test -json"), report, "");
    case "cargo":
      // The names of the binaries are on the other stream.
      return toReport(command.replace(/(\stest)(?=\s|$)/, "$1 --no-fail-fast"), report, " 2>&1");
  }
}

/** npm passes on only what comes after two dashes. */
function withOptions(command: string): string {
  const [, manager] = SCRIPT.exec(command) ?? [];
  return manager === "npm" && !/\s--(?:\s|$)/.test(command) ? `${command} --` : command;
}

/** What the command prints becomes the report, and is printed all the same. */
function toReport(command: string, report: string, more: string): string {
  return `(\n${command}\n) >${report}${more}\ncode=$?\ncat ${report}\nexit $code`;
}

/** A command whose failure does not end the run. */
export function tolerated(command: string): readonly string[] {
  return ["sh", "-c", 'sh -c "$1" || true', "sh", command];
}
