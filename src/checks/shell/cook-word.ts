import type { SgNode } from "@ast-grep/napi";
import { expandBraces } from "./expand-braces.ts";
import { cookAnsi, cookDouble, cookPlain } from "./unquote.ts";

/** A word of a command as the shell would pass it on, as far as the file alone tells. */
export interface Word {
  /** Quotes and escapes taken away, known variables put in. An unknown one stays as `$NAME`, a command as `$(...)`. */
  readonly text: string;
  /** As it is written. */
  readonly source: string;
  /** Something in it is only known when it runs. */
  readonly open: boolean;
}

/** The value of a variable that the file assigns, as text or as the words of an array. */
export type Variables = ReadonlyMap<string, readonly string[]>;

const MAX_DEPTH = 20;
const MAX_WORD = 8192;

/** The words that a node of a command stands for: one, unless braces or an unquoted variable make it several. */
export function cookWord(node: SgNode, variables: Variables): Word[] {
  const source = node.text();
  const text = cook(node, variables, 0).slice(0, MAX_WORD);
  const open = /\$[A-Za-z_0-9@*#?!({]|`/.test(text);
  const kind = node.kind();
  // An array, and a variable that stands alone without quotes, are split into words.
  const splits =
    kind === "simple_expansion" ||
    kind === "expansion" ||
    /^"\$\{\w+\[@\]\}"$/.test(source) ||
    kind === "command_substitution";
  if (splits && !open)
    return text
      .split(/\s+/)
      .filter((part) => part !== "")
      .map((part) => ({ text: part, source, open }));
  if ((kind === "concatenation" || kind === "word" || kind === "command_name") && source.includes("{"))
    return expandBraces(text).map((part) => ({ text: part, source, open }));
  return [{ text, source, open }];
}

function cook(node: SgNode, variables: Variables, depth: number): string {
  if (depth > MAX_DEPTH) return node.text();
  switch (node.kind()) {
    case "word":
      return cookPlain(node.text());
    case "raw_string":
      return node.text().slice(1, -1);
    case "ansi_c_string":
      return cookAnsi(node.text());
    case "string":
    case "translated_string":
      return inside(node, variables, depth);
    case "string_content":
      return cookDouble(node.text());
    case "concatenation":
    case "command_name":
      return node
        .children()
        .map((child) => cook(child, variables, depth + 1))
        .join("");
    case "simple_expansion":
    case "expansion":
      return expand(node, variables);
    case "command_substitution":
      return substitute(node, variables, depth);
    default:
      return node.text();
  }
}

/** What stands between double quotes, with the white space that the tree has no nodes for. */
function inside(node: SgNode, variables: Variables, depth: number): string {
  const text = node.text();
  const start = node.range().start.index;
  let [cooked, at] = ["", 0];
  for (const child of node.children()) {
    const range = child.range();
    cooked += text.slice(at, range.start.index - start);
    cooked += child.text() === '"' ? "" : cook(child, variables, depth + 1);
    at = range.end.index - start;
  }
  return cooked;
}

function expand(node: SgNode, variables: Variables): string {
  const source = node.text();
  const [, name, rest = ""] = /^\$\{?(!?\w+|[@*#?$!-])(?:\[[@*0-9]\])?([^]*?)\}?$/.exec(source) ?? [];
  if (name === undefined) return source;
  const value = name === "IFS" ? " " : variables.get(name)?.join(" ");
  const fallback = /^:?[-=]([^]*)$/.exec(rest)?.[1];
  if (value === undefined) {
    if (fallback !== undefined && fallback !== "") return cookPlain(fallback.replace(/^["']|["']$/g, ""));
    // Guarded: the shell stops where it is not set.
    return rest.startsWith(":?") || rest.startsWith("?") ? `$${name}?` : `$${name}`;
  }
  const part = /^:\s*(\d+)(?::(\d+))?$/.exec(rest);
  if (part)
    return value.slice(
      Number(part[1]),
      part[2] === undefined ? undefined : Number(part[1]) + Number(part[2]),
    );
  const replaced = /^(\/\/?)([^/]+)\/?([^]*)$/.exec(rest);
  if (replaced) {
    const [, all, from = "", to = ""] = replaced;
    return all === "//" ? value.replaceAll(from, () => to) : value.replace(from, () => to);
  }
  if (rest === ",," || rest === ",") return value.toLowerCase();
  if (rest === "^^") return value.toUpperCase();
  return value;
}

/** What `$(echo ...)` and its like print; anything else stays as it is written. */
function substitute(node: SgNode, variables: Variables, depth: number): string {
  const inner = node.children().filter((child) => child.isNamed());
  const [command] = inner;
  if (inner.length !== 1 || command?.kind() !== "command") return node.text();
  const [name, ...args] = command.children().filter((child) => child.isNamed());
  const program = name ? cook(name, variables, depth + 1) : "";
  const texts = args.map((arg) => cook(arg, variables, depth + 1));
  if (program === "echo")
    return texts
      .filter((text) => !/^-[neE]+$/.test(text))
      .map(cookEscapes)
      .join(" ");
  if (program === "printf" && texts.length > 0) return printed(texts);
  return node.text();
}

function cookEscapes(text: string): string {
  return text.includes("\\") ? cookAnsi(`$'${text}'`) : text;
}

function printed([format = "", ...values]: string[]): string {
  let at = 0;
  return cookEscapes(format).replace(/%[sbd]/g, () => values[at++] ?? "");
}
