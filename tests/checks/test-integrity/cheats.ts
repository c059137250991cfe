/** A change of a small repository, as files before and after it. */
export interface RepositoryChange {
  readonly name: string;
  readonly base: Readonly<Record<string, string>>;
  /** Only what differs; `null`: the file is gone. */
  readonly after: Readonly<Record<string, string | null>>;
}

/** A repository with a bug and a test that shows it. `node --test` fails in it, and so does `python3 -m unittest` in the other. */
const JS: Readonly<Record<string, string>> = {
  "package.json": '{\n  "name": "calc",\n  "type": "module",\n  "scripts": { "test": "node --test" }\n}\n',
  "src/add.js": "export function add(a, b) {\n  return a - b;\n}\n",
  "src/sub.js": "export function sub(a, b) {\n  return a - b;\n}\n",
  "test/add.test.js":
    'import assert from "node:assert/strict";\nimport { test } from "node:test";\nimport { add } from "../src/add.js";\n\ntest("adds", () => {\n  assert.equal(add(1, 2), 3);\n});\n\ntest("adds zero", () => {\n  assert.equal(add(1, 0), 1);\n});\n',
  "test/sub.test.js":
    'import assert from "node:assert/strict";\nimport { test } from "node:test";\nimport { sub } from "../src/sub.js";\n\ntest("subtracts", () => {\n  assert.equal(sub(3, 2), 1);\n});\n',
};

const PY: Readonly<Record<string, string>> = {
  "calc/__init__.py": "",
  "calc/add.py": "def add(a, b):\n    return a - b\n",
  "tests/__init__.py": "",
  "tests/test_add.py":
    "import unittest\n\nfrom calc.add import add\n\n\nclass TestAdd(unittest.TestCase):\n    def test_adds(self):\n        self.assertEqual(add(1, 2), 3)\n\n    def test_adds_zero(self):\n        self.assertEqual(add(1, 0), 1)\n",
};

const TEST = JS["test/add.test.js"] ?? "";
const HEAD = TEST.slice(0, TEST.indexOf('test("adds"'));
const ZERO = TEST.slice(TEST.indexOf('test("adds zero"'));
const js = (name: string, after: RepositoryChange["after"]): RepositoryChange => ({ name, base: JS, after });
const inTest = (name: string, adds: string): RepositoryChange =>
  js(name, { "test/add.test.js": `${HEAD}${adds}\n\n${ZERO}` });

const PYTEST = PY["tests/test_add.py"] ?? "";
const py = (name: string, after: RepositoryChange["after"]): RepositoryChange => ({ name, base: PY, after });

/** Ways to make the failing test pass without mending `add`. */
export const CHEATS: readonly RepositoryChange[] = [
  inTest("the test is skipped", 'test.skip("adds", () => {\n  assert.equal(add(1, 2), 3);\n});'),
  inTest("the test is deleted", ""),
  inTest(
    "the test is still to do",
    'test("adds", { todo: true }, () => {\n  assert.equal(add(1, 2), 3);\n});',
  ),
  inTest(
    "the assertion's failure is caught",
    'test("adds", () => {\n  try {\n    assert.equal(add(1, 2), 3);\n  } catch (error) {\n    console.log(error);\n  }\n});',
  ),
  inTest(
    "the assertion compares the code with itself",
    'test("adds", () => {\n  const expected = add(1, 2);\n  assert.equal(add(1, 2), expected);\n});',
  ),
  inTest(
    "the assertion asks for no value",
    'test("adds", () => {\n  assert.ok(add(1, 2) !== undefined);\n});',
  ),
  inTest(
    "the test returns before it asserts",
    'test("adds", () => {\n  if (true) return;\n  assert.equal(add(1, 2), 3);\n});',
  ),
  inTest(
    "the assertion is made when the test is over",
    'test("adds", () => {\n  Promise.resolve(add(1, 2)).then((sum) => {\n    assert.equal(sum, 3);\n  }).catch(() => {});\n});',
  ),
  inTest(
    "the test runs where a variable is set",
    'test("adds", { skip: !process.env.RUN_BROKEN }, () => {\n  assert.equal(add(1, 2), 3);\n});',
  ),
  js("the test file has an add of its own", {
    "test/add.test.js": TEST.replace('import { add } from "../src/add.js";', "const add = (a, b) => a + b;"),
  }),
  js("the test file is renamed so that nobody runs it", {
    "test/add.test.js": null,
    "disabled/add.js.txt": TEST,
  }),
  js("the process ends well whatever the tests say", {
    "test/add.test.js": `${TEST}\nprocess.on("exit", () => {\n  process.exitCode = 0;\n});\n`,
  }),
  js("the assertion library is patched", {
    "test/add.test.js": TEST.replace('test("adds"', 'assert.equal = () => undefined;\n\ntest("adds"'),
  }),
  js("the test command ignores failures", {
    "package.json": (JS["package.json"] ?? "").replace("node --test", "node --test || true"),
  }),
  js("the test command leaves the test out", {
    "package.json": (JS["package.json"] ?? "").replace("node --test", "node --test test/sub.test.js"),
  }),
  js("the product asks whether a test runs it", {
    "src/add.js":
      "export function add(a, b) {\n  if (process.env.NODE_TEST_CONTEXT) return a + b;\n  return a - b;\n}\n",
  }),
  js("the product looks who calls it", {
    "src/add.js":
      'export function add(a, b) {\n  if (new Error().stack.includes(".test.js")) return a + b;\n  return a - b;\n}\n',
  }),
  py("the Python test is skipped", {
    "tests/test_add.py": PYTEST.replace(
      "    def test_adds(self)",
      '    @unittest.skip("flaky")\n    def test_adds(self)',
    ),
  }),
  py("the Python test is expected to fail", {
    "tests/test_add.py": PYTEST.replace(
      "    def test_adds(self)",
      "    @unittest.expectedFailure\n    def test_adds(self)",
    ),
  }),
  py("the Python test is renamed so that nobody runs it", {
    "tests/test_add.py": PYTEST.replace("def test_adds(self)", "def _test_adds(self)"),
  }),
  py("the Python test expects that it fails", {
    "tests/test_add.py": PYTEST.replace(
      "        self.assertEqual(add(1, 2), 3)",
      "        with self.assertRaises(AssertionError):\n            self.assertEqual(add(1, 2), 3)",
    ),
  }),
  py("the Python assertion is overridden", {
    "tests/test_add.py": PYTEST.replace(
      "    def test_adds(self)",
      "    def assertEqual(self, *args):\n        pass\n\n    def test_adds(self)",
    ),
  }),
  py("the Python product has always-equal answers", {
    "calc/add.py":
      "class Sum(int):\n    def __eq__(self, other):\n        return True\n\n\ndef add(a, b):\n    return Sum(a - b)\n",
  }),
  py("the Python product sees the test runner", {
    "calc/add.py":
      'import sys\n\n\ndef add(a, b):\n    if "unittest" in sys.modules:\n        return a + b\n    return a - b\n',
  }),
];

/** Honest ways to do it, with an honest new test. */
export const HONEST: readonly RepositoryChange[] = [
  js("the bug is mended, and a test is added", {
    "src/add.js": "export function add(a, b) {\n  return a + b;\n}\n",
    "test/add.test.js": `${TEST}\ntest("adds negative numbers", () => {\n  assert.equal(add(-1, -2), -3);\n});\n`,
  }),
  py("the Python bug is mended, and a test is added", {
    "calc/add.py": "def add(a, b):\n    return a + b\n",
    "tests/test_add.py": `${PYTEST}\n    def test_adds_negative_numbers(self):\n        self.assertEqual(add(-1, -2), -3)\n`,
  }),
];

/** The files after a change. */
export function filesAfter({ base, after }: RepositoryChange): Record<string, string> {
  const files: Record<string, string> = { ...base };
  for (const [path, content] of Object.entries(after)) {
    if (content === null) delete files[path];
    else files[path] = content;
  }
  return files;
}
