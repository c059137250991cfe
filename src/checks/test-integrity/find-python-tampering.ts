import { normalText } from "../../core/normal-text.ts";
import { eachStatement, type PythonStatement } from "../../core/python-lines.ts";
import type { Occurrence } from "../finder.ts";
import type { SourceFile } from "../source-file.ts";
import { pythonAssertions } from "./python-assertions.ts";
import { pythonTree } from "./read-python-tests.ts";

/** What makes Python's runner, assertions or subject something else than what they are. */
export function findPythonTampering(file: SourceFile): Occurrence[] {
  const tree = pythonTree(file);
  const found: Occurrence[] = [];
  const isConftest = /(?:^|\/)(?:conftest|pytest_plugins?|noxfile)\.py$/.test(file.path);
  const asserted = new Set<string>();
  const mocked: { readonly name: string; readonly statement: PythonStatement }[] = [];
  const imported = new Map<string, string>();
  const add = (rule: string, { text, line }: PythonStatement, message?: string, level?: "warn"): void => {
    found.push({
      rule,
      key: normalText(text).slice(0, 300),
      line,
      ...(message ? { message } : {}),
      ...(level ? { level } : {}),
    });
  };
  const context: Context = { add, isConftest, mocked, imported };
  eachStatement(tree, (statement, above, siblings) => {
    const { text } = statement;
    const from = /^from\s+([\w.]+)\s+import\s+(.*)$/s.exec(text);
    if (from)
      for (const name of (from[2] ?? "").replace(/[()]/g, "").split(","))
        imported.set(
          name
            .trim()
            .split(/\s+as\s+/)
            .at(-1) ?? "",
          from[1] ?? "",
        );
    const whole = /^import\s+(.*)$/s.exec(text);
    if (whole)
      for (const name of (whole[1] ?? "").split(","))
        imported.set(
          name
            .trim()
            .split(/\s+as\s+/)
            .at(-1) ?? "",
          name.trim().split(/\s+/)[0] ?? "",
        );
    if (/^assert\b|^self\.assert/.test(text))
      for (const { callee } of pythonAssertions(text, NO_VALUES)) asserted.add(callee);
    exits(statement, add);
    patches(statement, context);
    definitions(statement, above, siblings, context);
    undone(statement, above, add);
  });
  for (const { name, statement } of mocked) {
    // What is replaced in a conftest is replaced for tests that are elsewhere.
    if (isConftest)
      add(
        "tested-code-mocked",
        statement,
        "What is tested is replaced before any test runs.",
        statement.indent > 0 ? "warn" : undefined,
      );
    else if (statement.indent === 0 && !asserted.has(name))
      add("tested-code-mocked", statement, "Something is replaced for all tests of this file.", "warn");
    else if (asserted.has(name))
      add(
        "tested-code-mocked",
        statement,
        `What this file tests, "${name}", is replaced by the test's own answer.`,
      );
  }
  return found;
}

const NO_VALUES: ReadonlyMap<string, string> = new Map();

type Add = (rule: string, statement: PythonStatement, message?: string, level?: "warn") => void;

interface Context {
  readonly add: Add;
  readonly isConftest: boolean;
  readonly mocked: { readonly name: string; readonly statement: PythonStatement }[];
  readonly imported: ReadonlyMap<string, string>;
}

function exits(statement: PythonStatement, add: Add): void {
  const { text } = statement;
  if (
    /(?:^|[\s=(:])(?:os\._exit|os\.abort|os\.kill|os\.killpg|sys\.exit|pytest\.exit|signal\.raise_signal)\s*\(|^(?:exit|quit|_exit)\s*\(|^raise\s+(?:SystemExit|KeyboardInterrupt)\b/.test(
      text,
    )
  ) {
    const isMain = /__main__/.test(text);
    if (!isMain)
      add(
        "test-exits",
        statement,
        undefined,
        /os\.kill|raise\s+KeyboardInterrupt/.test(text) ? "warn" : undefined,
      );
  } else if (/^atexit\.register\s*\(|^sys\.(?:excepthook|settrace|setprofile)\b/.test(text)) {
    add(
      "test-exits",
      statement,
      "The test registers what runs at the process's end, where it can hide a failure.",
      "warn",
    );
  }
}

/** What takes a test away after it was defined, or changes how a runner is started. */
function undone(statement: PythonStatement, above: readonly PythonStatement[], add: Add): void {
  const { text } = statement;
  if (above.every((each) => /^class\b|^if\b|^else$|^try$/.test(each.text))) {
    if (
      /^del\s+(?:test|Test)\w*|^(?:globals|vars)\(\)(?:\.pop\(|\[)\s*["'](?:test|Test)|^(?:test_?\w*|Test\w*)\.(?:__test__|pytestmark|skip\w*|__unittest_skip__)\s*=|^setattr\(\s*(?:test|Test)\w*,/.test(
        text,
      )
    ) {
      add("collection-changed", statement, "A test is taken away after it was defined.");
    } else if (
      /^test_\w+\s*=\s*(?:None|False|0|pytest\.mark\.(?:skip|xfail)|unittest\.skip|lambda|object|print)/.test(
        text,
      )
    ) {
      add("collection-changed", statement, "A test is taken away after it was defined.");
    }
  }
  if (
    /environ(?:\[|\.setdefault\(|\.update\(|\.__setitem__\()?.{0,20}["'](?:PYTEST_\w+|PYTHONOPTIMIZE)["']|putenv\(\s*["']PYTEST/.test(
      text,
    )
  )
    add("collection-changed", statement, "How the test runner is started is changed.");
  if (above.length === 0 && /^__test__\s*=\s*(?:False|0|None)/.test(text)) {
    add("collection-changed", statement, "The module says of itself that it has no tests.");
  }
  if (/^failureException\s*=/.test(text))
    add("assertions-patched", statement, "What a failure is, is given another meaning.");
  if (/^pytest_plugins\s*[:=]/.test(text))
    add("collection-changed", statement, "A plugin of the test runner is loaded.", "warn");
  if (
    text.startsWith("pytest.importorskip(") &&
    (above.length === 0 || above.some((each) => /^(?:async\s+)?def\s+test/.test(each.text)))
  )
    add("test-born-skipped", statement, "This test is skipped where a module is missing.");
}

const RUNNER_NAMES = /^(?:pytest|unittest|approx|raises|TestCase|mock|AssertionError)$/;
const BUILTINS =
  /^(?:len|sorted|sum|isinstance|abs|round|all|any|str|int|float|list|dict|set|tuple|repr|print|assert_|eval|type)$/;

function patches(statement: PythonStatement, { add, isConftest, mocked, imported }: Context): void {
  const { text } = statement;
  const assigned = /^([A-Za-z_][\w.]*)\s*(?::[^=]+)?=(?!=)\s*(.*)$/s.exec(text);
  if (assigned) {
    const [, target = "", value = ""] = assigned;
    const [root = "", ...rest] = target.split(".");
    const last = rest.at(-1) ?? "";
    if (
      /^(?:pytest|unittest|builtins|_pytest|hamcrest)\.(?!register)\w/.test(target) ||
      /(?:^|\.)TestCase\.\w+$/.test(target) ||
      /^(?:assert\w+|failureException)$/.test(last)
    )
      add("assertions-patched", statement, `"${target}" is given another meaning.`);
    else if (
      rest.length === 0 &&
      RUNNER_NAMES.test(root) &&
      !/\b(?:import_module|importorskip|pytest|unittest|Mock|patch)\b/.test(value)
    )
      add("test-runner-shadowed", statement, `The file has its own "${root}" in place of the runner's.`);
    else if (rest.length === 0 && /^collect_ignore(?:_glob)?$/.test(root))
      add("collection-changed", statement);
    else if (
      /^__(?:eq|ne|bool|lt|gt|le|ge)__$/.test(rest.length === 0 ? root : last) &&
      /^lambda\b[^:]*:\s*(?:True|False|1|0)\s*$/.test(value)
    )
      add("always-equal", statement);
    else if (/^(?:pytest|_pytest|unittest|builtins)\b/.test(imported.get(root) ?? "") && rest.length > 1)
      add("assertions-patched", statement, `"${target}" is given another meaning.`);
    else if (rest.length === 0 && imported.has(root) && isAnswer(value))
      mocked.push({ name: root, statement });
    else if (
      rest.length > 0 &&
      (imported.has(root) || /^[a-z]/.test(root)) &&
      root !== "self" &&
      root !== "cls" &&
      isAnswer(value)
    )
      mocked.push({ name: last, statement });
    else if (rest.length === 0 && BUILTINS.test(root))
      add("assertions-patched", statement, `The builtin "${root}" is given another meaning.`, "warn");
  }
  if (/^(?:collect_ignore(?:_glob)?)\s*(?:\+=|\.)/.test(text)) add("collection-changed", statement);
  if (
    /^sys\.modules\s*\[.*\]\s*=|^sys\.modules\.(?:update|setdefault|__setitem__)\s*\(|^del\s+sys\.modules/s.test(
      text,
    )
  ) {
    add(
      "tested-code-mocked",
      statement,
      "A module is replaced by the test's own, for everything that imports it.",
      text.startsWith("del") || !isConftest ? "warn" : undefined,
    );
  }
  const setattr =
    /^(?:setattr\s*\(\s*([\w.]+)\s*,\s*["'](\w+)["']\s*,|(?:monkeypatch|mp|mocker|m)\.(?:setattr|patch|patch\.object)\s*\(\s*(?:["']([\w.]+)["']|([\w.]+)\s*,\s*["'](\w+)["'])\s*,?)(.*)$/s.exec(
      text,
    );
  if (setattr) {
    const name = setattr[2] ?? setattr[5] ?? setattr[3]?.split(".").at(-1) ?? "";
    const target = setattr[1] ?? setattr[4] ?? setattr[3] ?? "";
    if (/^(?:pytest|unittest|builtins)\b/.test(target) && text.startsWith("setattr"))
      add("assertions-patched", statement, `"${target}.${name}" is given another meaning.`);
    mocked.push({ name, statement });
  }
  const patch =
    /^(?:@|(?:async\s+)?with\s+.*?|\w+\s*=\s*)?(?:mock\.|unittest\.mock\.|mocker\.)?patch(?:\.object|\.dict|\.multiple)?\s*\(\s*(?:f?["']([\w.]+)["']|([\w.]+)\s*,\s*["'](\w+)["'])/s.exec(
      text,
    );
  if (patch && !setattr) {
    const name = patch[3] ?? patch[1]?.split(".").at(-1) ?? "";
    if (/return_value|side_effect|lambda|,\s*new\s*=|,\s*(?:Magic)?Mock|,\s*[\d"']/.test(text))
      mocked.push({ name, statement });
  }
}

function isAnswer(value: string): boolean {
  return (
    /^lambda\b/.test(value) ||
    /^(?:mock\.|unittest\.mock\.)?(?:Magic|Async)?Mock\s*\(/.test(value) ||
    /^(?:mock|mocker)\.\w+\(/.test(value)
  );
}

const BLOCKED_HOOKS =
  /^pytest_(?:runtest_\w+|collection\w*|collect_\w+|pycollect_\w+|itemcollected|sessionfinish|report_\w+|pyfunc_call|ignore_collect|deselected|exception_interact|assertion_pass|generate_tests|make_parametrize_id|cmdline_\w+|load_initial_conftests|unconfigure|terminal_summary|internalerror|keyboard_interrupt)$/;

function definitions(
  statement: PythonStatement,
  above: readonly PythonStatement[],
  siblings: readonly PythonStatement[],
  { add, isConftest, mocked, imported }: Context,
): void {
  const { text, children } = statement;
  const name = /^(?:async\s+)?(?:def|class)\s+(\w+)/.exec(text)?.[1];
  if (name === undefined) return;
  if (/^__(?:eq|ne|bool|lt|gt|le|ge|contains|instancecheck)__$/.test(name)) {
    const body = children.filter((each) => !/^["']/.test(each.text));
    if (
      body.length === 1 &&
      /^return\s+\(?(?:True|False|1|0)\)?$/.test(body[0]?.text ?? "") &&
      isAlways(name, body[0]?.text ?? "")
    )
      add("always-equal", statement);
  }
  if (above.length === 0) {
    if (RUNNER_NAMES.test(name))
      add("test-runner-shadowed", statement, `The file has its own "${name}" in place of the runner's.`);
    if (BLOCKED_HOOKS.test(name)) {
      const isSoft =
        /^pytest_(?:report_header|report_teststatus|collection_modifyitems|generate_tests|make_parametrize_id|terminal_summary|runtest_setup|collection_finish|collectstart|itemcollected|collect_file|cmdline_main|unconfigure)$/.test(
          name,
        ) && !spoils(children);
      add(
        "collection-changed",
        statement,
        `The hook "${name}" decides which tests run, or what became of them.`,
        isSoft ? "warn" : undefined,
      );
    } else if (/^pytest_(?:configure|addoption|sessionstart|plugin_registered)$/.test(name)) {
      add("collection-changed", statement, `The hook "${name}" changes the test runner.`, "warn");
    }
    if (imported.has(name) && /^[\w.]+$/.test(imported.get(name) ?? "") && text.startsWith("def"))
      mocked.push({ name, statement });
  }
  if (
    /^assert[A-Z_]/.test(name) &&
    above.some((each) => /^class\b/.test(each.text)) &&
    children.every((each) => /^(?:pass|return(?:\s+(?:True|None))?|\.\.\.|["'].*)$/s.test(each.text))
  ) {
    add("assertions-patched", statement, `"${name}" is made to assert nothing.`);
  }
  skipsAll(statement, name, siblings, add);
  if (/^load_tests$/.test(name) && above.length === 0) {
    add(
      "collection-changed",
      statement,
      "A function of the module decides which of its tests are run.",
      children.some(({ text: code }) => /\btests\b/.test(code)) ? "warn" : undefined,
    );
  }
  const isInClass = above.some((each) => /^class\b.*(?:Test|Case)/.test(each.text));
  if (
    isInClass &&
    /^(?:run|__call__|debug|_callTestMethod|doCleanups|countTestCases|defaultTestResult)$/.test(name)
  ) {
    add(
      "collection-changed",
      statement,
      `The test class has its own "${name}", which decides whether its tests are run.`,
      children.some(({ text: code }) => /super\(\)/.test(code)) ? "warn" : undefined,
    );
  }
  const index = siblings.indexOf(statement);
  const decorators = decoratorsBefore(siblings, index);
  if (decorators.some((decorator) => /\bautouse\s*=\s*True\b/.test(decorator))) {
    let code = text;
    eachStatement(children, (each) => {
      code += `\n${each.text}`;
    });
    if (
      /\b(?:monkeypatch|mocker|mp)\.(?:setattr|setitem|delattr|patch)|\bpatch(?:\.object)?\s*\(|sys\.modules|^setattr\s*\(/m.test(
        code,
      )
    ) {
      add(
        "tested-code-mocked",
        statement,
        "A fixture that every test uses, asked or not, changes what is tested.",
        isConftest &&
          /lambda|return_value|side_effect|Mock|setattr\([^,]*,\s*(?:["']\w+["']\s*,\s*)?(?:lambda|\w)/.test(
            code,
          )
          ? undefined
          : "warn",
      );
    }
  }
}

const SETUPS =
  /^(?:setUp|setUpClass|setUpModule|setUpTestData|asyncSetUp|setup|setup_method|setup_class|setup_module|setup_function)$/;

/** A fixture of every test, or a setup, that skips: nothing of what it belongs to is run. */
function skipsAll(
  statement: PythonStatement,
  name: string,
  siblings: readonly PythonStatement[],
  add: Add,
): void {
  const isAutouse = decoratorsBefore(siblings, siblings.indexOf(statement)).some((decorator) =>
    /\bautouse\s*=\s*True\b/.test(decorator),
  );
  if (!isAutouse && !SETUPS.test(name)) return;
  const skips = (each: PythonStatement): boolean =>
    /^(?:raise\s+)?(?:pytest\.|unittest\.|self\.|cls\.)?(?:skip|skipTest|SkipTest|xfail)\b\s*(?:\(|$)/.test(
      each.text,
    );
  let isConditional = false;
  eachStatement(statement.children, (each) => {
    if (skips(each)) isConditional = true;
  });
  if (statement.children.some(skips))
    add("collection-changed", statement, "What runs before each test skips it.");
  else if (isConditional)
    add("collection-changed", statement, "What runs before each test may skip it.", "warn");
}

/** `__eq__` that is always true, `__ne__` that never is. */
function isAlways(name: string, body: string): boolean {
  const isTrue = /True|1/.test(body);
  return name === "__ne__" ? !isTrue : isTrue;
}

function spoils(children: readonly PythonStatement[]): boolean {
  let found = false;
  eachStatement(children, ({ text }) => {
    if (
      /\bitems\s*\[:?.*\]\s*=|\bitems\.clear\(|\bdel\s+items|\bitems\.(?:remove|pop)|\.outcome\s*=|\.exitstatus\s*=|\.add_marker\s*\(.*(?:skip|xfail)|\.wasxfail|\.excinfo\s*=|["']passed["']|force_result|deselect|pytest\.skip|exitstatus/.test(
        text,
      )
    )
      found = true;
  });
  return found;
}

function decoratorsBefore(siblings: readonly PythonStatement[], index: number): string[] {
  const decorators: string[] = [];
  for (let at = index - 1; at >= 0 && siblings[at]?.text.startsWith("@"); at -= 1)
    decorators.push(siblings[at]?.text ?? "");
  return decorators;
}
