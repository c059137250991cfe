import { normalText } from "../../core/normal-text.ts";
import {
  eachStatement,
  pythonStatements,
  splitTopLevel,
  type PythonStatement,
} from "../../core/python-lines.ts";
import type { Assertion, TestCase, TestState } from "../../core/test-case.ts";
import type { Occurrence } from "../finder.ts";
import type { SourceFile } from "../source-file.ts";
import { pythonAssertions, truthOf } from "./python-assertions.ts";
import { pythonHindrance } from "./python-reach.ts";
import { decoratorState, moduleMark, type MarkNames } from "./python-marks.ts";
import type { TestFacts } from "./test-facts.ts";

export function pythonTree(file: SourceFile): readonly PythonStatement[] {
  return file.tree("python-statements", () => pythonStatements(file.text));
}

/** The tests of a Python file, as pytest and unittest collect them, and the assertions in it that can fail nothing. */
export function readPythonTests(file: SourceFile): TestFacts {
  return file.once("test-facts", () => read(file));
}

interface Definition {
  readonly statement: PythonStatement;
  readonly decorators: readonly string[];
  readonly classes: readonly {
    readonly name: string;
    readonly decorators: readonly string[];
    readonly statement: PythonStatement;
  }[];
  readonly state: TestState;
}

function read(file: SourceFile): TestFacts {
  const tree = pythonTree(file);
  const smells: Occurrence[] = [];
  const tests: TestCase[] = [];
  const module = moduleMark(tree);
  for (const definition of testFunctions(tree, module.names)) {
    const { test, found } = readTest(file, definition, module.names);
    const state = test.state === "runs" ? (module.state ?? "runs") : test.state;
    tests.push({ ...test, state });
    smells.push(...found);
  }
  smells.push(...duplicates(tests));
  return { tests, smells };
}

/** Of a statement, what calls and literals are looked for in. */
const MAX_CHARS = 4000;
const DEFINITION = /^(?:async\s+)?def\s+(\w+)\s*\(/;

/** Functions that are collected as tests: those of a name like that, in the module or in a class that is collected. */
function testFunctions(tree: readonly PythonStatement[], names: MarkNames): Definition[] {
  const found: Definition[] = [];
  const look = (
    siblings: readonly PythonStatement[],
    classes: Definition["classes"],
    state: TestState,
    depth: number,
  ): void => {
    let decorators: string[] = [];
    for (const [index, statement] of siblings.entries()) {
      const { text } = statement;
      if (text.startsWith("@")) {
        decorators.push(text.slice(1));
        continue;
      }
      const name = DEFINITION.exec(text)?.[1];
      const className = /^class\s+(\w+)/.exec(text)?.[1];
      if (name !== undefined && name.startsWith("test")) {
        found.push({ statement, decorators, classes, state });
      } else if (className !== undefined && depth < 4 && isCollected(statement, className)) {
        look(statement.children, [...classes, { name: className, decorators, statement }], state, depth + 1);
      } else if (/^(?:if|elif|else|try|except|with|for)\b/.test(text) && depth < 6) {
        look(statement.children, classes, branchState(statement, siblings, index, state, names), depth + 1);
      }
      decorators = [];
    }
  };
  look(tree, [], "runs", 0);
  return found;
}

function branchState(
  statement: PythonStatement,
  siblings: readonly PythonStatement[],
  index: number,
  state: TestState,
  names: MarkNames,
): TestState {
  const { text } = statement;
  if (state !== "runs") return state;
  const condition = /^(?:if|elif)\s+(.*)$/s.exec(text)?.[1];
  if (condition !== undefined) {
    const truth = truthOf(condition, names.values);
    if (truth !== undefined) return truth ? "runs" : "unreachable";
    return isAboutPlatform(condition, names) ? "on-platform" : "conditional";
  }
  if (text === "else")
    return branchState(siblings[index - 1] ?? statement, [], 0, state, names) === "unreachable"
      ? "runs"
      : "on-platform";
  const [, list] = /^for\s+.*?\sin\s+(.*)$/s.exec(text) ?? [];
  return list !== undefined && truthOf(list, names.values) === false ? "unreachable" : "runs";
}

/** pytest leaves out a class that has a constructor, and both leave out one that says it is no test. */
function isCollected(statement: PythonStatement, name: string): boolean {
  const isCase = /\(.*Test.*\)/s.test(statement.text) || /\(.*Case.*\)/s.test(statement.text);
  if (!isCase && !name.startsWith("Test")) return false;
  return !statement.children.some(({ text }) => {
    if (/^__test__\s*=\s*(?:False|0|None)/.test(text)) return true;
    return !isCase && /^(?:async\s+)?def\s+__(?:init|new)__\b/.test(text);
  });
}

const PLATFORM =
  /\b(?:sys\.platform|sys\.version_info|sys\.version|platform\.\w+|os\.name|sys\.implementation|PY\d\w*|PYPY|IS_PYPY|WINDOWS|WIN32|IS_WIN\w*|MACOS|LINUX|is_windows|has_\w+|HAS_\w+|sys\.maxsize|shutil\.which|importlib\.util\.find_spec|\w+\.__version__|version_info)\b/;

export function isAboutPlatform(condition: string, names: MarkNames): boolean {
  if (PLATFORM.test(condition)) return true;
  const bound = names.values.get(condition.trim().replace(/^not\s+/, ""));
  return bound !== undefined && PLATFORM.test(bound);
}

function readTest(
  file: SourceFile,
  definition: Definition,
  names: MarkNames,
): { test: TestCase; found: Occurrence[] } {
  const { statement, classes, decorators } = definition;
  const title = DEFINITION.exec(statement.text)?.[1] ?? "";
  const id = [...classes.map(({ name }) => name), title].join("::");
  const values = valuesOf(statement, names.values);
  const assertions: Assertion[] = [];
  const calls = new Set<string>();
  const literals: string[] = [];
  const found: Occurrence[] = [];
  const parts: string[] = [];
  const end = endOfTest(statement);
  eachStatement(statement.children, (each, above, siblings) => {
    parts.push(each.text);
    for (const [, called] of each.text.slice(0, MAX_CHARS).matchAll(/\b([A-Za-z_][\w.]*)\s*\(/g))
      calls.add(called ?? "").add((called ?? "").split(".").at(-1) ?? "");
    collectLiterals(each.text, literals);
    for (const { emptiness, ...assertion } of pythonAssertions(each.text, values)) {
      assertions.push({ ...assertion, line: each.line });
      const key = normalText(each.text);
      if (emptiness !== undefined) {
        found.push({
          rule: "assertion-empty",
          key,
          line: each.line,
          message: `This assertion passes whatever the code does: ${emptiness}.`,
        });
      }
      const problem = pythonHindrance({
        statement: each,
        above,
        siblings,
        test: statement,
        values,
        hasAsserts: assertion.matcher !== "raises",
      });
      if (problem) {
        found.push({
          rule: "assertion-unreached",
          key: `${problem.kind} ${key}`,
          line: each.line,
          message: `This assertion cannot fail its test: ${problem.why}.`,
          ...(problem.kind === "conditional" ? { level: "warn" as const } : {}),
        });
      }
    }
  });
  const all = [
    ...decorators,
    ...classes.flatMap((each) => [...each.decorators, ...classMarks(each.statement)]),
  ];
  for (const decorator of decorators) collectLiterals(decorator, literals);
  const table = decorators.find((decorator) =>
    /\bparametrize\s*\(|\bparameterized\b|\bexpand\s*\(|\bddt\b|\bdata\s*\(|@given|^given\b/.test(decorator),
  );
  let state = definition.state;
  const isGenerator = statement.children.some(({ text }) => /^(?:yield\b|\w+\s*=\s*yield\b)/.test(text));
  if (isGenerator) state = "unreachable"; // a generator is made, and nobody runs it
  const isLoose =
    /^async\b/.test(statement.text) &&
    !/asyncio|anyio|trio|tornado|twisted|IsolatedAsyncio|django/i.test(file.text);
  if (isLoose) {
    found.push({
      rule: "assertion-unreached",
      key: `async ${id}`,
      line: statement.line,
      level: "warn",
      message: "Nothing in this file awaits an asynchronous test: without a plugin it is not run.",
    });
  }
  if (state === "runs") state = decoratorState(all, names);
  if (state === "runs" && table !== undefined && rowsOf(table, names) === 0) state = "skipped";
  if (state === "runs" && end) state = end.state;
  if (decorators.some((decorator) => /\bflaky\b|reruns|\bretry\b/.test(decorator)))
    found.push({ rule: "test-retried", key: id, line: statement.line });
  const rows = table === undefined ? undefined : rowsOf(table, names);
  const test: TestCase = {
    path: file.path,
    id,
    title,
    line: statement.line,
    state,
    body: normalText(parts.join("\n")),
    calls: [...calls],
    assertions,
    isTable:
      table !== undefined ||
      /\bsubTest\s*\(/.test(parts.join("\n")) ||
      parts.some((part) => /^for\s/.test(part)),
    ...(rows === undefined ? {} : { rows }),
    wrappers: decorators
      .filter((each) => !/^(?:pytest\.)?mark\./.test(each))
      .map((each) => each.replace(/\(.*$/s, "")),
    literals,
  };
  return { test, found };
}

function classMarks(statement: PythonStatement): string[] {
  return statement.children.flatMap(
    ({ text }) => /^pytestmark\s*(?::[^=]*)?=\s*(.*)$/s.exec(text)?.[1] ?? [],
  );
}

/** A test that skips itself as the first thing it does, or under a condition. */
function endOfTest(test: PythonStatement): { state: TestState } | undefined {
  for (const { text, children } of test.children) {
    const isSkip = (code: string): boolean =>
      /^(?:raise\s+)?(?:pytest\.|unittest\.|self\.)?(?:skip|skipTest|SkipTest|xfail|importorskip)\b\s*\(?/.test(
        code,
      ) && !/^importorskip|\.importorskip/.test(code);
    if (isSkip(text)) return { state: "skipped" };
    if (/\b(?:applymarker|add_marker)\s*\(/.test(text)) return { state: "inverted" };
    if (/^assert\b/.test(text)) return undefined;
    const condition = /^if\s+(.*)$/s.exec(text)?.[1];
    if (condition !== undefined && children.some((each) => isSkip(each.text))) {
      const truth = truthOf(condition, new Map());
      if (truth !== undefined) return truth ? { state: "skipped" } : undefined;
      return { state: PLATFORM.test(condition) ? "on-platform" : "conditional" };
    }
  }
  return undefined;
}

/** Names that a function gives a value once, beside the module's. */
function valuesOf(
  statement: PythonStatement,
  module: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const own = new Map<string, string>();
  const twice = new Set<string>();
  eachStatement(statement.children, ({ text }) => {
    const assigned = /^([A-Za-z_]\w*)\s*(?::[^=]+)?=(?!=)\s*(.*)$/s.exec(text);
    const other = /^(?:for|with|async)\b|^[A-Za-z_]\w*\s*(?:[+\-*/|&^%]|\/\/|\*\*)=/.test(text);
    if (assigned) {
      if (own.has(assigned[1] ?? "")) twice.add(assigned[1] ?? "");
      own.set(assigned[1] ?? "", assigned[2] ?? "");
    } else if (other) for (const [word] of text.matchAll(/[A-Za-z_]\w*/g)) twice.add(word);
  });
  const values = new Map([...module, ...own]);
  for (const name of twice) values.delete(name);
  for (const parameter of (/\((.*)\)/s.exec(statement.text)?.[1] ?? "").split(","))
    values.delete(parameter.split(/[:=]/)[0]?.trim() ?? "");
  return values;
}

function collectLiterals(text: string, literals: string[]): void {
  for (const [literal] of text.slice(0, MAX_CHARS).matchAll(/(?<![\w.])-?\d[\w.]*|"[^"\\\n]*"|'[^'\\\n]*'/g))
    literals.push(literal.replace(/^["']|["']$/g, ""));
}

function rowsOf(decorator: string, names: MarkNames): number | undefined {
  const inner = /\bparametrize\s*\((.*)\)$/s.exec(decorator)?.[1];
  if (inner === undefined) return undefined;
  let rows = splitTopLevel(inner, ",")[1] ?? "";
  rows = (names.values.get(rows) ?? rows).replace(/^argvalues\s*=\s*/, "");
  const items = /^[[(](.*)[\])]$/s.exec(rows)?.[1];
  if (items === undefined) return undefined;
  return splitTopLevel(items, ",").filter((item) => item !== "").length;
}

/** A second definition of a name takes the first one's place. */
function duplicates(tests: readonly TestCase[]): Occurrence[] {
  const seen = new Set<string>();
  return tests.flatMap(({ id, title, line }) => {
    const isSecond = seen.has(id);
    seen.add(id);
    return isSecond
      ? [
          {
            rule: "test-shadowed",
            key: id,
            line,
            message: `A second test named "${title}" takes the place of the first, which never runs.`,
          },
        ]
      : [];
  });
}
