import type { FileFinder } from "../finder.ts";
import type { SourceFile } from "../source-file.ts";
import { evaluatorOf } from "./evaluator-of.ts";
import { knownCallsOf } from "./known-calls.ts";
import type { Evaluator } from "./evaluator.ts";
import { OccurrenceList } from "./occurrence-list.ts";
import type { Place } from "./place.ts";
import { factsOf, type ProgramFacts } from "./program-facts.ts";
import { scriptText } from "./script-text.ts";
import type { Node } from "./syntax.ts";
import type { Values } from "./values.ts";

/** Code that is written so that a reader does not see what it does. */
export const obfuscationFinder: FileFinder = {
  name: "javascript.obfuscation",
  find(file) {
    const facts = factsOf(file);
    const evaluator = evaluatorOf(file);
    if (!facts || !evaluator) return [];
    const found = new OccurrenceList(file);
    const add = (start: number, key: string, level?: "warn"): void =>
      found.add({ start, rule: "js-obfuscated", key, ...(level ? { level } : {}) });
    judgeLines(file, facts, add);
    judgeNames(file, facts, add);
    judgeTexts(file, facts, evaluator, add);
    return found.all;
  },
};

type Add = (start: number, key: string, level?: "warn") => void;

const FAR = 120;
const MANY_BLANK_LINES = 80;
/** A line of that many characters with hardly a blank is packed. */
const PACKED = 2_000;
const BUILT =
  /(?:^|\/)(?:dist|build|vendor|third[_-]party|public|static|assets|lib\/vendor|\.yarn|node_modules)\/|\.min\.[cm]?js$|[.-]bundle\.[cm]?js$|\.pnp\.[cm]?js$/;

function judgeLines(file: SourceFile, facts: ProgramFacts, add: Add): void {
  const text = scriptText(file) ?? "";
  if (text.includes(" ".repeat(FAR)) || text.includes("\t".repeat(FAR / 4))) {
    for (const match of text.matchAll(/(?:[ \t]{120}|\t{30})/g)) {
      let end = match.index + match[0].length;
      while (text[end] === " " || text[end] === "\t") end += 1;
      const isCode = end < text.length && text[end] !== "\n" && text[end] !== "\r";
      if (isCode && !isInsideText(facts, end))
        add(end, `far right: ${text.slice(end, end + 80).split("\n", 1)[0] ?? ""}`);
    }
  }
  if (text.includes("\n".repeat(MANY_BLANK_LINES))) {
    const at = text.indexOf("\n".repeat(MANY_BLANK_LINES));
    const rest = text.slice(at).search(/\S/);
    if (rest !== -1) add(at + rest, "after many empty lines", "warn");
  }
  if (BUILT.test(file.path)) return;
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf("\n", start);
    const end = newline === -1 ? text.length : newline;
    if (
      end - start > PACKED &&
      isPacked(text.slice(start, Math.min(end, start + 20_000))) &&
      !isInsideText(facts, start + PACKED / 2)
    )
      add(start, `packed: ${text.slice(start, start + 60)}`, "warn");
    if (end - start >= SYMBOLS && isSymbols(text, start, end) && !isInsideText(facts, (start + end) >> 1))
      add(start, `symbols: ${text.slice(start, start + 60)}`, "warn");
    start = end + 1;
  }
}

/** A line of that many characters of which hardly one is a letter or a digit. */
const SYMBOLS = 60;

function isSymbols(text: string, start: number, end: number): boolean {
  let words = 0;
  const most = (end - start) / 7;
  for (let at = start; at < end; at += 1) {
    const code = text.charCodeAt(at);
    const isWord =
      (code >= 97 && code <= 122) ||
      (code >= 65 && code <= 90) ||
      (code >= 48 && code <= 57) ||
      code <= 32 ||
      code > 126;
    if (isWord && (words += 1) > most) return false;
  }
  return true;
}

function isPacked(line: string): boolean {
  let blanks = 0;
  let marks = 0;
  for (const character of line) {
    if (character === " ") blanks += 1;
    else if (";{}()=,".includes(character)) marks += 1;
  }
  return blanks < line.length / 8 && marks > line.length / 12;
}

/** Whether a place is in a text, a template's own words, or a comment: what stands there is not run. */
function isInsideText(facts: ProgramFacts, at: number): boolean {
  return (
    facts.texts.some(({ node }) => node.start < at && at < node.end) ||
    facts.patterns.some((node) => node.start < at && at < node.end) ||
    facts.syntax.comments.some(({ start, end }) => start <= at && at < end) ||
    facts.others.some(({ node }) => node.type === "JSXElement" && node.start < at && at < node.end)
  );
}

function judgeNames(file: SourceFile, facts: ProgramFacts, add: Add): void {
  const { text } = file;
  if (text.includes("_0x")) {
    const mangled = new Set(text.match(/\b_0x[0-9a-f]{3,}/g));
    if (mangled.size >= 3) add(text.indexOf("_0x"), "_0x names");
  }
  if (text.includes(String.raw`\u`)) {
    const escaped = (node: Node): boolean =>
      node.type === "Identifier" && text.slice(node.start, node.end).includes("\\");
    for (const node of facts.escapedNames) add(node.start, "escaped name");
    for (const { node } of facts.members)
      if (escaped(node.property)) add(node.start, "escaped name of a member");
  }
  const symbols = text.includes("[][") || text.includes("![]") ? /[[\]()!+{}]{60,}/.exec(text) : null;
  if (symbols && /\[\]|!\[/.test(symbols[0])) add(symbols.index, "symbols only");
}

/** Words that nobody has a reason to put together from pieces. */
const HIDDEN_WORDS: ReadonlySet<string> = new Set(
  (
    "eval Function child_process node:child_process constructor execSync execFile execFileSync spawnSync globalThis mainModule dlopen binding " +
    "getBuiltinModule runInThisContext runInNewContext _load __proto__ require process node:vm process.env document.cookie createRequire " +
    "AsyncFunction importScripts GeneratorFunction prepareStackTrace getThis _linkedBinding webhook.site"
  ).split(" "),
);

/** What makes texts of texts. */
const MAKERS =
  /^(?:String|Array|Uint8Array)(?:\.prototype)?\.|^(?:atob|unescape|decodeURI|decodeURIComponent|Buffer\.from|JSON\.parse)/;

function judgeTexts(file: SourceFile, facts: ProgramFacts, evaluator: Evaluator, add: Add): void {
  const { text } = file;
  const hidden = (node: Node, scope: Place["scope"]): void => {
    if (node.end - node.start > 4_000) return;
    for (const value of evaluator.valuesOf(node, scope)) {
      if (value.kind === "text" && value.made && HIDDEN_WORDS.has(value.text))
        add(node.start, `hidden word ${value.text}`);
    }
  };
  for (const { node, scope } of facts.joins) hidden(node, scope);
  for (const { node, scope, paths } of knownCallsOf(file)) {
    if (!paths.some((each) => MAKERS.test(each))) continue;
    hidden(node, scope);
    const [made] = evaluator.valuesOf(node, scope);
    const isCodes = paths.some((each) => each.startsWith("String.from"));
    if (isCodes && made?.kind === "text" && made.text.length >= 4 && /^[\w .:/\\()'"-]+$/.test(made.text))
      add(node.start, `character codes: ${made.text}`, "warn");
    if (
      made?.kind === "list" &&
      paths.includes("Array.prototype.map") &&
      areCodes(made.items, node, scope, evaluator)
    )
      add(node.start, "character codes", "warn");
    const [first] = node.arguments;
    if (first && isDecoder(paths) && isBlob(evaluator.textsOf(first, scope)))
      add(node.start, "long text that is decoded", "warn");
  }
  if (!text.includes(String.raw`\x`) && !text.includes(String.raw`\u`)) return;
  for (const { node } of facts.texts) {
    if (node.end - node.start > 10_000) continue;
    const raw = text.slice(node.start, node.end);
    const letters = raw.match(/\\(?:x[2-7][0-9a-fA-F]|u00[2-7][0-9a-fA-F]|u\{0*[2-7][0-9a-fA-F]\})/g) ?? [];
    const isHidden = letters.length >= 4 && letters.length * 6 > raw.length / 2;
    if (isHidden && node.type === "Literal")
      add(node.start, `escaped text ${String(node.value).slice(0, 60)}`, "warn");
  }
}

/** Whether a list of numbers became a list of characters. */
function areCodes(
  items: readonly Values[],
  node: Node,
  scope: Place["scope"],
  evaluator: Evaluator,
): boolean {
  if (node.type !== "CallExpression" || node.callee.type !== "MemberExpression" || items.length < 3)
    return false;
  const [from] = evaluator.valuesOf(node.callee.object, scope);
  const areNumbers = from?.kind === "list" && from.items.every(([each]) => each?.kind === "number");
  return areNumbers && items.every(([each]) => each?.kind === "text" && each.text.length === 1);
}

function isDecoder(paths: readonly string[]): boolean {
  return paths.some((each) => each === "atob" || each === "Buffer.from");
}

function isBlob(texts: readonly string[]): boolean {
  return texts.some((each) => each.length >= 160 && /^[A-Za-z0-9+/=_-]+$/.test(each));
}
