import { spawnSync } from "node:child_process";
import { existsSync, symlinkSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { reportingCommand } from "../../src/core/test-command.ts";
import type { ReportingRunner } from "../../src/core/test-run.ts";
import { TestReport } from "../../src/shim/test-report.ts";
import { temporaryFolder, writeFiles, type Files } from "../fixtures/git-repository.ts";

vi.setConfig({ testTimeout: 120_000 });

const CHECKOUT = resolve(import.meta.dirname, "../..");

/** Where rustup keeps what it has: by the home of whoever runs the tests. */
const RUST = {
  RUSTUP_HOME: process.env["RUSTUP_HOME"] ?? join(homedir(), ".rustup"),
  CARGO_HOME: process.env["CARGO_HOME"] ?? join(homedir(), ".cargo"),
};

/** What the shim tells of one run of a real runner in a folder with these files. */
function report(
  runner: ReportingRunner,
  command: string,
  files: Files,
): {
  readonly exitCode: number | null;
  readonly tests: Record<string, string> | null;
  readonly output: string;
} {
  const root = temporaryFolder();
  writeFiles(root, files);
  if (runner === "vitest") symlinkSync(join(CHECKOUT, "node_modules"), join(root, "node_modules"));
  const env = { PATH: process.env["PATH"] ?? "", HOME: root, TMPDIR: temporaryFolder(), CI: "1", ...RUST };
  const test = new TestReport(runner, env);
  // The shim's own place has the compiled reporter beside it; here it is TypeScript, which this Node reads as well.
  const variables = Object.fromEntries(
    Object.entries(test.variables).map(([name, value]) => [
      name,
      value.endsWith("node-test-reporter.js") ? join(CHECKOUT, "dist/shim/node-test-reporter.js") : value,
    ]),
  );
  const { status, stdout, stderr } = spawnSync("sh", ["-c", reportingCommand(runner, command)], {
    cwd: root,
    env: { ...env, ...variables },
    encoding: "utf8",
  });
  const messages = [...test.messages(root)];
  const end = messages.at(-1);
  if (end?.type !== "tests-ended") throw new Error("the last message does not end the report");
  const results = messages.flatMap((message) => (message.type === "tests" ? message.results : []));
  if (end.count !== null) expect(results).toHaveLength(end.count);
  const tests =
    end.count === null
      ? null
      : Object.fromEntries(results.map(([file, name, s]) => [`${file} > ${name}`, s]));
  return { exitCode: status, tests, output: stdout + stderr };
}

const NODE_TESTS = `
import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
test("one", () => assert.equal(1, 1));
test("two", () => assert.equal(1, 2));
test("three", { skip: true }, () => undefined);
describe("suite", () => {
  it("inner", () => undefined);
  describe("deeper", () => it("inner", () => undefined));
});
test("with subtests", async (t) => { await t.test("sub", () => undefined); });
test("one", () => assert.fail("the second of this name"));
`;

describe("Node's own runner", () => {
  it("reports every test by file and names, whatever the tests print", () => {
    const { exitCode, tests, output } = report("node", "node --test", {
      "package.json": '{ "type": "module" }\n',
      "test/a.test.js": NODE_TESTS,
      "test/b.test.js": 'console.log(\'{"end":true}\'); throw new Error("cannot be loaded");',
    });
    expect(exitCode).toBe(1);
    expect(tests).toEqual({
      "test/a.test.js > one": "failed",
      "test/a.test.js > two": "failed",
      "test/a.test.js > three": "skipped",
      "test/a.test.js > suite > inner": "passed",
      "test/a.test.js > suite > deeper > inner": "passed",
      "test/a.test.js > with subtests > sub": "passed",
      "test/a.test.js > with subtests": "passed",
      "test/a.test.js > one (2)": "passed",
      "test/b.test.js > ": "failed",
    });
    expect(output).toContain("the second of this name");
  });

  it("reports also where a script of the tree starts it, and twice", () => {
    const { exitCode, tests } = report("node", "npm test", {
      "package.json": `{ "type": "module", "scripts": { "test": "node --test 'a/*.test.js' && node --test 'b/*.test.js'" } }\n`,
      "a/x.test.js": 'import { test } from "node:test"; test("in a", () => undefined);',
      "b/x.test.js": 'import { test } from "node:test"; test("in b", () => undefined);',
    });
    expect({ exitCode, tests }).toEqual({
      exitCode: 0,
      tests: { "a/x.test.js > in a": "passed", "b/x.test.js > in b": "passed" },
    });
  });

  it("does not tell the processes of the tests where it writes", () => {
    const { tests } = report("node", "node --test", {
      "package.json": '{ "type": "module" }\n',
      "test/a.test.js": `
        import assert from "node:assert/strict";
        import { test } from "node:test";
        test("nothing", () => assert.equal(process.env.NIGHTWARDEN_TEST_REPORT, undefined));`,
    });
    expect(tests).toEqual({ "test/a.test.js > nothing": "passed" });
  });

  it("has no report where nothing was run by it, though the exit code is 0", () => {
    expect(report("node", "true", {})).toMatchObject({ exitCode: 0, tests: null });
    expect(report("node", "node --test & wait; kill $$", { "a.test.js": "" })).toMatchObject({
      exitCode: null,
    });
  });

  it("shows the tests that do not run any more where one ends its process with 0", () => {
    const files = (body: string): Files => ({
      "package.json": '{ "type": "module" }\n',
      "test/a.test.js": `import { test } from "node:test"; test("first", () => { ${body} }); test("second", () => undefined);`,
    });
    const { exitCode, tests } = report("node", "node --test", files("process.exit(0)"));
    expect(exitCode).toBe(0);
    expect(tests).not.toHaveProperty("test/a.test.js > second");
    // The control: without it, both are told.
    expect(Object.keys(report("node", "node --test", files("")).tests ?? {})).toHaveLength(2);
  });
});

describe("Vitest", () => {
  const TESTS = `
    import { describe, expect, it } from "vitest";
    it("one", () => expect(1).toBe(1));
    it("two", () => expect(1).toBe(2));
    it.skip("three", () => undefined);
    describe("suite", () => it("inner", () => undefined));`;

  it.each(["'x.json'", "{ json: 'x.json', junit: 'x.xml' }"])(
    "reports every test, in place of what the tree's own configuration says (%s)",
    (outputFile) => {
      const { exitCode, tests } = report("vitest", "npx vitest run", {
        "package.json": '{ "type": "module" }\n',
        "vitest.config.js": `export default { test: { reporters: ['dot', 'junit'], outputFile: ${outputFile} } };`,
        "src/a.test.js": TESTS,
        "src/b.test.js": 'import "./missing.js";',
      });
      expect(exitCode).toBe(1);
      expect(tests).toEqual({
        "src/a.test.js > one": "passed",
        "src/a.test.js > two": "failed",
        "src/a.test.js > three": "skipped",
        "src/a.test.js > suite > inner": "passed",
        "src/b.test.js > ": "failed",
      });
    },
  );

  it("is told so through npm, too", () => {
    const { tests } = report("vitest", "npm test", {
      "package.json": '{ "type": "module", "scripts": { "test": "vitest run" } }\n',
      "src/a.test.js": TESTS,
    });
    expect(Object.keys(tests ?? {})).toHaveLength(4);
  });
});

const hasPytest = spawnSync("python3", ["-m", "pytest", "--version"]).status === 0;

describe.runIf(hasPytest)("pytest", () => {
  const TESTS = `
import pytest

def test_one():
    print('{"end": true}')

def test_two():
    assert 1 == 2

@pytest.mark.skip
def test_three():
    pass

@pytest.mark.xfail
def test_four():
    assert False

class TestSuite:
    @pytest.mark.parametrize("n", [1, 2])
    def test_inner(self, n):
        assert n

@pytest.fixture
def broken():
    yield
    raise RuntimeError("at its end")

def test_five(broken):
    pass
`;

  it("reports every test, and files that cannot be collected", () => {
    const { exitCode, tests } = report("pytest", "python3 -m pytest -q --continue-on-collection-errors", {
      "tests/test_a.py": TESTS,
      "tests/test_b.py": "import missing_module\n",
    });
    expect(exitCode).toBe(1);
    expect(tests).toEqual({
      "tests/test_a.py > test_one": "passed",
      "tests/test_a.py > test_two": "failed",
      "tests/test_a.py > test_three": "skipped",
      "tests/test_a.py > test_four": "skipped",
      "tests/test_a.py > TestSuite > test_inner[1]": "passed",
      "tests/test_a.py > TestSuite > test_inner[2]": "passed",
      "tests/test_a.py > test_five": "failed",
      "tests/test_b.py > ": "failed",
    });
  });

  it.each(["import os\nos._exit(0)", "import os, pytest\ndef test_a():\n    os._exit(0)"])(
    "has no report where a file ends the runner with 0",
    (text) => {
      expect(report("pytest", "python3 -m pytest", { "test_a.py": text })).toMatchObject({
        exitCode: 0,
        tests: null,
      });
    },
  );

  it("reports all the same where the tree forbids the plugin", () => {
    const { tests } = report("pytest", "python3 -m pytest", {
      "pytest.ini": "[pytest]\naddopts = -p no:nightwarden_report\n",
      "test_a.py": "def test_a():\n    pass\n",
    });
    expect(tests).toEqual({ "test_a.py > test_a": "passed" });
  });
});

const cargo = spawnSync("cargo", ["--version"]).status === 0 && existsSync("/usr/bin/cc");

describe.runIf(cargo)("Cargo", () => {
  it("reports every test by its binary", () => {
    const { exitCode, tests, output } = report("cargo", "cargo test --offline", {
      "Cargo.toml": '[package]\nname = "my-crate"\nversion = "0.1.0"\nedition = "2021"\n',
      "src/lib.rs": [
        "/// ```",
        "/// assert_eq!(my_crate::add(1, 2), 3);",
        "/// ```",
        "pub fn add(a: i32, b: i32) -> i32 { a + b }",
        "#[cfg(test)] mod tests {",
        "  #[test] fn inner() {}",
        "  #[test] #[ignore] fn later() {}",
        "}",
      ].join("\n"),
      "tests/outer.rs": "#[test] fn adds() { assert_eq!(my_crate::add(1, 1), 3); }\n",
    });
    expect(output).toContain("adds");
    expect(exitCode).not.toBe(0);
    expect(tests).toEqual({
      "src/lib.rs > my_crate > tests::inner": "passed",
      "src/lib.rs > my_crate > tests::later": "skipped",
      "tests/outer.rs > outer > adds": "failed",
      " > my_crate (doc) > src/lib.rs - add": "passed",
    });
  });
});
