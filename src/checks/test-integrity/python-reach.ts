import type { PythonStatement } from "../../core/python-lines.ts";
import { truthOf } from "./python-assertions.ts";

interface Place {
  readonly statement: PythonStatement;
  /** What the statement is in, inside its test, outermost first. */
  readonly above: readonly PythonStatement[];
  readonly siblings: readonly PythonStatement[];
  readonly test: PythonStatement;
  readonly values: ReadonlyMap<string, string>;
  /** It asserts something itself, and does not only expect an error. */
  readonly hasAsserts: boolean;
}

/** What keeps an assertion of Python from failing its test. */
export function pythonHindrance(
  place: Place,
): { kind: "dead" | "swallowed" | "turned-round" | "conditional"; why: string } | undefined {
  const { statement, above, test, values } = place;
  const chain = [...above, statement];
  let isConditional = false;
  for (let index = chain.length - 1; index >= 0; index -= 1) {
    const inner = chain[index];
    const parent = chain[index - 1] ?? test;
    const siblings = parent.children;
    if (!inner) continue;
    if (hasEnded(siblings, inner, values)) return { kind: "dead", why: "the test has ended before it" };
    const { text } = parent;
    if (parent === test) break;
    const condition = /^(?:if|elif|while)\s+(.*)$/s.exec(text)?.[1];
    if (condition !== undefined) {
      const truth = truthOf(condition, values);
      if (truth === false) return { kind: "dead", why: "its branch is never taken" };
      if (truth === undefined && !text.startsWith("while")) isConditional = true;
    } else if (text === "else") {
      const around = chain[index - 2] ?? test;
      const before = around.children[around.children.indexOf(parent) - 1];
      const asked = /^(?:if|elif)\s+(.*)$/s.exec(before?.text ?? "")?.[1];
      if (asked !== undefined && truthOf(asked, values) === true)
        return { kind: "dead", why: "its branch is never taken" };
    } else if (/^(?:async\s+)?for\b/.test(text)) {
      const list = /\sin\s+(.*)$/s.exec(text)?.[1] ?? "";
      if (isEmptyList(list, values)) return { kind: "dead", why: "its loop has nothing to go through" };
    } else if (text === "try") {
      const around = chain[index - 2] ?? test;
      if (isCaught(parent, around)) return { kind: "swallowed", why: "its failure is caught" };
    } else if (/^(?:async\s+)?with\b/.test(text) && place.hasAsserts) {
      if (/\bsuppress\s*\([^)]*\b(?:AssertionError|Exception|BaseException)\b/.test(text))
        return { kind: "swallowed", why: "its failure is suppressed" };
      if (
        /\b(?:raises|assertRaises|assertRaisesRegex)\s*\(\s*\(?[^)]*\b(?:AssertionError|Exception|BaseException)\b/.test(
          text,
        )
      )
        return { kind: "turned-round", why: "its failure is what is expected" };
    } else if (/^(?:async\s+)?def\s/.test(text)) {
      const name = /def\s+(\w+)/.exec(text)?.[1] ?? "";
      if (!isUsed(name, test, parent)) return { kind: "dead", why: "its function is never called" };
    }
  }
  return isConditional ? { kind: "conditional", why: "it is only made under a condition" } : undefined;
}

function isEmptyList(list: string, values: ReadonlyMap<string, string>): boolean {
  const at = values.get(list.trim()) ?? list.trim();
  return (
    /^(?:range\(\s*(?:0|0\s*,\s*0)\s*\)|iter\(\s*\(\s*\)\s*\)|(?:list|tuple|set|dict)\(\s*\)|enumerate\(\s*\[\s*\]\s*\)|zip\(\s*\))$/.test(
      at,
    ) ||
    (/^[[({"']/.test(at) && truthOf(at, values) === false)
  );
}

const ends = new WeakMap<readonly PythonStatement[], ReadonlySet<PythonStatement>>();

/** A statement before it, on the same level, after which nothing runs. */
function hasEnded(
  siblings: readonly PythonStatement[],
  inner: PythonStatement,
  values: ReadonlyMap<string, string>,
): boolean {
  let unreached = ends.get(siblings);
  if (!unreached) {
    const end = siblings.findIndex((each) => isEnd(each, values, 0));
    unreached = new Set(end === -1 ? [] : siblings.slice(end + 1));
    ends.set(siblings, unreached);
  }
  return unreached.has(inner);
}

function isEnd(
  { text, children }: PythonStatement,
  values: ReadonlyMap<string, string>,
  depth: number,
): boolean {
  if (/^(?:return|raise|continue|break)\b/.test(text)) return true;
  if (
    /^(?:pytest\.(?:skip|xfail|exit)|self\.skipTest|sys\.exit|os\._exit|exit|quit|os\.abort)\s*\(/.test(text)
  )
    return true;
  const condition = /^if\s+(.*)$/s.exec(text)?.[1];
  if (condition === undefined || depth > 4 || truthOf(condition, values) !== true) return false;
  return children.some((each) => isEnd(each, values, depth + 1));
}

const COMPLAINS = /^(?:raise\b|assert\b|pytest\.fail|self\.fail|self\.assert|fail\s*\()/;

function isCaught(parent: PythonStatement, around: PythonStatement): boolean {
  const index = around.children.indexOf(parent);
  for (const next of around.children.slice(index + 1)) {
    if (
      /^finally\b/.test(next.text) &&
      next.children.some(({ text }) => /^(?:return|break|continue)\b/.test(text))
    )
      return true;
    const caught = /^except\*?\s*(.*)$/s.exec(next.text);
    if (!caught) {
      if (/^else\b|^finally\b/.test(next.text)) continue;
      return false;
    }
    const types = (caught[1] ?? "").replace(/\s+as\s+\w+$/, "");
    const isBroad = types === "" || /\b(?:AssertionError|Exception|BaseException)\b/.test(types);
    const complains = next.children.some(
      (each) => COMPLAINS.test(each.text) || each.children.some(({ text }) => COMPLAINS.test(text)),
    );
    if (isBroad && !complains) return true;
  }
  return false;
}

function isUsed(name: string, test: PythonStatement, definition: PythonStatement): boolean {
  const word = new RegExp(`\\b${name}\\b`);
  const stack = [...test.children];
  while (stack.length > 0) {
    const each = stack.pop();
    if (!each) break;
    if (each !== definition && word.test(each.text)) return true;
    stack.push(...each.children);
  }
  return false;
}
