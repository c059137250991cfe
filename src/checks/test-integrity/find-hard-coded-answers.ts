import { normalText } from "../../core/normal-text.ts";
import { eachStatement, splitTopLevel } from "../../core/python-lines.ts";
import type { FileFinder, Occurrence } from "../finder.ts";
import type { SourceFile } from "../source-file.ts";
import { isLiteral, unwrap } from "./python-assertions.ts";
import { pythonTree } from "./read-python-tests.ts";

/**
 * Product code that has answers ready for certain inputs: `if (a === 1 && b === 2) return 3`, a table that is asked before anything is
 * computed. Whether the tests' inputs are meant is not visible, and ordinary code has such places too: it is a warning.
 */
export const hardCodedAnswers: FileFinder = {
  name: "hard-coded-answers",
  find(file) {
    if (file.role === "test") return [];
    if (file.language === "python") return inPython(file);
    return file.language === "javascript" || file.language === "typescript" ? inJavaScript(file) : [];
  },
};

const VALUE = String.raw`(?:-?\d[\d_.]*n?|"[^"\n]{0,200}"|'[^'\n]{0,200}'|${"`"}[^${"`"}$\n]{0,200}${"`"}|\[[^\]\n(]{0,200}\]|\{[^}\n(]{0,200}\})`;
const ANSWER = new RegExp(String.raw`^\s*\{?\s*return\s+(${VALUE})\s*;?\s*\}?`);
const CHOICE = new RegExp(String.raw`^\s*\?\s*(${VALUE})\s*:\s*[^;\n]*[\w)\]]`);

function inJavaScript(file: SourceFile): Occurrence[] {
  const { text } = file;
  const found: Occurrence[] = [];
  const add = (offset: number, key: string): void => {
    found.push({ rule: "answer-hard-coded", key: normalText(key), line: file.lineAt(offset) });
  };
  /** The next question mark, looked for once. */
  let question = -1;
  for (const match of text.matchAll(/\bif\s*\(|\breturn\s+(?=[\w(])/g)) {
    const start = match.index + match[0].length;
    if (match[0].startsWith("if")) {
      const end = closing(text, start);
      if (end === undefined) continue;
      const answer = isReturn(text, end + 1) ? ANSWER.exec(text.slice(end + 1, end + 260)) : null;
      if (answer && isCase(text.slice(start, end), answer[1] ?? ""))
        add(match.index, text.slice(match.index, end + 1) + (answer[1] ?? ""));
      continue;
    }
    // The rest of the line and the next one: most have no question in them, and nothing is made of them.
    if (question < start) question = text.indexOf("?", start);
    if (question === -1) question = text.length;
    const mark = question - start;
    if (mark >= 400) continue;
    const newline = text.indexOf("\n", start);
    const second = newline === -1 ? -1 : text.indexOf("\n", newline + 1);
    if (second !== -1 && second < start + mark) continue;
    const end = Math.min(start + 400, second === -1 ? text.length : second);
    const line = text.slice(start, end).replace("\n", " ");
    const choice =
      mark > 0 && line[mark + 1] !== "." && line[mark + 1] !== "?" ? CHOICE.exec(line.slice(mark)) : null;
    if (choice && isCase(line.slice(0, mark).replace(/^\(|\)\s*$/g, ""), choice[1] ?? ""))
      add(match.index, line);
  }
  for (const match of text.matchAll(
    /\bswitch\s*\(([^\n]{1,120})\)\s*\{[\s\n]*case\s+["'`][^"'`\n]*\d[^"'`\n]*["'`]\s*:\s*\{?\s*return\s+[-"'`[\d]/g,
  )) {
    if (/`|join|stringify|String\(/.test(match[1] ?? "")) add(match.index, match[0]);
  }
  const isTable = tablesIn(text);
  // The expressions are slow where nothing is, and few lines have what each of them ends in.
  const fallbacks = inLinesWith(
    text,
    /[\])]\s*(?:\?\?|\|\|)\s*/g,
    /\b([A-Za-z_$][\w$]*)\.get\([^;\n]{1,120}\)\s*(?:\?\?|\|\|)\s*\(?[^;\n]*[\w)]|\b([A-Za-z_$][\w$]*)\[[^;\n\]]{1,120}\]\s*(?:\?\?|\|\|)\s*\(?[^;\n]*[\w)]/g,
  );
  for (const { at, match } of fallbacks) {
    const [whole, get, index] = match;
    const name = get ?? index ?? "";
    const fallback = whole.split(/\?\?|\|\|/)[1] ?? "";
    if (/[-+*/%(]/.test(fallback) && isTable(name)) add(at, whole);
  }
  const lookups = inLinesWith(
    text,
    /\)\s{0,150}\{?\s{0,150}return\b/g,
    /\bif\s*\([^;{}\n]{1,120}?\bin\s+([A-Za-z_$][\w$]*)\)|\bif\s*\(([A-Za-z_$][\w$]*)\.has\([^;\n]{1,120}?\)\)|\bif\s*\((?:Object\.hasOwn\(|)([A-Za-z_$][\w$]*)(?:,|\[|\.hasOwnProperty\()[^;{}\n]{1,120}\)/g,
  );
  for (const { at, match } of lookups) {
    const [whole, inside, has, own] = match;
    const name = inside ?? has ?? own ?? "";
    const after = text.slice(at + whole.length, at + whole.length + 160);
    const returns = new RegExp(String.raw`^\s*\{?\s*return\s+\(?${escaped(name)}\b`).test(after);
    if (returns && isTable(name)) add(at, whole);
  }
  return found;
}

/** What `pattern` matches in the lines in which something that `clue` matches begins, to the end of the line in which that ends. */
function inLinesWith(
  text: string,
  clue: RegExp,
  pattern: RegExp,
): { readonly at: number; readonly match: RegExpExecArray }[] {
  const found: { at: number; match: RegExpExecArray }[] = [];
  let done = 0;
  for (const { 0: whole, index } of text.matchAll(clue)) {
    if (index < done) continue;
    const start = Math.max(done, text.lastIndexOf("\n", index) + 1);
    const newline = text.indexOf("\n", index + whole.length);
    done = newline === -1 ? text.length : newline;
    for (const match of text.slice(start, done).matchAll(pattern))
      found.push({ at: start + match.index, match });
  }
  return found;
}

function escaped(name: string): string {
  return name.replace(/\$/g, String.raw`\$`);
}

/** Whether a `return` is next, perhaps in a block. */
function isReturn(text: string, start: number): boolean {
  let at = start;
  const last = Math.min(text.length, start + 260);
  while (at < last && (text.charCodeAt(at) <= 32 || text.charCodeAt(at) > 127 || text[at] === "{")) at += 1;
  return text.startsWith("return", at);
}

/** The bracket that closes what begins at `start`, not far away. */
function closing(text: string, start: number): number | undefined {
  let depth = 1;
  for (let at = start; at < Math.min(text.length, start + 300); at += 1) {
    const code = text.charCodeAt(at);
    if (code === 40) depth += 1;
    else if (code === 41 && (depth -= 1) === 0) return at;
  }
  return undefined;
}

/** Names that are compared with literals, and nothing else is asked. */
function isCase(condition: string, answer: string): boolean {
  const parts = condition.split("&&").map((part) => part.trim());
  const literals: string[] = [];
  for (const part of parts) {
    const compared =
      /^\(?([\w.$[\]]+|JSON\.stringify\([^()]*\)|\[[^\]]*\]\.(?:join|toString)\([^()]*\)|String\([\w.]+\)|`[^`]*`)\s*===?\s*(.+?)\)?$/.exec(
        part,
      );
    const turned = /^(.+?)\s*===?\s*([\w.$]+)$/.exec(part);
    const literal =
      compared && isScalarLiteral(compared[2] ?? "")
        ? compared[2]
        : turned && isScalarLiteral(turned[1] ?? "")
          ? turned[1]
          : undefined;
    if (literal === undefined || /\b(?:length|size|type|kind|status|code)\s*===?/.test(part)) return false;
    literals.push(literal);
  }
  if (literals.length > 1)
    return (
      !/^(?:true|false|null)$/.test(answer) &&
      literals.some((literal) => !/^(?:true|false|null|undefined)$/.test(literal))
    );
  const [only = ""] = literals;
  if (/^-?\d/.test(only)) return !/^-?[01]$/.test(only) && /^[-\d"'`[]/.test(answer);
  return /^["'`].{2,}/.test(only) && /^-?\d|^["'`[].*\d/.test(answer);
}

function isScalarLiteral(code: string): boolean {
  return /^(?:-?\d[\d_.]*n?|"[^"]*"|'[^']*'|`[^`$]*`|true|false|null)$/.test(code.trim());
}

/** A name, and where what is given to it begins: `{`, or the list of a `Map`. */
const DECLARED =
  /\b(?:const|let|var)\s+([A-Za-z_$][\w$]*)(?![\w$])[^=\n]{0,120}=\s*(?:Object\.freeze\()?(?:new Map(?:<[^>\n]{0,200}>)?\(\s*\[|\{)/g;

/** Says whether the file has a table of a name with nothing but literals in it. All declarations are looked for once. */
function tablesIn(text: string): (name: string) => boolean {
  let bodies: Map<string, number> | undefined;
  const known = new Map<string, boolean>();
  return (name) => {
    if (!bodies) {
      bodies = new Map();
      for (const { 0: whole, 1: declared = "", index } of text.matchAll(DECLARED))
        if (!bodies.has(declared)) bodies.set(declared, index + whole.length);
    }
    const body = bodies.get(name);
    if (body === undefined) return false;
    const isTable = known.get(name) ?? isOfLiterals(text.slice(body, body + 2000));
    known.set(name, isTable);
    return isTable;
  };
}

/** `after`: what follows the bracket with which a table begins. */
function isOfLiterals(after: string): boolean {
  const body = after.split(/\n\s*[}\]]|\};|\]\)|\}\s*\n|\}\s*$/, 1)[0] ?? "";
  return /[:,]\s*(?:-?\d|["'`])/.test(body) && /\d/.test(body) && !/[(]|=>/.test(body);
}

function inPython(file: SourceFile): Occurrence[] {
  const found: Occurrence[] = [];
  const tables = new Map<string, string>();
  eachStatement(pythonTree(file), ({ text, line, children }) => {
    const add = (): void => {
      found.push({ rule: "answer-hard-coded", key: normalText(text), line });
    };
    const table = text.endsWith("}") && /^([A-Za-z_]\w*)\s*(?::[^=]+)?=\s*(\{.*\})$/s.exec(text);
    if (table && (table[2] ?? "").includes(":") && isLiteral(table[2] ?? ""))
      tables.set(table[1] ?? "", text);
    const [first] = children;
    const answer = first?.text.startsWith("return") ? /^return\s+(.*)$/s.exec(first.text)?.[1] : undefined;
    const condition = answer === undefined ? undefined : /^(?:if|elif)\s+(.*)$/s.exec(text)?.[1];
    if (condition !== undefined && answer !== undefined) {
      if (isLiteral(answer) && isPythonCase(condition, answer)) add();
      const member = /\bin\s+([A-Za-z_]\w*)$/.exec(condition.trim())?.[1];
      if (member !== undefined && tables.has(member) && answer.startsWith(`${member}[`)) add();
    }
    const matched = answer === undefined ? undefined : /^case\s+(.*)$/s.exec(text)?.[1];
    if (
      matched !== undefined &&
      answer !== undefined &&
      isLiteral(answer) &&
      /^[([]/.test(matched) &&
      isLiteral(matched)
    )
      add();
    const ready = text.includes(".get") && /\b([A-Za-z_]\w*|\})\.get\s*\((.*)\)/s.exec(text);
    if (ready && /^return\b|=/.test(text)) {
      const [, fallback = ""] = splitTopLevel(ready[2] ?? "", ",");
      const isKnown = ready[1] === "}" || tables.has(ready[1] ?? "");
      if (isKnown && fallback !== "" && !isLiteral(fallback) && /[-+*/%(]/.test(fallback)) add();
    }
    const choice =
      text.includes("else") && /^(?:return|\w+\s*=)\s+(.*?)\s+if\s+(.*?)\s+else\s+(.*)$/s.exec(text);
    if (
      choice &&
      isLiteral(choice[1] ?? "") &&
      !isLiteral(choice[3] ?? "") &&
      isPythonCase(choice[2] ?? "", choice[1] ?? "")
    )
      add();
  });
  return found;
}

function isPythonCase(condition: string, answer: string): boolean {
  const parts = splitTopLevel(unwrap(condition), " and ");
  let literals = 0;
  for (const part of parts) {
    const sides = splitTopLevel(part, "==");
    if (sides.length !== 2) return false;
    const [left = "", right = ""] = sides;
    const literal = isLiteral(right) ? right : isLiteral(left) ? left : undefined;
    if (literal === undefined || /__name__|\blen\(|\b(?:type|kind|status|code)\b/.test(part)) return false;
    literals += /^[([]/.test(literal) && literal.includes(",") ? 2 : 1;
    if (parts.length === 1 && literals === 1) {
      if (/^-?\d/.test(literal)) return !/^-?[01]$/.test(literal) && /^[-\d"'[(]/.test(answer);
      return /\d/.test(answer) && /^["'].{3,}/.test(literal) && /^[-\d"'[(]/.test(answer);
    }
  }
  return !/^(?:True|False|None)$/.test(answer);
}
