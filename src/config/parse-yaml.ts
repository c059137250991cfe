import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Alias,
  type Document,
  type Node,
  type Pair,
  type YAMLMap,
} from "yaml";
import type { Problem } from "../core/problem.ts";
import { err, ok, type Result } from "../core/result.ts";
import { safeLine } from "../core/safe-text.ts";
import { pathToText, shortText, type Issue } from "./issue.ts";

/** The values of a YAML file, and where each of them stands. */
export interface YamlFile {
  /** As the user knows it, relative to the workspace. */
  readonly name: string;
  /** Plain data: strings, numbers, booleans, null, arrays and objects; no cycles, no keys that act on a prototype. */
  readonly value: unknown;
  /** The issue with its place in the file. */
  readonly problem: (issue: Issue) => Problem;
}

type Place = Pick<Problem, "file" | "line" | "column">;

/** Deeper than any file of ours by far, and shallow enough for every recursion here and in zod. */
const MAX_DEPTH = 50;
/** Nodes that all aliases together may stand for. An alias bomb has billions. */
const MAX_ALIASED_NODES = 10_000;
/** One slip in YAML is often reported many times over; the first reports are the useful ones. */
const MAX_SYNTAX_PROBLEMS = 5;

/** Room for a cycle of 20 tasks. */
const MAX_MESSAGE_CHARS = 1_500;

/** Everything that YAML 1.2 calls not printable; written as an escape in quotes it is allowed. */
const NOT_PRINTABLE = /(?![\t\n\r\u0085])[\p{Cc}\uFFFE\uFFFF]/u;

/**
 * Reads YAML as plain data, by the core schema of YAML 1.2: one document, no tags of its own, no merge keys, each key
 * once. Never throws; what is refused is named with its place.
 */
export function parseYaml(text: string, name: string): Result<YamlFile, Problem[]> {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    // Checked by `Reader`, which takes linear time.
    uniqueKeys: false,
    stringKeys: true,
    schema: "core",
    merge: false,
    resolveKnownTags: false,
  });
  const placeAt = (at: number): Place => {
    const { line, col } = lines.linePos(at);
    return { file: name, line, column: col };
  };
  const syntax = syntaxProblems(text, document, placeAt);
  if (syntax.length > 0) return err(syntax);

  const reader = new Reader(placeAt);
  const root = document.contents;
  const value = reader.read(root, 0);
  if (reader.problems.length > 0) return err(reader.problems);
  if (value === null || value === undefined) {
    const message = "the file is empty";
    return err([{ file: name, line: 1, column: 1, message, hint: "`nightwarden init` writes an example" }]);
  }
  // Messages and hints quote the file: here they become harmless to show, and of a length that can be read.
  const problem = ({ path, atKey, message, hint }: Issue): Problem => ({
    ...placeAt(reader.offsetOf(root, path, atKey ?? false)),
    message: safeLine(
      path.length > 0 && !atKey ? `${pathToText(path)}: ${message}` : message,
      MAX_MESSAGE_CHARS,
    ),
    ...(hint === undefined ? {} : { hint: safeLine(hint, MAX_MESSAGE_CHARS) }),
  });
  return ok({ name, value, problem });
}

function syntaxProblems(text: string, document: Document, placeAt: (offset: number) => Place): Problem[] {
  const unprintable = NOT_PRINTABLE.exec(text);
  if (unprintable) {
    const code = (unprintable[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
    const message = `the character U+${code} cannot stand in a YAML file`;
    const hint = 'delete it, or write it as an escape in "double quotes"';
    return [{ ...placeAt(unprintable.index), message, hint }];
  }
  const problems = new Map<number, Problem>();
  const errors = [...document.errors, ...document.warnings];
  // Where a tab indents, everything after it is misread.
  const tabs = errors.filter((error) => error.code === "TAB_AS_INDENT");
  for (const error of tabs.length > 0 ? tabs : errors) {
    const place = placeAt(error.pos[0]);
    // Several reports of one line have one cause.
    if (problems.has(place.line)) continue;
    if (problems.size === MAX_SYNTAX_PROBLEMS) break;
    const known = SYNTAX[error.code];
    const message = known?.message ?? safeLine(error.message);
    problems.set(place.line, { ...place, message, ...(known?.hint ? { hint: known.hint } : {}) });
  }
  return [...problems.values()];
}

/** Plainer words for the errors of the YAML library that people meet most. */
const SYNTAX: Readonly<Record<string, { readonly message?: string; readonly hint?: string }>> = {
  TAB_AS_INDENT: { message: "a tab cannot indent a line in YAML", hint: "use spaces" },
  MULTIPLE_DOCS: {
    message: "the file holds more than one YAML document",
    hint: "delete the line `---` between them, or make two files",
  },
  BLOCK_AS_IMPLICIT_KEY: {
    message: "a second `: ` in the same line",
    hint: 'text that has `: ` in it needs quotes, as in title: "Fix: the login"',
  },
  BAD_SCALAR_START: { hint: "text that begins with @ or ` needs quotes" },
  MULTILINE_IMPLICIT_KEY: { hint: "is a `:` missing after a key, or a quote not closed?" },
  MISSING_CHAR: { hint: "is a quote or a bracket not closed?" },
  BAD_INDENT: { hint: "lines of one level begin in the same column" },
  BAD_ALIAS: { hint: "text that begins with * or & needs quotes" },
  TAG_RESOLVE_FAILED: {
    message: "tags such as !name have no meaning here",
    hint: "delete the tag; text that begins with ! needs quotes",
  },
  RESOURCE_EXHAUSTION: { message: "the file is nested too deeply" },
  NON_STRING_KEY: { message: "a key must be plain text" },
};

/** Turns nodes into plain data, and remembers which node each alias stands for. */
class Reader {
  readonly problems: Problem[] = [];
  private readonly placeAt: (offset: number) => Place;
  private readonly anchors = new Map<string, Node>();
  private readonly targets = new Map<Alias, Node>();
  private readonly open = new Set<Node>();
  private aliasDepth = 0;
  private aliasedNodes = 0;

  constructor(placeAt: (offset: number) => Place) {
    this.placeAt = placeAt;
  }

  read(node: Node | null, depth: number): unknown {
    if (!node) return null;
    if (depth > MAX_DEPTH) return this.refuse(node, "the file is nested too deeply");
    if (this.aliasDepth > 0 && this.countAliasedNode(node)) return null;
    if (isAlias(node)) return this.readAlias(node, depth);
    if ("anchor" in node && node.anchor && this.aliasDepth === 0) this.anchors.set(node.anchor, node);
    this.open.add(node);
    const value = this.readContent(node, depth);
    this.open.delete(node);
    return value;
  }

  /** Where the value at `path`, or its key, begins; for a path that is not there, its closest parent. */
  offsetOf(root: Node | null, path: readonly PropertyKey[], atKey: boolean): number {
    let node = root;
    let [keyOffset, valueOffset] = [offset(root), offset(root)];
    for (const key of path) {
      if (isAlias(node)) node = this.targets.get(node) ?? null;
      if (isMap<unknown, Node | null>(node)) {
        const pair = pairOf(node, String(key));
        if (!pair) return keyOffset;
        keyOffset = offset(pair.key);
        node = pair.value;
        // Where nothing is written, the key is the place to look at.
        valueOffset = isEmpty(node) ? keyOffset : offset(node);
      } else if (isSeq<Node>(node) && typeof key === "number" && node.items[key]) {
        node = node.items[key];
        keyOffset = valueOffset = offset(node);
      } else {
        return keyOffset;
      }
    }
    return atKey ? keyOffset : valueOffset;
  }

  private readContent(node: Node, depth: number): unknown {
    if (isScalar(node)) return node.value;
    if (isMap<unknown, Node | null>(node)) return this.readMap(node, depth);
    if (isSeq<Node>(node)) return node.items.map((item) => this.read(item, depth + 1));
    return null;
  }

  private readMap(map: YAMLMap<unknown, Node | null>, depth: number): Record<string, unknown> {
    const value: Record<string, unknown> = {};
    for (const pair of map.items) {
      const key = keyOf(pair);
      if (key === undefined) {
        this.refuse(map, "a key must be plain text");
      } else if (Object.hasOwn(value, key)) {
        this.refuse(pair.key, `the key "${shortText(key)}" stands here twice`, "keep one of the two");
      } else if (key === "<<") {
        this.refuse(pair.key, "merge keys (<<) have no meaning here", "write the keys out");
      } else if (key === "__proto__") {
        this.refuse(pair.key, 'the key "__proto__" is not allowed');
      } else {
        value[key] = this.read(pair.value, depth + 1);
      }
    }
    return value;
  }

  private readAlias(alias: Alias, depth: number): unknown {
    const target = this.targets.get(alias) ?? this.anchors.get(alias.source);
    if (!target) {
      const message = `the alias *${shortText(alias.source)} has no anchor before it`;
      return this.refuse(alias, message, "text that begins with * needs quotes");
    }
    if (this.open.has(target)) {
      return this.refuse(alias, `the alias *${shortText(alias.source)} contains itself`);
    }
    this.targets.set(alias, target);
    this.aliasDepth += 1;
    const value = this.read(target, depth);
    this.aliasDepth -= 1;
    return value;
  }

  /** True once the aliases of the file stand for too much; said once. */
  private countAliasedNode(node: Node): boolean {
    this.aliasedNodes += 1;
    if (this.aliasedNodes === MAX_ALIASED_NODES + 1) {
      this.refuse(
        node,
        `the aliases of this file stand for more than ${MAX_ALIASED_NODES} values`,
        "write them out",
      );
    }
    return this.aliasedNodes > MAX_ALIASED_NODES;
  }

  private refuse(at: unknown, message: string, hint?: string): null {
    this.problems.push({ ...this.placeAt(offset(at)), message, ...(hint === undefined ? {} : { hint }) });
    return null;
  }
}

function keyOf(pair: Pair): string | undefined {
  return isScalar(pair.key) && typeof pair.key.value === "string" ? pair.key.value : undefined;
}

function pairOf(map: YAMLMap<unknown, Node | null>, key: string): Pair<unknown, Node | null> | undefined {
  return map.items.find((pair) => keyOf(pair) === key);
}

function isEmpty(node: Node | null): boolean {
  return !node || (isScalar(node) && node.value === null && !node.source);
}

function offset(node: unknown): number {
  const range = isAlias(node) || isScalar(node) || isMap(node) || isSeq(node) ? node.range : undefined;
  return range?.[0] ?? 0;
}
