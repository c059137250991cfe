import { visitorKeys, type Comment, type Node, type Program } from "oxc-parser";
import type { SourceFile } from "../source-file.ts";
import { parseProgram } from "./parse-program.ts";
import { scriptText } from "./script-text.ts";

/** Longer text is not parsed: its syntax tree would take hundreds of megabytes. */
const MAX_PARSED_CHARACTERS = 3_000_000;
/** The parser descends by recursion, in native code that no exception ends. No person nests that deep. */
const MAX_NESTING = 1_500;

export type { Node };

/** What the parser made of a file, or why there is nothing. */
export interface Syntax {
  readonly program: Program;
  readonly comments: readonly Comment[];
  /** The parser's own words. Empty: the file is well formed. */
  readonly errors: readonly string[];
  /** Nothing could be read: why. The program is empty then. */
  readonly unread?: "too-large" | "too-deep" | "not-understood";
}

const NOTHING: Program = {
  type: "Program",
  body: [],
  sourceType: "module",
  hashbang: null,
  start: 0,
  end: 0,
};

/** The file's syntax tree, made once. Undefined: it holds no JavaScript or TypeScript. */
export function syntaxOf(file: SourceFile): Syntax | undefined {
  return file.tree("javascript.syntax", () => {
    const text = scriptText(file);
    return text === undefined ? undefined : parse(file.path, text);
  });
}

function parse(path: string, text: string): Syntax {
  const unread = (why: NonNullable<Syntax["unread"]>): Syntax => ({
    program: NOTHING,
    comments: [],
    errors: [],
    unread: why,
  });
  if (text.length > MAX_PARSED_CHARACTERS) return unread("too-large");
  if (isTooDeep(text)) return unread("too-deep");
  const languages = languagesOf(path);
  let best: Syntax | undefined;
  for (const lang of languages) {
    try {
      const result = parseProgram(path, text, {
        lang,
        sourceType: "unambiguous",
        // The tree of JavaScript is smaller, and has all that is looked at.
        astType: lang.startsWith("js") ? "js" : "ts",
        preserveParens: false,
      });
      const errors = result.errors.map((each) => each.message);
      const { program } = result;
      let comments: readonly Comment[] | undefined;
      const syntax = {
        program,
        errors,
        // Few files are asked for them, and to hand them over takes time.
        get comments(): readonly Comment[] {
          return (comments ??= result.comments);
        },
      };
      if (errors.length === 0) return syntax;
      if (!best || syntax.program.body.length > best.program.body.length) best = syntax;
    } catch {
      // A text that even the transfer of the tree fails on is one that was not understood.
    }
  }
  if (!best) return unread("not-understood");
  const isEmpty = best.program.body.length === 0 && text.trim() !== "";
  return isEmpty
    ? { program: best.program, comments: best.comments, errors: best.errors, unread: "not-understood" }
    : best;
}

type Dialect = "js" | "jsx" | "ts" | "tsx" | "dts";

/** The dialects to try, the likeliest first: JSX and Flow's neighbours in `.js` are common, and a wrong guess loses the file. */
function languagesOf(path: string): readonly Dialect[] {
  if (/\.d\.[cm]?ts$/.test(path)) return ["dts", "ts"];
  if (/\.[cm]?ts$/.test(path)) return ["ts", "tsx"];
  if (/\.(?:tsx|vue|svelte|astro|html?)$/.test(path)) return ["tsx", "ts"];
  return ["jsx", "tsx", "ts"];
}

const [OPENS, CLOSES, ENDS, PREFIX] = [1, 2, 3, 4];
/** What a character does to the depth, by its code. A prefix can be one, an arrow or an element that opens another. */
const MARKS = new Uint8Array(128);
for (const [marks, kind] of [
  ["([{", OPENS],
  [")]}", CLOSES],
  [";,", ENDS],
  ["!~+-><:", PREFIX],
] as const)
  for (const mark of marks) MARKS[mark.charCodeAt(0)] = kind;

/** Whether brackets, operators or arrows nest deeper than the parser's stack is safe for. Counts too much rather than too little. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  let prefixes = 0;
  for (let at = 0; at < text.length; at += 1) {
    const mark = MARKS[text.charCodeAt(at)];
    // Nearly all characters are none of them.
    if (mark === undefined || mark === 0) continue;
    if (mark === OPENS) {
      depth += 1;
      prefixes += 1;
    } else if (mark === CLOSES) {
      if (depth > 0) depth -= 1;
      prefixes = 0;
    } else if (mark === ENDS) prefixes = 0;
    else prefixes += 1;
    if (depth > MAX_NESTING || prefixes > MAX_NESTING * 8) return true;
  }
  return false;
}

/** Keys of a node that hold types alone: what is in them is gone when the program runs. */
const TYPE_KEYS = new Set([
  "typeAnnotation",
  "returnType",
  "typeParameters",
  "typeArguments",
  "superTypeArguments",
  "implements",
]);
/** Nodes of TypeScript that hold something that runs. All other `TS…` are types. */
const RUNNING = new Set([
  "TSAsExpression",
  "TSSatisfiesExpression",
  "TSTypeAssertion",
  "TSNonNullExpression",
  "TSInstantiationExpression",
  "TSEnumDeclaration",
  "TSEnumBody",
  "TSEnumMember",
  "TSModuleDeclaration",
  "TSModuleBlock",
  "TSExportAssignment",
  "TSImportEqualsDeclaration",
  "TSParameterProperty",
]);

const RUNNING_KEYS = new Map<string, readonly string[]>(
  Object.entries(visitorKeys).map(([type, keys]) => [
    type,
    type.startsWith("TS") && !RUNNING.has(type) ? [] : keys.filter((key) => !TYPE_KEYS.has(key)),
  ]),
);

/** Nodes that TypeScript lets be declared alone: nothing of those runs. */
const DECLARABLE: ReadonlySet<string> = new Set([
  "VariableDeclaration",
  "FunctionDeclaration",
  "ClassDeclaration",
  "TSDeclareFunction",
  "TSEnumDeclaration",
  "TSModuleDeclaration",
  "TSInterfaceDeclaration",
  "TSTypeAliasDeclaration",
  "PropertyDefinition",
  "AccessorProperty",
  "TSAbstractPropertyDefinition",
  "TSAbstractAccessorProperty",
]);

/** The keys of a node under which it has children that run. */
export function runningKeys(node: Node): readonly string[] {
  if (DECLARABLE.has(node.type) && "declare" in node && node.declare) return NO_KEYS;
  return RUNNING_KEYS.get(node.type) ?? NO_KEYS;
}

const NO_KEYS: readonly string[] = [];

/** Hands each child of a node that runs to `visit`, in the order of the text. */
export function eachChild(node: Node, visit: (child: Node) => void): void {
  const fields = node as unknown as Readonly<Record<string, unknown>>;
  for (const key of runningKeys(node)) {
    const value = fields[key];
    if (Array.isArray(value)) {
      for (const item of value) if (item) visit(item as Node);
    } else if (value) visit(value as Node);
  }
}

/** What stands behind casts, assertions, optional chains and parentheses, which leave a value as it is. */
export function bare(node: Node): Node {
  let at = node;
  for (;;) {
    switch (at.type) {
      case "TSAsExpression":
      case "TSSatisfiesExpression":
      case "TSTypeAssertion":
      case "TSNonNullExpression":
      case "TSInstantiationExpression":
      case "ChainExpression":
      case "ParenthesizedExpression":
        at = at.expression;
        break;
      default:
        return at;
    }
  }
}
