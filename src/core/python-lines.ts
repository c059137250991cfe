/** A statement of Python with what is indented below it. Comments are gone, and lines that belong together are one. */
export interface PythonStatement {
  /** Without the colon at its end; strings as they are written. */
  readonly text: string;
  /** From 1. */
  readonly line: number;
  readonly indent: number;
  readonly children: PythonStatement[];
}

/**
 * Reads Python into statements by its indentation, in one pass and in linear time: what tests are looked at for needs no more than
 * that, and a file that does not parse is read all the same.
 */
export function pythonStatements(text: string): PythonStatement[] {
  const root: PythonStatement = { text: "", line: 0, indent: -1, children: [] };
  const open: PythonStatement[] = [root];
  for (const { text: code, line, indent } of logicalLines(text)) {
    while (open.length > 1 && (open.at(-1)?.indent ?? -1) >= indent) open.pop();
    const parent = open.at(-1) ?? root;
    const { head, rest } = splitSuite(code);
    for (const part of splitStatements(head)) {
      const statement: PythonStatement = { text: part, line, indent, children: [] };
      parent.children.push(statement);
      if (open.at(-1) !== parent) open.pop();
      open.push(statement);
      if (rest === undefined) continue;
      for (const inner of splitStatements(rest))
        statement.children.push({ text: inner, line, indent: indent + 1, children: [] });
    }
  }
  return root.children;
}

interface LogicalLine {
  readonly text: string;
  readonly line: number;
  readonly indent: number;
}

const MAX_INDENT = 400;

function* logicalLines(text: string): Generator<LogicalLine> {
  let at = 0;
  let line = 1;
  let code = "";
  let startLine = 1;
  let indent = 0;
  let depth = 0;
  let isFresh = true;
  const size = text.length;
  while (at < size) {
    if (isFresh) {
      indent = 0;
      while (text[at] === " " || text[at] === "\t" || text[at] === "\f") {
        indent += text[at] === "\t" ? 8 : 1;
        at += 1;
      }
      indent = Math.min(indent, MAX_INDENT);
      startLine = line;
      isFresh = false;
      continue;
    }
    const character = text[at] ?? "";
    if (character === "#") {
      const end = text.indexOf("\n", at);
      at = end === -1 ? size : end;
    } else if (character === '"' || character === "'") {
      const end = stringEnd(text, at);
      for (
        let index = text.indexOf("\n", at);
        index !== -1 && index < end;
        index = text.indexOf("\n", index + 1)
      )
        line += 1;
      code += text.slice(at, end);
      at = end;
    } else if (character === "\\" && text[at + 1] === "\n") {
      line += 1;
      code += " ";
      at += 2;
    } else if (character === "\n") {
      at += 1;
      line += 1;
      if (depth > 0) {
        code += " ";
        continue;
      }
      if (code.trim() !== "") yield { text: code.trim(), line: startLine, indent };
      code = "";
      isFresh = true;
    } else {
      if (character === "(" || character === "[" || character === "{") depth += 1;
      else if (character === ")" || character === "]" || character === "}") depth = Math.max(0, depth - 1);
      let end = at + 1;
      while (end < size && !isSpecial(text.charCodeAt(end))) end += 1;
      code += text.slice(at, end);
      at = end;
    }
  }
  if (code.trim() !== "") yield { text: code.trim(), line: startLine, indent };
}

/** Whether it may be more than a piece of code: a line's end, a bracket, a quote, a comment's sign, a backslash. */
function isSpecial(code: number): boolean {
  switch (code) {
    case 10:
    case 34:
    case 35:
    case 39:
    case 40:
    case 41:
    case 91:
    case 92:
    case 93:
    case 123:
    case 125:
      return true;
    default:
      return false;
  }
}

/** Where a string ends that begins at `at`. One without an end goes to the end of its line, or of the text. */
export function stringEnd(text: string, at: number): number {
  const quote = text[at] ?? "";
  const isTriple = text[at + 1] === quote && text[at + 2] === quote;
  let index = at + (isTriple ? 3 : 1);
  while (index < text.length) {
    const character = text[index];
    if (character === "\\") index += 2;
    else if (character === "\n" && !isTriple) return index;
    else if (character !== quote) index += 1;
    else if (!isTriple) return index + 1;
    else if (text[index + 1] === quote && text[index + 2] === quote) return index + 3;
    else index += 1;
  }
  return text.length;
}

const COMPOUND = /^(?:async\s+)?(?:if|elif|else|for|while|with|try|except|finally|def|class|match|case)\b/;

/** `if x: return` as its head and what follows on the same line. */
function splitSuite(code: string): { head: string; rest?: string } {
  if (!COMPOUND.test(code)) return { head: code };
  const only = code.indexOf(":");
  // Most of them have one colon, at their end.
  if (only === code.length - 1 && /^[\w\s.=]*:$/.test(code) && !code.includes("lambda"))
    return { head: code.slice(0, only).trim() };
  const colon = topLevel(code, ":")[0];
  if (colon === undefined) return { head: code };
  const rest = code.slice(colon + 1).trim();
  return { head: code.slice(0, colon).trim(), ...(rest === "" ? {} : { rest }) };
}

function splitStatements(code: string): string[] {
  if (!code.includes(";")) return [code];
  return splitTopLevel(code, ";").filter((part) => part !== "");
}

/** Where a sign stands outside brackets, strings and lambdas. */
export function topLevel(code: string, sign: string): number[] {
  const places: number[] = [];
  let depth = 0;
  let lambdas = 0;
  for (let at = 0; at < code.length; at += 1) {
    const character = code[at] ?? "";
    if (character === '"' || character === "'") {
      at = stringEnd(code, at) - 1;
    } else if (character === "(" || character === "[" || character === "{") depth += 1;
    else if (character === ")" || character === "]" || character === "}") depth -= 1;
    else if (depth === 0) {
      if (code.startsWith("lambda", at) && !/\w/.test(code[at - 1] ?? " ") && !/\w/.test(code[at + 6] ?? " "))
        lambdas += 1;
      if (!code.startsWith(sign, at)) continue;
      if (sign === ":" && (lambdas > 0 || code[at + 1] === "=")) lambdas = Math.max(0, lambdas - 1);
      else places.push(at);
      at += sign.length - 1;
    }
  }
  return places;
}

export function splitTopLevel(code: string, sign: string): string[] {
  const parts: string[] = [];
  let start = 0;
  for (const at of topLevel(code, sign)) {
    parts.push(code.slice(start, at).trim());
    start = at + sign.length;
  }
  parts.push(code.slice(start).trim());
  return parts;
}

/** Every statement, each before those below it, with the ones that it is in, outermost first. */
export function eachStatement(
  statements: readonly PythonStatement[],
  visit: (
    statement: PythonStatement,
    above: readonly PythonStatement[],
    siblings: readonly PythonStatement[],
  ) => void,
): void {
  const above: PythonStatement[] = [];
  const stack: { readonly siblings: readonly PythonStatement[]; next: number }[] = [
    { siblings: statements, next: 0 },
  ];
  while (stack.length > 0) {
    const frame = stack.at(-1);
    const statement = frame?.siblings[frame.next];
    if (!frame || !statement) {
      stack.pop();
      above.pop();
      continue;
    }
    frame.next += 1;
    visit(statement, above, frame.siblings);
    above.push(statement);
    stack.push({ siblings: statement.children, next: 0 });
  }
}
