import { describe, expect, it } from "vitest";
import { judgeReplay, type ReplayFacts } from "../../src/core/judge-replay.ts";
import { readTestReport } from "../../src/core/read-test-report.ts";
import { detectTests, reportingCommand } from "../../src/core/test-command.ts";
import { bestOf, numbered, type TestResult, type TestRun, type TestStatus } from "../../src/core/test-run.ts";
import { isSharedFile, isTestSide, withTestPart } from "../../src/core/test-side.ts";

/** `file > name` for each status. */
function run(statuses: Readonly<Record<string, TestStatus>>, green = true): TestRun {
  const results = Object.entries(statuses).map(([id, status]): TestResult => {
    const [file = "", name = ""] = id.split(" > ");
    return { file, name, status };
  });
  return { green, results };
}

const P = "passed";
const F = "failed";
const S = "skipped";

describe("tests that have moved with their file, into a suite of another name", () => {
  const suites = (file: string, suite: string, names: readonly string[]): TestRun => ({
    green: true,
    results: names.map((name) => ({ file, name: `${suite} > ${name}`, status: P })),
  });
  const base = suites("a.test.js", "sums", ["one", "two"]);
  const moved = new Map([["a.test.js", "b.test.js"]]);

  it("are not gone", () => {
    expect(verdict({ base, head: suites("b.test.js", "totals", ["two", "one"]), moved })).toEqual([]);
  });

  it("are gone where the file is another one, one of them is missing, or one stands for two", () => {
    const head = suites("b.test.js", "totals", ["one", "two"]);
    expect(verdict({ base, head })).toEqual(["block tests-vanished"]);
    expect(verdict({ base, head: suites("b.test.js", "totals", ["one"]), moved })).toEqual([
      "block tests-vanished",
    ]);
    const twice = {
      green: true,
      results: [...(base.results ?? []), { file: "a.test.js", name: "more > two", status: P }],
    } as TestRun;
    expect(verdict({ base: twice, head, moved })).toEqual(["block tests-vanished"]);
  });
});

function verdict(facts: Partial<ReplayFacts>): string[] {
  const base = run({ "a > one": P, "a > two": P });
  const all: ReplayFacts = {
    kind: "add",
    base,
    head: base,
    oldTests: null,
    newTests: null,
    granted: [],
    ...facts,
  };
  return judgeReplay(all).map(({ rule, level }) => `${level} ${rule}`);
}

describe("what a replay says", () => {
  const two = run({ "a > one": P, "a > two": P });

  it.each<[string, Partial<ReplayFacts>, string[]]>([
    ["nothing changed", {}, []],
    ["a new test passes", { head: run({ "a > one": P, "a > two": P, "a > three": P }) }, []],
    ["a test is gone", { head: run({ "a > one": P }) }, ["block tests-vanished"]],
    ["a test is skipped now", { head: run({ "a > one": P, "a > two": S }) }, ["block tests-vanished"]],
    [
      "a test was skipped and is gone",
      { base: run({ "a > one": P, "a > two": S }), head: run({ "a > one": P }) },
      [],
    ],
    ["a test has moved to another file", { head: run({ "a > one": P, "b > two": P }) }, []],
    [
      "a test has moved, and is skipped there",
      { head: run({ "a > one": P, "b > two": S }) },
      ["block tests-vanished"],
    ],
    [
      "a file that has no tests of a name has moved",
      {
        base: run({ "a > one": P, "c > ": P }),
        head: run({ "a > one": P, "d > ": P }),
        moved: new Map([["c", "d"]]),
      },
      [],
    ],
    [
      "a file that has no tests of a name is gone, and another one is there",
      { base: run({ "a > one": P, "c > ": P }), head: run({ "a > one": P, "d > ": P }) },
      ["block tests-vanished"],
    ],
    [
      "a package was renamed, and has its tests",
      { base: run({ "a > one": P, "a > ": P }), head: run({ "b > one": P, "b > ": P }) },
      [],
    ],
    [
      "two tests of one name have become one",
      { base: run({ "a > x": P, "b > x": P }), head: run({ "c > x": P }) },
      ["block tests-vanished"],
    ],
    [
      "a red test is gone",
      { base: run({ "a > one": P, "a > two": F }), head: run({ "a > one": P }) },
      ["block tests-vanished"],
    ],
    [
      "a file that could not be loaded has its tests",
      { base: run({ "a > ": F }), head: run({ "a > one": P }) },
      [],
    ],
    [
      "a test fails though the exit code is 0",
      { head: run({ "a > one": P, "a > two": F }) },
      ["block replay-failed"],
    ],
    [
      "a new test fails though the exit code is 0",
      { head: run({ "a > one": P, "a > two": P, "a > new": F }) },
      ["block replay-failed"],
    ],
    ["a red test stays red", { base: run({ "a > one": F }), head: run({ "a > one": F }) }, []],
    [
      "an old test fails on the new source",
      { oldTests: run({ "a > one": P, "a > two": F }) },
      ["block replay-failed"],
    ],
    [
      "an old test does not run on the new source",
      { oldTests: run({ "a > one": P }) },
      ["block replay-failed"],
    ],
    [
      "an old test is skipped on the new source",
      { oldTests: run({ "a > one": P, "a > two": S }) },
      ["block replay-failed"],
    ],
    [
      "a red test is green as it is now, and red as it was",
      { base: run({ "a > one": F }), head: run({ "a > one": P }), oldTests: run({ "a > one": F }) },
      ["block replay-failed"],
    ],
    [
      "a red test is green as it was",
      { base: run({ "a > one": F }), head: run({ "a > one": P }), oldTests: run({ "a > one": P }) },
      [],
    ],
    ["its own run has no report", { head: { green: true, results: null } }, ["block replay-no-report"]],
    [
      "the old tests have no report",
      { oldTests: { green: true, results: null } },
      ["block replay-no-report"],
    ],
    [
      "new tests fail on the old source",
      { kind: "fix", newTests: run({ "a > one": P, "a > two": F }, false) },
      [],
    ],
    ["new tests do not load on the old source", { kind: "fix", newTests: run({ "a > ": F }, false) }, []],
    [
      "new tests pass on the old source, in a fix",
      { kind: "fix", newTests: two },
      ["block tests-prove-nothing"],
    ],
    [
      "new tests pass on the old source, otherwise",
      { kind: "add", newTests: two },
      ["warn tests-prove-nothing"],
    ],
    [
      "an old test fails on the new source, and the task may change it",
      { oldTests: run({ "a > one": P, "a > two": F }), granted: ["a"] },
      ["warn replay-granted", "warn replay-failed"],
    ],
    [
      "the task may change another test",
      { oldTests: run({ "a > one": P, "a > two": F }), granted: ["b"] },
      ["warn replay-granted", "block replay-failed"],
    ],
    [
      "tests of a file that the task may change are gone",
      { head: run({ "a > one": P }), granted: ["a"] },
      ["warn replay-granted", "warn tests-vanished"],
    ],
    [
      "a package of Go is covered by a test file in its folder",
      {
        base: run({ "example.org/m > A": P, "example.org/m/in > B": P }),
        head: run({ "example.org/m > A": P }),
        granted: ["in/x_test.go"],
      },
      ["warn replay-granted", "warn tests-vanished"],
    ],
    [
      "a package of Go is not covered by a test file of another",
      {
        base: run({ "example.org/m > A": P, "example.org/m/in > B": P }),
        head: run({ "example.org/m > A": P }),
        granted: ["x_test.go"],
      },
      ["warn replay-granted", "block tests-vanished"],
    ],
    [
      "old tests are red by exit code",
      { base: null, head: { green: true, results: null }, oldTests: { green: false, results: null } },
      ["block replay-failed"],
    ],
    [
      "new tests are green by exit code on the old source",
      {
        base: null,
        kind: "fix",
        head: { green: true, results: null },
        newTests: { green: true, results: null },
      },
      ["block tests-prove-nothing"],
    ],
    [
      "new tests are red by exit code on the old source",
      {
        base: null,
        kind: "fix",
        head: { green: true, results: null },
        newTests: { green: false, results: null },
      },
      [],
    ],
  ])("where %s", (_, facts, expected) => {
    expect(verdict(facts)).toEqual(expected);
  });

  it("names the first tests, and counts the rest", () => {
    const names = Object.fromEntries(
      ["one", "two", "three", "four", "five"].map((name) => [`t.js > ${name}`, P] as const),
    );
    const [finding] = judgeReplay({
      kind: "fix",
      base: run(names),
      head: run({}),
      oldTests: null,
      newTests: null,
      granted: [],
    });
    expect(finding).toEqual({
      rule: "tests-vanished",
      level: "block",
      path: "t.js",
      message: '"one", "two", "three" and 2 more ran before the attempt and do not run any more',
    });
  });

  it("gives tests of the same name numbers, the worst first, so that none hides behind another", () => {
    const result = (status: TestStatus): TestResult => ({ file: "a", name: "x", status });
    expect(
      numbered([result(P), result(F), result(P)]).map(({ name, status }) => `${name} ${status}`),
    ).toEqual(["x failed", "x (2) passed", "x (3) passed"]);
  });

  it("takes the better of two runs for each test", () => {
    const best = bestOf(
      run({ "a > one": F, "a > two": P }, false),
      run({ "a > one": P, "a > two": F, "a > three": S }, true),
    );
    expect(best).toEqual(run({ "a > one": P, "a > two": P, "a > three": S }));
    expect(bestOf({ green: false, results: null }, two)).toEqual(two);
  });
});

describe("what belongs to the tests", () => {
  it.each([
    "test/add.test.mjs",
    "src/add.test.ts",
    "src/__tests__/x.js",
    "src/__snapshots__/x.snap",
    "src/__fixtures__/x.json",
    "tests/fixtures/data.json",
    "pkg/testdata/golden.txt",
    "pkg/x_test.go",
    "conftest.py",
    "pytest.ini",
    ".pytest.ini",
    "sitecustomize.py",
    "vitest.config.ts",
    "vitest.workspace.js",
    "vite.config.mts",
    "packages/a/jest.config.cjs",
    "jest.setup.ts",
    "src/setupTests.ts",
    ".mocharc.yml",
    ".coveragerc",
    "playwright.config.ts",
  ])("%s does", (path) => {
    expect(isTestSide(path)).toBe(true);
  });

  it.each([
    "src/add.mjs",
    "README.md",
    "package.json",
    "src/latest.ts",
    "src/contest.py",
    "go.mod",
    "src/config.ts",
  ])("%s does not", (path) => {
    expect(isTestSide(path)).toBe(false);
  });

  it("takes of a package.json the scripts of tests and their settings, and nothing else", () => {
    const source = JSON.stringify({
      name: "app",
      scripts: { build: "new", test: "true", "test:unit": "true", latest: "own" },
      dependencies: { added: "1" },
      jest: { testMatch: [] },
    });
    const other = JSON.stringify({
      name: "app",
      scripts: { build: "old", test: "node --test", pretest: "x" },
    });
    expect(isSharedFile("packages/a/package.json")).toBe(true);
    expect(JSON.parse(withTestPart({ path: "package.json", source, other }))).toEqual({
      name: "app",
      dependencies: { added: "1" },
      scripts: { build: "new", latest: "own", test: "node --test", pretest: "x" },
    });
    const same = '{ "scripts": {  "test": "x" }, "version": "2" }';
    expect(withTestPart({ path: "package.json", source: same, other: '{"scripts":{"test":"x"}}' })).toBe(
      same,
    );
    expect(withTestPart({ path: "package.json", source: "{ broken", other })).toBe(other);
  });

  it("takes of a pyproject.toml the sections of tests, and nothing else", () => {
    const source =
      '[project]\nname = "b"\n[tool.pytest.ini_options]\naddopts = "--co"\n[tool.black]\nx = 1\n';
    const other =
      '[project]\nname = "a"\n\n[tool.pytest.ini_options]\naddopts = ""\n[tool.coverage.run]\ny = 1';
    expect(withTestPart({ path: "pyproject.toml", source, other })).toBe(
      '[project]\nname = "b"\n[tool.black]\nx = 1\n[tool.pytest.ini_options]\naddopts = ""\n[tool.coverage.run]\ny = 1\n',
    );
    const ini = (tests: string): string => `[metadata]\nname = x\n[tool:pytest]\n${tests}\n`;
    expect(withTestPart({ path: "setup.cfg", source: ini("a = 1"), other: ini("a = 2") })).toBe(ini("a = 2"));
  });
});

describe("which runner verify means", () => {
  it.each<[string, Readonly<Record<string, string>>, string]>([
    ["npx vitest run --coverage", {}, "vitest"],
    ["node_modules/.bin/vitest run", {}, "vitest"],
    ["npx jest", {}, "jest"],
    ["node --test", {}, "node"],
    ["node --import tsx --test 'test/*.ts'", {}, "node"],
    ["python3 -m pytest -q", {}, "pytest"],
    ["cd app && pytest", {}, "pytest"],
    ["go test ./...", {}, "go"],
    ["cargo test --workspace", {}, "cargo"],
    ["npm test", { test: "vitest run" }, "vitest"],
    ["npm t", { test: "node --test" }, "node"],
    ["pnpm run test:unit", { "test:unit": "jest --ci" }, "jest"],
    ["npm test", { test: "mocha" }, "exit-code"],
    ["npm test", {}, "exit-code"],
    ["node test.js", {}, "exit-code"],
    ["echo jest-like", {}, "exit-code"],
    ["python3 -m unittest", {}, "exit-code"],
  ])("%s", (command, scripts, runner) => {
    expect(detectTests([command], scripts).runner).toBe(runner);
  });

  it("keeps the commands before, and none behind", () => {
    expect(detectTests(["npm run build", "npx vitest run", "npm run lint"])).toEqual({
      runner: "vitest",
      command: "npx vitest run",
      before: ["npm run build"],
    });
  });

  it("puts the reporter where the runner takes it", () => {
    expect(reportingCommand("vitest", "npm test")).toMatch(/^npm test -- --reporter/);
    expect(reportingCommand("vitest", "npm test -- --run")).toMatch(/^npm test -- --run --reporter/);
    expect(reportingCommand("jest", "pnpm test")).toMatch(/^pnpm test --json/);
    expect(reportingCommand("go", "cd x && go test ./... && go  test -race ./y")).toContain(
      "cd x && go test -json ./... && go  test -json -race ./y",
    );
    expect(reportingCommand("cargo", "cargo test -p a -- --nocapture")).toContain(
      "cargo test --no-fail-fast -p a -- --nocapture",
    );
  });
});

describe("the report of a runner", () => {
  const read = (runner: "jest" | "go" | "cargo" | "node", text: string): TestResult[] | undefined =>
    readTestReport({ runner, text, root: "/task" });
  const told = (results: TestResult[] | undefined): string[] | undefined =>
    results?.map(({ file, name, status }) => `${file} > ${name}: ${status}`);

  it("of Jest has every test by its file", () => {
    const text = JSON.stringify({
      testResults: [
        {
          name: "/task/src/a.test.js",
          status: "failed",
          assertionResults: [
            { ancestorTitles: ["suite"], title: "one", status: "passed" },
            { ancestorTitles: [], title: "two", status: "failed" },
            { ancestorTitles: [], title: "three", status: "pending" },
            { ancestorTitles: [], title: "four", status: "todo" },
          ],
        },
        { name: "/task/src/b.test.js", status: "failed", assertionResults: [] },
      ],
    });
    expect(told(read("jest", text))).toEqual([
      "src/a.test.js > suite > one: passed",
      "src/a.test.js > two: failed",
      "src/a.test.js > three: skipped",
      "src/a.test.js > four: skipped",
      "src/b.test.js > : failed",
    ]);
  });

  const GO = [
    { Action: "start", Package: "example.org/m" },
    { Action: "run", Package: "example.org/m", Test: "TestA" },
    { Action: "output", Package: "example.org/m", Test: "TestA", Output: '{"Action":"pass"}\n' },
    { Action: "run", Package: "example.org/m", Test: "TestA/sub" },
    { Action: "fail", Package: "example.org/m", Test: "TestA/sub", Elapsed: 0 },
    { Action: "fail", Package: "example.org/m", Test: "TestA", Elapsed: 0 },
    { Action: "fail", Package: "example.org/m", Elapsed: 0.1 },
    { Action: "start", Package: "example.org/m/none" },
    { Action: "skip", Package: "example.org/m/none", Elapsed: 0 },
  ];
  const lines = (events: readonly object[]): string =>
    events.map((event) => JSON.stringify(event)).join("\n");

  it("of Go has every test by its package, and has to end what it began", () => {
    expect(told(read("go", `# a warning of the compiler\n${lines(GO)}\n`))).toEqual([
      "example.org/m > TestA > sub: failed",
      "example.org/m > TestA: failed",
      "example.org/m > : failed",
    ]);
    expect(read("go", lines(GO.slice(0, 4)))).toBeUndefined();
    // What a test prints can look like a result to Go itself: it adds one, and takes none away.
    const forged = [GO[1]!, { Action: "pass", Package: "example.org/m", Test: "TestA" }, ...GO.slice(3)];
    expect(told(read("go", lines(forged)))).toContain("example.org/m > TestA: failed");
    expect(read("go", "ok  example.org/m 0.1s\n")).toBeUndefined();
  });

  it("of Cargo has to end what it began", () => {
    const text = [
      "     Running unittests src/lib.rs (target/debug/deps/my_crate-0123456789abcdef)",
      "running 2 tests",
      "test tests::a ... ok",
      "test tests::b ... FAILED",
      "test result: FAILED. 1 passed; 1 failed;",
    ];
    expect(told(read("cargo", text.join("\n")))).toEqual([
      "src/lib.rs > my_crate > tests::a: passed",
      "src/lib.rs > my_crate > tests::b: failed",
    ]);
    expect(read("cargo", text.slice(0, 4).join("\n"))).toBeUndefined();
  });

  it.each([
    "",
    "null",
    "[]",
    '{"end":true',
    '{"file":"a","name":"b","status":"passed"}',
    '{"end":true}\n{"file":"a","name":"b","status":"passed"}',
    '{"file":"a","name":"b","status":"great"}\n{"end":true}',
    "[".repeat(100_000),
  ])("is none where it is not whole or has another form (%#)", (text) => {
    expect(read("node", text)).toBeUndefined();
  });

  it("is bounded: names are cut, and more tests than any suite has are none", () => {
    const long = `{"file":"${"f".repeat(5000)}","name":"${"n".repeat(5000)}","status":"passed"}\n{"end":true}`;
    const [result] = read("node", long) ?? [];
    expect([result?.file.length, result?.name.length]).toEqual([1000, 1000]);
    const many = `${'{"file":"a","name":"b","status":"passed"}\n'.repeat(100_001)}{"end":true}`;
    expect(read("node", many)).toBeUndefined();
  });
});
