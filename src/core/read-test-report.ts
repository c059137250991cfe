import { numbered, type ReportingRunner, type TestResult, type TestStatus } from "./test-run.ts";

/** More tests than any suite has; a longer report is none. */
export const MAX_RESULTS = 100_000;
const MAX_NAME_CHARS = 1000;

/**
 * What a runner's report says, by the runner. Undefined: it is no report, or does not reach its end, as where a test
 * ended the whole runner. `root` is the folder that the tests ran in; files are named from there.
 *
 * Runs in the sandbox: the report is a program's words, so nothing in it is believed beyond its form.
 */
export function readTestReport(options: {
  readonly runner: ReportingRunner;
  readonly text: string;
  readonly root: string;
}): TestResult[] | undefined {
  const { runner, text, root } = options;
  const results = READERS[runner](text);
  if (!results || results.length > MAX_RESULTS) return undefined;
  return numbered(
    results.map(({ file, name, status }) => ({
      file: fromRoot(file, root).slice(0, MAX_NAME_CHARS),
      name: name.slice(0, MAX_NAME_CHARS),
      status,
    })),
  );
}

const READERS: Readonly<Record<ReportingRunner, (text: string) => TestResult[] | undefined>> = {
  node: readOwnLines,
  pytest: readOwnLines,
  vitest: readJestJson,
  jest: readJestJson,
  go: readGoJson,
  cargo: readCargoText,
};

function fromRoot(file: string, root: string): string {
  const path = file.replace(/^file:\/\//, "");
  return path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** One line of JSON for each test, and one that ends the report: what our own reporters write. */
function readOwnLines(text: string): TestResult[] | undefined {
  const results: TestResult[] = [];
  let hasEnded = false;
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const entry = parsed(line);
    if (!isRecord(entry)) return undefined;
    // Another run of the same command may follow, which has to come to its end, too.
    hasEnded = entry["end"] === true;
    if (hasEnded) continue;
    const status = entry["status"];
    if (status !== "passed" && status !== "failed" && status !== "skipped") return undefined;
    results.push({ file: textOf(entry["file"]), name: textOf(entry["name"]), status });
  }
  return hasEnded ? results : undefined;
}

/** The form of Jest's `--json`, which Vitest's reporter `json` has, too. */
function readJestJson(text: string): TestResult[] | undefined {
  const report = parsed(text);
  if (!isRecord(report) || !Array.isArray(report["testResults"])) return undefined;
  const results: TestResult[] = [];
  for (const suite of report["testResults"] as readonly unknown[]) {
    if (!isRecord(suite)) return undefined;
    const file = textOf(suite["name"]);
    const tests = Array.isArray(suite["assertionResults"])
      ? (suite["assertionResults"] as readonly unknown[])
      : [];
    // A file that cannot be loaded has no tests, and is the one that failed.
    if (tests.length === 0 && suite["status"] === "failed")
      results.push({ file, name: "", status: "failed" });
    for (const test of tests) {
      if (!isRecord(test)) return undefined;
      const suites = Array.isArray(test["ancestorTitles"]) ? (test["ancestorTitles"] as unknown[]) : [];
      const names = [...suites.map(textOf), textOf(test["title"])].filter((name) => name !== "");
      results.push({
        file,
        name: names.join(" > "),
        status: JEST_STATUS[textOf(test["status"])] ?? "skipped",
      });
    }
  }
  return results;
}

const JEST_STATUS: Readonly<Record<string, TestStatus>> = { passed: "passed", failed: "failed" };

/** `go test -json`: each package begins, and has to end. Lines that are none are what a compiler said. */
function readGoJson(text: string): TestResult[] | undefined {
  const results: TestResult[] = [];
  const open = new Set<string>();
  let packages = 0;
  for (const line of text.split("\n")) {
    const event = line.startsWith("{") ? parsed(line) : undefined;
    if (!isRecord(event) || typeof event["Package"] !== "string") continue;
    const file = event["Package"];
    const action = event["Action"];
    const name = textOf(event["Test"]).replaceAll("/", " > ");
    const isEnd = action === "pass" || action === "fail" || action === "skip";
    if (!isEnd) {
      if (name !== "" && action === "run") open.add(`${file}\n${name}`);
      continue;
    }
    open.delete(`${file}\n${name}`);
    if (name === "") packages += 1;
    // A package without tests is "skipped", and no test.
    if (name === "" && action === "skip") continue;
    const status = action === "pass" ? "passed" : action === "fail" ? "failed" : "skipped";
    results.push({ file, name, status });
  }
  return packages > 0 && open.size === 0 ? results : undefined;
}

const CARGO_BINARY =
  /^\s*(?:Running (?:unittests )?(\S+) \((?:.*\/)?([\w-]+?)-[0-9a-f]{8,}\)|Doc-tests (\S+))$/;
const CARGO_TEST = /^test (.+?) \.\.\. (ok|FAILED|ignored)(?:,.*| <.*>)?$/;

/** What `cargo test` prints: each binary begins with its name, and ends with its result. */
function readCargoText(text: string): TestResult[] | undefined {
  const results: TestResult[] = [];
  let binary: { readonly file: string; readonly crate: string } | undefined;
  let binaries = 0;
  for (const line of text.split("\n")) {
    const begins = CARGO_BINARY.exec(line);
    if (begins) {
      if (binary) return undefined; // the one before ended without a result
      const [, file = "", crate = "", docs = ""] = begins;
      binary = docs === "" ? { file, crate } : { file: "", crate: `${docs} (doc)` };
      continue;
    }
    if (!binary) continue;
    if (line.startsWith("test result: ")) {
      binary = undefined;
      binaries += 1;
      continue;
    }
    const [, name, word] = CARGO_TEST.exec(line) ?? [];
    if (name === undefined) continue;
    const status = word === "ok" ? "passed" : word === "FAILED" ? "failed" : "skipped";
    // The line of a documentation test says where it stands, which moves with every line above.
    const stable = name.replace(/ \(line \d+\)/, "");
    results.push({ file: binary.file, name: `${binary.crate} > ${stable}`, status });
  }
  return binaries > 0 && !binary ? results : undefined;
}
