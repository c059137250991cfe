import { eachStatement, splitTopLevel, type PythonStatement } from "../../core/python-lines.ts";
import type { TestState } from "../../core/test-case.ts";
import { truthOf } from "./python-assertions.ts";

export interface MarkNames {
  /** What the module's names are given, where they are given it once. */
  readonly values: ReadonlyMap<string, string>;
}

/** The module's names, and whether the module as a whole is skipped. */
export function moduleMark(tree: readonly PythonStatement[]): { names: MarkNames; state?: TestState } {
  const values = new Map<string, string>();
  const twice = new Set<string>();
  for (const { text } of tree) {
    const assigned = /^([A-Za-z_]\w*)\s*(?::[^=]+)?=(?!=)\s*(.*)$/s.exec(text);
    const imported = /^from\s+(pytest|unittest)(?:\.\w+)?\s+import\s+(.*)$/s.exec(text);
    if (assigned) {
      if (values.has(assigned[1] ?? "")) twice.add(assigned[1] ?? "");
      values.set(assigned[1] ?? "", assigned[2] ?? "");
    } else if (imported) {
      for (const name of (imported[2] ?? "").replace(/[()]/g, "").split(",")) {
        const [from = "", to = from] = name.trim().split(/\s+as\s+/);
        values.set(to, `${imported[1] ?? ""}.${from}`);
      }
    }
  }
  for (const name of twice) values.delete(name);
  const names = { values };
  const state = moduleState(tree, names);
  return { names, ...(state ? { state } : {}) };
}

function moduleState(tree: readonly PythonStatement[], names: MarkNames): TestState | undefined {
  let state: TestState | undefined;
  eachStatement(tree, ({ text }, above) => {
    if (above.length > 1 || above.some((each) => !/^if\b/.test(each.text))) return;
    const marks = /^pytestmark\s*(?::[^=]*)?=\s*(.*)$/s.exec(text)?.[1];
    if (marks !== undefined) {
      const found = decoratorState(
        marks.startsWith("[") ? splitTopLevel(marks.slice(1, -1), ",") : [marks],
        names,
      );
      if (found !== "runs") state ??= found;
    }
    const isSkip =
      /^(?:raise\s+)?(?:pytest\.|unittest\.)?(?:skip|SkipTest|exit)\b/.test(text) &&
      !/=/.test(text.split("(")[0] ?? "");
    if (!isSkip) return;
    const condition = /^if\s+(.*)$/s.exec(above[0]?.text ?? "")?.[1];
    if (condition === undefined) state ??= "skipped";
    else if (truthOf(condition, names.values) !== false)
      state ??= truthOf(condition, names.values)
        ? "skipped"
        : aboutPlatform(condition)
          ? "on-platform"
          : "conditional";
  });
  return state;
}

function aboutPlatform(condition: string): boolean {
  return /\b(?:sys\.|platform|os\.name|version|PY\d|WINDOWS|win32|HAS_|has_|which|find_spec)/i.test(
    condition,
  );
}

/** What decorators make of a test. Names that stand for a mark are followed, and joined strings are read. */
export function decoratorState(decorators: readonly string[], names: MarkNames): TestState {
  let weakest: TestState = "runs";
  for (const decorator of decorators) {
    const state = stateOf(decorator, names);
    if (state === "skipped" || state === "inverted") return state;
    if (state !== "runs") weakest = weakest === "conditional" ? weakest : state;
  }
  return weakest;
}

function stateOf(decorator: string, names: MarkNames): TestState {
  let text = decorator.replace(/["']\s*\+\s*["']/g, "");
  for (let turns = 0; turns < 4; turns += 1) {
    const [head = ""] = /^[A-Za-z_]\w*/.exec(text) ?? [];
    const value = names.values.get(head);
    if (
      value === undefined ||
      value === head ||
      (/^(?:pytest|unittest)\.\w+$/.test(value) && value.endsWith(`.${head}`))
    )
      break;
    text = value + text.slice(head.length);
  }
  const named =
    /(?:^|[.\s"'(])(skipif|skip_if|skipIf|skipUnless|skip_unless|skip|xfail|expectedFailure|expected_failure|nottest|ignore|disabled|SkipTest|todo)\b/i.exec(
      text,
    );
  if (!named || /\bparametrize\s*\(/.test(text)) return "runs";
  const name = named[1] ?? "";
  const inner = /\((.*)\)$/s.exec(text.slice(named.index))?.[1] ?? "";
  const args = splitTopLevel(inner, ",").filter((part) => part !== "");
  const condition =
    args.find((part) => /^condition\s*=/.test(part))?.replace(/^condition\s*=\s*/, "") ??
    args.find((part) => !/^\w+\s*=(?!=)/.test(part));
  const turns = /unless$/i.test(name);
  if (/if$|unless$/i.test(name) && condition !== undefined) {
    const truth = truthOf(unquoted(condition), names.values);
    if (truth !== undefined) return truth !== turns ? "skipped" : "runs";
    return isPlatform(condition, names) ? "on-platform" : "conditional";
  }
  if (/^xfail$|^expected_?failure$/i.test(name)) {
    if (condition === undefined || /^["']/.test(condition)) return "inverted";
    const truth = truthOf(unquoted(condition), names.values);
    if (truth !== undefined) return truth ? "inverted" : "runs";
    return isPlatform(condition, names) ? "on-platform" : "conditional";
  }
  return "skipped";
}

function unquoted(condition: string): string {
  return condition.replace(/^["'](.*)["']$/s, "$1");
}

function isPlatform(condition: string, names: MarkNames): boolean {
  return aboutPlatform(condition) || aboutPlatform(names.values.get(condition.trim()) ?? "");
}
