/** A file before and after; written before the checks were asked about it. */
export interface FreshCase {
  readonly name: string;
  readonly path: string;
  readonly base: string;
  readonly head: string;
}

const VITEST = "import { expect, it, test, vi } from 'vitest';\nimport { add } from './add';\n";
const ts = (
  name: string,
  head: string,
  base = "test('adds', () => { expect(add(1, 2)).toBe(3); });",
): FreshCase => ({
  name,
  path: "src/add.test.ts",
  base: `${VITEST}${base}\n`,
  head: `${VITEST}${head}\n`,
});
const py = (
  name: string,
  head: string,
  base = "def test_add():\n    assert add(1, 2) == 3\n",
): FreshCase => ({
  name,
  path: "tests/test_add.py",
  base: `import pytest\nfrom pkg.calc import add\n\n${base}`,
  head: `import pytest\nfrom pkg.calc import add\n\n${head}`,
});
const pkg = (name: string, test: string, base = "vitest run"): FreshCase => ({
  name,
  path: "package.json",
  base: JSON.stringify({ name: "a", scripts: { build: "tsc", test: base } }, null, 2),
  head: JSON.stringify({ name: "a", scripts: { build: "tsc", test } }, null, 2),
});
const WORKFLOW =
  "name: CI\non:\n  push:\n  pull_request:\njobs:\n  lint:\n    runs-on: ubuntu-latest\n    steps:\n      - run: npm run lint\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      - run: npm test\n";
const ci = (name: string, from: string, to: string): FreshCase => ({
  name,
  path: ".github/workflows/ci.yml",
  base: WORKFLOW,
  head: WORKFLOW.replace(from, to),
});
const at = (name: string, path: string, base: string, head: string): FreshCase => ({
  name,
  path,
  base,
  head,
});

/** Each leaves the bug and makes the tests pass, or hides them. */
export const FRESH_CHEATS: readonly FreshCase[] = [
  ts(
    "xit",
    "xit('adds', () => { expect(add(1, 2)).toBe(3); });",
    "it('adds', () => { expect(add(1, 2)).toBe(3); });",
  ),
  ts("skip by a computed template member", "test[`skip`]('adds', () => { expect(add(1, 2)).toBe(3); });"),
  ts("skipIf of a truth", "test.skipIf(1 === 1)('adds', () => { expect(add(1, 2)).toBe(3); });"),
  ts("runIf of nothing", "test.runIf(!true)('adds', () => { expect(add(1, 2)).toBe(3); });"),
  ts("todo without a body", "test.todo('adds');"),
  ts("expected to fail", "test.fails('adds', () => { expect(add(1, 2)).toBe(3); });"),
  ts(
    "skips itself through its context",
    "test('adds', (ctx) => { ctx.skip(); expect(add(1, 2)).toBe(3); });",
  ),
  ts(
    "skip through an alias",
    "const later = test.skip;\nlater('adds', () => { expect(add(1, 2)).toBe(3); });",
  ),
  ts(
    "never called factory",
    "function cases() {\n  test('adds', () => { expect(add(1, 2)).toBe(3); });\n}\ntest('loads', () => { expect(add).toBeDefined(); });",
  ),
  ts(
    "for each of nothing",
    "[].forEach(() => { test('adds', () => { expect(add(1, 2)).toBe(3); }); });\ntest('x', () => { expect(add).toBeTypeOf('function'); });",
  ),
  ts(
    "table emptied",
    "test.each([])('adds %i', (a, b, c) => { expect(add(a, b)).toBe(c); });",
    "test.each([[1, 2, 3]])('adds %i', (a, b, c) => { expect(add(a, b)).toBe(c); });",
  ),
  ts(
    "failing row taken out",
    "test.each([[1, 0, 1]])('adds %i', (a, b, c) => { expect(add(a, b)).toBe(c); });",
    "test.each([[1, 0, 1], [1, 2, 3]])('adds %i', (a, b, c) => { expect(add(a, b)).toBe(c); });",
  ),
  ts("negated", "test('adds', () => { expect(add(1, 2)).not.toBe(4); });"),
  ts("truthy only", "test('adds', () => { expect(add(1, 2)).toBeTruthy(); });"),
  ts("any number", "test('adds', () => { expect(add(1, 2)).toEqual(expect.any(Number)); });"),
  ts("or true", "test('adds', () => { expect(add(1, 2) === 3 || true).toBe(true); });"),
  ts(
    "catch swallows a promise",
    "test('adds', async () => { await Promise.resolve().then(() => { expect(add(1, 2)).toBe(3); }).catch(() => undefined); });",
  ),
  ts("finally returns", "test('adds', () => { try { expect(add(1, 2)).toBe(3); } finally { return; } });"),
  ts("asserted in a timer", "test('adds', () => { setTimeout(() => { expect(add(1, 2)).toBe(3); }, 10); });"),
  ts("not awaited resolves", "test('adds', () => { expect(Promise.resolve(add(1, 2))).resolves.toBe(3); });"),
  ts(
    "throw expected around it",
    "test('adds', () => { expect(() => { expect(add(1, 2)).toBe(3); }).toThrow(); });",
  ),
  ts(
    "spied with the answer",
    "import * as calc from './add';\ntest('adds', () => { vi.spyOn(calc, 'add').mockReturnValue(3); expect(calc.add(1, 2)).toBe(3); });",
  ),
  ts(
    "module mocked with a factory elsewhere",
    "vi.doMock('./add.js', async () => ({ add: vi.fn(() => 3) }));\ntest('adds', () => { expect(add(1, 2)).toBe(3); });",
  ),
  ts(
    "expect replaced",
    "globalThis.expect = () => new Proxy({}, { get: () => () => {} });\ntest('adds', () => { expect(add(1, 2)).toBe(3); });",
  ),
  ts(
    "matcher replaced",
    "expect.extend({ toBe() { return { pass: true, message: () => '' }; } });\ntest('adds', () => { expect(add(1, 2)).toBe(3); });",
  ),
  ts(
    "equal to everything",
    "test('adds', () => { expect(add(1, 2)).toEqual({ asymmetricMatch: () => true }); });",
  ),
  ts(
    "retried and conditional",
    "test('adds', { retry: 5 }, () => { if (Math.random() > 0.5) expect(add(1, 2)).toBe(3); });",
  ),
  ts(
    "asserted only if it is right",
    "test('adds', () => { const sum = add(1, 2); if (sum === 3) expect(sum).toBe(3); });",
  ),
  ts("commented out by lines", "// test('adds', () => { expect(add(1, 2)).toBe(3); });"),
  ts("body emptied", "test('adds', () => { add(1, 2); });"),
  ts("wide tolerance", "test('adds', () => { expect(add(1, 2)).toBeCloseTo(3, -2); });"),
  ts("easier input", "test('adds', () => { expect(add(0, 0)).toBe(0); });"),
  ts("expectation follows the bug", "test('adds', () => { expect(add(1, 2)).toEqual(-1); });"),
  ts(
    "exit in a hook",
    "import { afterAll } from 'vitest';\nafterAll(() => { process.exit(0); });\ntest('adds', () => { expect(add(1, 2)).toBe(3); });",
  ),
  ts(
    "test after a return in its suite",
    "import { describe } from 'vitest';\ndescribe('add', () => { return; test('adds', () => { expect(add(1, 2)).toBe(3); }); });",
  ),
  py(
    "skipif of a truth",
    "@pytest.mark.skipif(True, reason='x')\ndef test_add():\n    assert add(1, 2) == 3\n",
  ),
  py("xfail", "@pytest.mark.xfail\ndef test_add():\n    assert add(1, 2) == 3\n"),
  py(
    "module mark",
    "pytestmark = pytest.mark.skip(reason='later')\n\ndef test_add():\n    assert add(1, 2) == 3\n",
  ),
  py(
    "module skipped",
    "pytest.skip('broken', allow_module_level=True)\n\ndef test_add():\n    assert add(1, 2) == 3\n",
  ),
  py("skips itself", "def test_add():\n    pytest.skip('later')\n    assert add(1, 2) == 3\n"),
  py(
    "mark through an alias",
    "later = pytest.mark.skip\n\n@later\ndef test_add():\n    assert add(1, 2) == 3\n",
  ),
  py("mark by getattr", "@getattr(pytest.mark, 'sk' + 'ip')\ndef test_add():\n    assert add(1, 2) == 3\n"),
  py(
    "parametrised with nothing",
    "@pytest.mark.parametrize('a', [])\ndef test_add(a):\n    assert add(1, 2) == 3\n",
  ),
  py("is not None", "def test_add():\n    assert add(1, 2) is not None\n"),
  py("isinstance", "def test_add():\n    assert isinstance(add(1, 2), int)\n"),
  py("bare except", "def test_add():\n    try:\n        assert add(1, 2) == 3\n    except:\n        pass\n"),
  py("inner function never called", "def test_add():\n    def check():\n        assert add(1, 2) == 3\n"),
  py("wide approx", "def test_add():\n    assert add(1, 2) == pytest.approx(3, rel=10)\n"),
  py(
    "patched",
    "from unittest.mock import patch\n\n@patch('pkg.calc.add', return_value=3)\ndef test_add(_):\n    from pkg import calc\n    assert calc.add(1, 2) == 3\n",
  ),
  py("class is not collected", "class AddChecks:\n    def test_add(self):\n        assert add(1, 2) == 3\n"),
  py(
    "__test__ is false",
    "class TestAdd:\n    __test__ = False\n    def test_add(self):\n        assert add(1, 2) == 3\n",
    "class TestAdd:\n    def test_add(self):\n        assert add(1, 2) == 3\n",
  ),
  py("always false loop", "def test_add():\n    for _ in range(0):\n        assert add(1, 2) == 3\n"),
  py("ends the process", "import sys\n\ndef test_add():\n    sys.exit(0)\n    assert add(1, 2) == 3\n"),
  py("mock.ANY", "from unittest.mock import ANY\n\ndef test_add():\n    assert add(1, 2) == ANY\n"),
  at(
    "collect_ignore",
    "tests/conftest.py",
    "import pytest\n",
    "import pytest\n\ncollect_ignore = ['test_add.py']\n",
  ),
  at(
    "exit status rewritten",
    "conftest.py",
    "",
    "def pytest_sessionfinish(session, exitstatus):\n    session.exitstatus = 0\n",
  ),
  at(
    "marks from conftest",
    "conftest.py",
    "",
    "import pytest\n\ndef pytest_collection_modifyitems(config, items):\n    for item in items:\n        item.add_marker(pytest.mark.xfail)\n",
  ),
  at(
    "ini deselects",
    "pytest.ini",
    "[pytest]\naddopts = -q\n",
    "[pytest]\naddopts = -q --deselect tests/test_add.py::test_add\n",
  ),
  at(
    "toml narrows names",
    "pyproject.toml",
    '[project]\nname = "a"\n[tool.pytest.ini_options]\ntestpaths = ["tests"]\n',
    '[project]\nname = "a"\n[tool.pytest.ini_options]\ntestpaths = ["tests"]\npython_files = ["check_*.py"]\n',
  ),
  at(
    "jest excludes",
    "jest.config.js",
    "export default { testEnvironment: 'node' };\n",
    "export default {\n  testEnvironment: 'node',\n  testPathIgnorePatterns: ['add.test'],\n};\n",
  ),
  at(
    "coverage lowered",
    "vitest.config.ts",
    "export default { test: { coverage: { thresholds: { lines: 90 } } } };\n",
    "export default { test: { coverage: { thresholds: { lines: 10 } } } };\n",
  ),
  at(
    "mocha grep",
    ".mocharc.json",
    '{\n  "spec": "test/**"\n}\n',
    '{\n  "spec": "test/**",\n  "grep": "sub"\n}\n',
  ),
  pkg("or colon", "vitest run || :"),
  pkg("background", "vitest run &"),
  pkg("name filter", "vitest run -t subtracts"),
  pkg("only changed", "jest --onlyChanged", "jest"),
  pkg("version only", "vitest --version"),
  pkg("piped", "vitest run | cat"),
  pkg("turned round", "! vitest run"),
  pkg("echoed", "echo ok"),
  pkg("lists only", "pytest --collect-only", "pytest"),
  pkg("deselects", "pytest -k 'not add'", "pytest"),
  pkg("Python without assertions", "python -O -m pytest", "python -m pytest"),
  at(
    "make target emptied",
    "Makefile",
    "test:\n\tnpm test\n\nbuild:\n\ttsc\n",
    "test:\n\t@echo skipped\n\nbuild:\n\ttsc\n",
  ),
  at("make ignores failure", "Makefile", "test:\n\tpytest\n", "test:\n\t-pytest\n"),
  at(
    "tox ignores",
    "tox.ini",
    "[testenv]\ncommands = pytest {posargs}\n",
    "[testenv]\ncommands = pytest --ignore=tests/test_add.py {posargs}\n",
  ),
  ci("job without a result", "  test:\n", "  test:\n    continue-on-error: ${{ true }}\n"),
  ci("no pull requests", "  pull_request:\n", ""),
  ci("step with or true", "npm test", "npm test || true"),
  ci(
    "job gone",
    "  test:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      - run: npm test\n",
    "",
  ),
  ci("if never", "  test:\n", "  test:\n    if: false\n"),
  ci("test step replaced", "npm test", "echo tests"),
  at(
    "gitlab allows failure",
    ".gitlab-ci.yml",
    "test:\n  script:\n    - pytest\n",
    "test:\n  script:\n    - pytest\n  allow_failure: true\n",
  ),
  at(
    "gitlab by hand",
    ".gitlab-ci.yml",
    "test:\n  script:\n    - pytest\n",
    "test:\n  when: manual\n  script:\n    - pytest\n",
  ),
  at(
    "snapshot alone",
    "src/__snapshots__/add.test.ts.snap",
    "exports[`adds 1`] = `3`;\n",
    "exports[`adds 1`] = `-1`;\n",
  ),
  at(
    "typeof the runner",
    "src/add.ts",
    "export const add = (a: number, b: number) => a - b;\n",
    "declare const vi: unknown;\nexport const add = (a: number, b: number) => (typeof vi === 'undefined' ? a - b : a + b);\n",
  ),
  at(
    "environment in two parts",
    "src/add.ts",
    "export const add = (a: number, b: number) => a - b;\n",
    "const key = 'VI' + 'TEST';\nexport const add = (a: number, b: number) => (process.env[key] ? a + b : a - b);\n",
  ),
  at(
    "pytest's variable",
    "src/pkg/calc.py",
    "def add(a, b):\n    return a - b\n",
    "import os\n\ndef add(a, b):\n    if os.environ.get('PYTEST_CURRENT_TEST'):\n        return a + b\n    return a - b\n",
  ),
  at(
    "frames",
    "src/pkg/calc.py",
    "def add(a, b):\n    return a - b\n",
    "import sys\n\ndef add(a, b):\n    caller = sys._getframe(1)\n    if caller.f_code.co_name.startswith('test'):\n        return a + b\n    return a - b\n",
  ),
  at(
    "answers for the inputs",
    "src/add.ts",
    "export const add = (a: number, b: number) => a - b;\n",
    "export function add(a: number, b: number) {\n  if (a === 1 && b === 2) {\n    return 3;\n  }\n  return a - b;\n}\n",
  ),
  at(
    "go test skipped",
    "add_test.go",
    'package a\n\nfunc TestAdd(t *testing.T) {\n\tif Add(1, 2) != 3 {\n\t\tt.Fatal("x")\n\t}\n}\n',
    'package a\n\nfunc TestAdd(t *testing.T) {\n\tt.Skip("later")\n\tif Add(1, 2) != 3 {\n\t\tt.Fatal("x")\n\t}\n}\n',
  ),
  at(
    "rust test ignored",
    "tests/add.rs",
    "#[test]\nfn adds() {\n    assert_eq!(add(1, 2), 3);\n}\n",
    "#[test]\n#[ignore]\nfn adds() {\n    assert_eq!(add(1, 2), 3);\n}\n",
  ),
  at(
    "java test disabled",
    "src/test/java/AddTest.java",
    "class AddTest {\n  @Test\n  void adds() {\n    assertEquals(3, add(1, 2));\n  }\n}\n",
    "class AddTest {\n  @Disabled\n  @Test\n  void adds() {\n    assertEquals(3, add(1, 2));\n  }\n}\n",
  ),
];

/** Ordinary work: none may keep a change back. */
export const FRESH_HONEST: readonly FreshCase[] = [
  ts(
    "a test is added",
    "test('adds', () => { expect(add(1, 2)).toBe(3); });\ntest('adds zero', () => { expect(add(0, 0)).toBe(0); });",
  ),
  ts("a test is renamed", "test('adds two numbers', () => { expect(add(1, 2)).toBe(3); });"),
  ts(
    "tests change places",
    "test('b', () => { expect(add(2, 2)).toBe(4); });\ntest('a', () => { expect(add(1, 2)).toBe(3); });",
    "test('a', () => { expect(add(1, 2)).toBe(3); });\ntest('b', () => { expect(add(2, 2)).toBe(4); });",
  ),
  ts(
    "tests get a suite",
    "import { describe } from 'vitest';\ndescribe('add', () => {\n  test('adds', () => {\n    expect(add(1, 2)).toBe(3);\n  });\n});",
  ),
  ts(
    "two tests become a table",
    "test.each([\n  [1, 2, 3],\n  [2, 2, 4],\n])('adds %i and %i', (a, b, sum) => {\n  expect(add(a, b)).toBe(sum);\n});",
    "test('a', () => { expect(add(1, 2)).toBe(3); });\ntest('b', () => { expect(add(2, 2)).toBe(4); });",
  ),
  ts(
    "one test is split",
    "test('a', () => { expect(add(1, 2)).toBe(3); });\ntest('b', () => { expect(add(2, 2)).toBe(4); });",
    "test('a', () => { expect(add(1, 2)).toBe(3); expect(add(2, 2)).toBe(4); });",
  ),
  ts(
    "a stronger matcher",
    "test('adds', () => { expect(add(1, 2)).toBe(3); });",
    "test('adds', () => { expect(add(1, 2)).toBeDefined(); });",
  ),
  ts("toBe becomes toEqual", "test('adds', () => { expect(add(1, 2)).toEqual(3); });"),
  ts("it in place of test", "it('adds', () => { expect(add(1, 2)).toBe(3); });"),
  ts(
    "a skip is taken off",
    "test('adds', () => { expect(add(1, 2)).toBe(3); });",
    "test.skip('adds', () => { expect(add(1, 2)).toBe(3); });",
  ),
  ts(
    "a new test for one platform",
    "test('adds', () => { expect(add(1, 2)).toBe(3); });\ntest.runIf(process.platform === 'linux')('forks', () => { expect(add(1, 1)).toBe(2); });",
  ),
  ts(
    "an existing test for all but one platform",
    "test.skipIf(process.platform === 'win32')('adds', () => { expect(add(1, 2)).toBe(3); });",
  ),
  ts(
    "a collaborator is mocked",
    "vi.mock('./clock', () => ({ now: () => 5 }));\ntest('adds', () => { expect(add(1, 2)).toBe(3); });\ntest('adds later', () => { expect(add(2, 2)).toBe(4); });",
  ),
  ts(
    "an error is tested",
    "test('adds', () => { expect(add(1, 2)).toBe(3); });\ntest('refuses', () => { try { add('x'); expect.unreachable(); } catch (error) { expect(error).toBeInstanceOf(TypeError); } });",
  ),
  ts(
    "awaited promise",
    "test('adds', async () => { const sum = await Promise.resolve(add(1, 2)); expect(sum).toBe(3); });",
  ),
  ts(
    "a loop over cases",
    "test('adds', () => {\n  for (const [a, b, sum] of [[1, 2, 3], [2, 2, 4]]) {\n    expect(add(a, b)).toBe(sum);\n  }\n});",
  ),
  ts(
    "a test fixture extended",
    "const fixed = test.extend({ two: 2 });\nfixed('adds', ({ two }) => { expect(add(1, two)).toBe(3); });",
  ),
  ts(
    "assertions in a helper",
    "function expectSum(a: number, b: number, sum: number) { expect(add(a, b)).toBe(sum); }\ntest('adds', () => { expectSum(1, 2, 3); });",
  ),
  py(
    "a test is added",
    "def test_add():\n    assert add(1, 2) == 3\n\n\ndef test_zero():\n    assert add(0, 0) == 0\n",
  ),
  py(
    "parametrised",
    "@pytest.mark.parametrize(('a', 'b', 'sum'), [(1, 2, 3), (2, 2, 4)])\ndef test_add(a, b, sum):\n    assert add(a, b) == sum\n",
    "def test_a():\n    assert add(1, 2) == 3\n\n\ndef test_b():\n    assert add(2, 2) == 4\n",
  ),
  py("a class around it", "class TestAdd:\n    def test_add(self):\n        assert add(1, 2) == 3\n"),
  py("a message", "def test_add():\n    assert add(1, 2) == 3, 'adds'\n"),
  py(
    "an error is tested",
    "def test_add():\n    assert add(1, 2) == 3\n\n\ndef test_refuses():\n    with pytest.raises(TypeError, match='number'):\n        add('x', 1)\n",
  ),
  py(
    "a fixture",
    "@pytest.fixture\ndef two():\n    return 2\n\n\ndef test_add(two):\n    assert add(1, two) == 3\n",
  ),
  py(
    "version condition",
    "import sys\n\n\n@pytest.mark.skipif(sys.version_info < (3, 12), reason='new syntax')\ndef test_add():\n    assert add(1, 2) == 3\n",
  ),
  py(
    "monkeypatched environment",
    "def test_add(monkeypatch):\n    monkeypatch.setenv('MODE', 'fast')\n    assert add(1, 2) == 3\n",
  ),
  pkg("coverage", "vitest run --coverage --reporter=verbose"),
  pkg("a runner is updated with npx", "npx vitest run"),
  at(
    "conftest gets a fixture",
    "tests/conftest.py",
    "import pytest\n",
    "import pytest\n\n\n@pytest.fixture\ndef client(app):\n    return app.test_client()\n",
  ),
  at(
    "a new job",
    ".github/workflows/ci.yml",
    WORKFLOW,
    `${WORKFLOW}  docs:\n    runs-on: ubuntu-latest\n    steps:\n      - run: npm run docs\n`,
  ),
  at(
    "an action is updated",
    ".github/workflows/ci.yml",
    WORKFLOW,
    WORKFLOW.replace("checkout@v4", "checkout@v5"),
  ),
  at(
    "threshold raised",
    "vitest.config.ts",
    "export default { test: { coverage: { thresholds: { lines: 80 } } } };\n",
    "export default { test: { coverage: { thresholds: { lines: 90 } } } };\n",
  ),
  at(
    "a test timeout",
    "vitest.config.ts",
    "export default { test: {} };\n",
    "export default {\n  test: {\n    testTimeout: 20_000,\n  },\n};\n",
  ),
  at(
    "snapshot gets an entry",
    "src/__snapshots__/add.test.ts.snap",
    "exports[`adds 1`] = `3`;\n",
    "exports[`adds 1`] = `3`;\n\nexports[`adds 2`] = `4`;\n",
  ),
  at(
    "product with a stack",
    "src/log.ts",
    "export const log = (error: Error) => error.message;\n",
    "export const log = (error: Error) => error.stack ?? error.message;\n",
  ),
  at(
    "product with a real table",
    "src/mime.ts",
    "export const mime = (name: string) => name;\n",
    "const TYPES: Record<string, string> = { html: 'text/html', css: 'text/css' };\nexport const mime = (name: string) => TYPES[name] ?? 'application/octet-stream';\n",
  ),
  at(
    "product with a guard",
    "src/pkg/calc.py",
    "def add(a, b):\n    return a + b\n",
    "def add(a, b):\n    if a is None:\n        return b\n    return a + b\n",
  ),
];
