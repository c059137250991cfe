import type { Finding } from "./finding.ts";
import type { TaskKind } from "./plan.ts";
import { testKey, testWords, type TestResult, type TestRun } from "./test-run.ts";

/** The runs of one attempt's replay. */
export interface ReplayFacts {
  readonly kind: TaskKind;
  /** The commit that the attempt began from, with its own tests. Null: only exit codes are compared. */
  readonly base: TestRun | null;
  /** The attempt's commit as it is. */
  readonly head: TestRun;
  /** The attempt's source with the base's tests. Null: it changed no test, so that this is `head`. */
  readonly oldTests: TestRun | null;
  /** The base's source with the attempt's tests. Null: it has no new or changed one, or its kind need not prove any. */
  readonly newTests: TestRun | null;
  /** Test files that the attempt changed, as the task may. */
  readonly granted: readonly string[];
  /** Where test files of the base are now, by what is in them. */
  readonly moved?: ReadonlyMap<string, string>;
}

const MAX_NAMED = 3;

/** What the runs say, compared test by test; by exit code where there are no names. */
export function judgeReplay(facts: ReplayFacts): Finding[] {
  const { base, head, oldTests, newTests } = facts;
  const findings = grantedFindings(facts.granted);
  if (base?.results) {
    if (!head.results) return [...findings, noReport("the attempt's own tests")];
    if (oldTests && !oldTests.results) return [...findings, noReport("the tests as they were before")];
    findings.push(...vanished(facts, base.results, head.results));
    findings.push(...failing(facts, base.results, head.results));
    findings.push(...broken(facts, base.results, head.results));
  } else if (oldTests && head.green && !oldTests.green) {
    findings.push({
      rule: "replay-failed",
      level: "block",
      message: "the tests as they were before the attempt fail on its source; its own tests pass",
    });
  }
  if (newTests && !provesSomething(head, newTests)) findings.push(provesNothing(facts.kind));
  return findings;
}

/** Tests that fail on the attempt's own commit, though verify let it pass. One that was red before may stay so. */
function failing(facts: ReplayFacts, base: readonly TestResult[], head: readonly TestResult[]): Finding[] {
  const before = byKey(base);
  const red = head.filter(
    (test) => test.status === "failed" && before.get(testKey(test))?.status !== "failed",
  );
  return findingsOf(red, facts, {
    rule: "replay-failed",
    says: (names, one) => `${names} ${one ? "fails" : "fail"}, whatever the exit code says`,
  });
}

/** Tests that passed before, or pass now, and that do not pass where they are as they were. */
function broken(facts: ReplayFacts, base: readonly TestResult[], head: readonly TestResult[]): Finding[] {
  if (!facts.oldTests?.results) return [];
  const old = byKey(facts.oldTests.results);
  const now = byKey(head);
  const lost = base.filter((test) => {
    // One that was red, and is green by a change of its own, was not made to pass but made harmless.
    const counts = test.status === "passed" || now.get(testKey(test))?.status === "passed";
    return test.status !== "skipped" && counts && old.get(testKey(test))?.status !== "passed";
  });
  return findingsOf(lost, facts, {
    rule: "replay-failed",
    says: (names, one) =>
      one
        ? `${names} does not pass as it was before the attempt`
        : `${names} do not pass as they were before the attempt`,
  });
}

/**
 * Tests that ran on the base and do not run any more. One that moved to another file under its name is not gone, nor is one that moved with
 * its file and belongs to a suite of another name there.
 */
function vanished(facts: ReplayFacts, base: readonly TestResult[], head: readonly TestResult[]): Finding[] {
  const now = byKey(head);
  const before = byKey(base);
  const moved = new Map<string, number>();
  const withNames = new Set(base.flatMap(({ file, name }) => (name === "" ? [] : file)));
  const withFile = movedWithFile(facts.moved ?? new Map(), head, before);
  for (const test of head) {
    if (test.name === "" || test.status === "skipped" || before.has(testKey(test))) continue;
    moved.set(test.name, (moved.get(test.name) ?? 0) + 1);
  }
  const gone = base.filter((test) => {
    if (test.status === "skipped") return false;
    const status = now.get(testKey(test))?.status;
    if (status !== undefined) return status === "skipped";
    // A file that could not be loaded, and can be now, has its tests instead.
    if (test.name === "" && test.status === "failed") return !head.some(({ file }) => file === test.file);
    // A whole file or package that passed says no more than its tests, which are looked for one by one.
    if (test.name === "" && withNames.has(test.file)) return false;
    const others = moved.get(test.name) ?? 0;
    if (others > 0) moved.set(test.name, others - 1);
    return others === 0 && !withFile(test);
  });
  return findingsOf(gone, facts, {
    rule: "tests-vanished",
    says: (names, one) => `${names} ran before the attempt and ${one ? "does" : "do"} not run any more`,
  });
}

/** Whether a test runs where its file is now, under its own last name: each new test stands for one. */
function movedWithFile(
  moved: ReadonlyMap<string, string>,
  head: readonly TestResult[],
  before: ReadonlyMap<string, TestResult>,
): (test: TestResult) => boolean {
  const places = new Set(moved.values());
  const open = new Map<string, number>();
  const keyOf = (file: string, name: string): string => `${file}\n${name.slice(name.lastIndexOf(" > ") + 1)}`;
  for (const test of head) {
    if (!places.has(test.file) || test.status === "skipped" || before.has(testKey(test))) continue;
    const key = keyOf(test.file, test.name);
    open.set(key, (open.get(key) ?? 0) + 1);
  }
  return ({ file, name }) => {
    const place = moved.get(file);
    const key = place === undefined ? "" : keyOf(place, name);
    const count = open.get(key) ?? 0;
    if (count > 0) open.set(key, count - 1);
    return count > 0;
  };
}

function byKey(results: readonly TestResult[]): Map<string, TestResult> {
  return new Map(results.map((result) => [testKey(result), result]));
}

/** One finding for what blocks, and one for what the task may do. */
function findingsOf(
  tests: readonly TestResult[],
  facts: ReplayFacts,
  words: { readonly rule: string; readonly says: (names: string, one: boolean) => string },
): Finding[] {
  const isGranted = grantOver(facts.granted, facts.base?.results ?? []);
  return (["block", "warn"] as const).flatMap((level) => {
    const own = tests.filter(({ file }) => isGranted(file) === (level === "warn"));
    const [first] = own;
    if (!first) return [];
    const hasOneFile = first.file !== "" && own.every(({ file }) => file === first.file);
    const may = level === "warn" ? ", as the task may" : "";
    const message = `${words.says(named(own, hasOneFile), own.length === 1)}${may}`;
    return [{ rule: words.rule, level, ...(hasOneFile ? { path: first.file } : {}), message }];
  });
}

/** The first few by name, and how many more. */
function named(tests: readonly TestResult[], withoutFile: boolean): string {
  const names = tests
    .slice(0, MAX_NAMED)
    .map((test) => `"${withoutFile && test.name !== "" ? test.name : testWords(test)}"`);
  const more = tests.length - MAX_NAMED;
  if (more > 0) return `${names.join(", ")} and ${more} more`;
  return names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names.at(-1)}` : names.join("");
}

/**
 * Whether a test's place is covered by a file that the task may change. Go names packages, and Cargo files from their
 * crate: there the end of the path decides, and for a package the folder.
 */
function grantOver(granted: readonly string[], base: readonly TestResult[]): (file: string) => boolean {
  const packages = base.map(({ file }) => file);
  const shortest = packages.reduce(
    (best, file) => (file.length < best.length ? file : best),
    packages[0] ?? "",
  );
  return (file) =>
    granted.some((path) => {
      if (path === file || (file.endsWith(".rs") && path.endsWith(`/${file}`))) return true;
      if (!path.endsWith("_test.go")) return false;
      const folder = path.slice(0, Math.max(0, path.lastIndexOf("/")));
      return folder === "" ? file === shortest : file.endsWith(`/${folder}`);
    });
}

function grantedFindings(granted: readonly string[]): Finding[] {
  const [path] = granted;
  if (path === undefined) return [];
  const more = granted.length > 1 ? ` (and ${granted.length - 1} more)` : "";
  return [
    {
      rule: "replay-granted",
      level: "warn",
      path,
      message: `was changed, as the task may: it was not put back for the replay${more}`,
    },
  ];
}

function noReport(what: string): Finding {
  return {
    rule: "replay-no-report",
    level: "block",
    message: `${what} ended without a whole report, whatever the exit code says: something ended the runner`,
  };
}

/** A test that passes on the attempt's commit and does not on the base's source. */
function provesSomething(head: TestRun, newTests: TestRun): boolean {
  if (!head.results) return !newTests.green;
  if (!newTests.results) return true;
  const before = byKey(newTests.results);
  return head.results.some(
    (test) => test.status === "passed" && before.get(testKey(test))?.status !== "passed",
  );
}

/** A fix without a test that shows what was broken is no fix that anybody can believe; something new may need no more. */
function provesNothing(kind: TaskKind): Finding {
  return {
    rule: "tests-prove-nothing",
    level: kind === "fix" ? "block" : "warn",
    message:
      "every test, new or changed, passes on the source as it was before, too: none shows what was done",
  };
}
