import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  type Document,
  type Node,
} from "yaml";
import type { SourceFile } from "../source-file.ts";
import { aliasTargets } from "./alias-targets.ts";
import { continuedLine } from "./continued-line.ts";
import { justfileScripts, makefileScripts } from "./makefile-scripts.ts";

export interface EmbeddedScript {
  readonly text: string;
  /** The line of the file in which its first line stands. */
  readonly line: number;
}

/** Keys under which workflows and their like have commands. */
const COMMAND_KEYS: ReadonlySet<string> = new Set(
  "run script before_script after_script command commands cmd cmds entrypoint before_install install after_success sh bash shell_command entry inline pre_build post_build build hooks postCreateCommand postStartCommand onCreateCommand updateContentCommand initializeCommand postAttachCommand exec".split(
    " ",
  ),
);
/** A document of more characters would fill the memory as a tree of nodes. Files that are read by their lines have no such bound. */
const MAX_DOCUMENT_CHARS = 1_000_000;
const MAX_DEPTH = 30;
/** Names that stand for what is elsewhere, which may hold such names again. */
const MAX_ALIASES = 1000;
/** A key under which commands may be, also in quotes; one that is written in escapes, or on a line of its own. */
const HAS_COMMANDS =
  /\b(?:run|script|command|commands|cmd|cmds|entrypoint|entry|install|sh|bash|exec|build|hooks|inline|args|\w{1,40}Command)["']?\s*:|_script["']?\s*:|"[^"\n]{0,80}\\[xuU][^"\n]{0,80}"\s*:|^[ \t-]*\?\s/m;
/** Of programs, and full of names that are keys elsewhere. */
const LOCK_FILE = /^(?:pnpm-lock|.*[-.]lock)\.ya?ml$/;

/** The shell commands that stand in a file which is no script, and whether they are all. */
export interface EmbeddedScripts {
  readonly scripts: readonly EmbeddedScript[];
  /** false: the file is too large, or nested too deep, and what it holds beside these is not known. */
  readonly isWhole: boolean;
}

export function embeddedScripts(file: SourceFile): EmbeddedScripts {
  const { path, text } = file;
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (
    name === "package.json" ||
    name === "composer.json" ||
    name === "devcontainer.json" ||
    name === "deno.json" ||
    name === "deno.jsonc"
  )
    return inJson(text);
  if (/\.ya?ml$/.test(name) && !LOCK_FILE.test(name)) return inYaml(text);
  return { scripts: inLines(name, text), isWhole: true };
}

function inLines(name: string, text: string): EmbeddedScript[] {
  if (/^(?:GNU)?[Mm]akefile$|\.mk$/.test(name)) return makefileScripts(text);
  if (/^[Jj]ustfile$|\.just$/.test(name)) return justfileScripts(text);
  if (/^(?:Dockerfile|Containerfile)(?:\.[\w-]+)?$|\.[Dd]ockerfile$/.test(name)) return inDockerfile(text);
  if (name === "Procfile") return lines(text, /^\w+:\s*(.+)$/);
  if (name === "pyproject.toml" || name === "tox.ini" || name === "Pipfile" || name === "Taskfile.toml")
    return lines(text, /^\s*[\w".-]+\s*=\s*(?:\{\s*(?:cmd|shell)\s*=\s*)?["'](.+?)["']\s*\}?\s*$/);
  return [];
}

/** The values of `scripts`, and of what dev containers run. */
function inJson(text: string): EmbeddedScripts {
  return yamlNodes(
    text,
    (path) => path.includes("scripts") || path.some((key) => /Command$|^tasks$/.test(key)),
  );
}

function inYaml(text: string): EmbeddedScripts {
  if (!HAS_COMMANDS.test(text)) return { scripts: [], isWhole: true };
  return yamlNodes(text, (path) => {
    const key = path.findLast((part) => part !== "");
    return key !== undefined && COMMAND_KEYS.has(key);
  });
}

/** The texts of a document's nodes under keys that are asked for. Text that is no YAML gives what could be read. */
function yamlNodes(text: string, isWanted: (path: readonly string[]) => boolean): EmbeddedScripts {
  if (text.length > MAX_DOCUMENT_CHARS) return { scripts: [], isWhole: false };
  const lineCounter = new LineCounter();
  const found: EmbeddedScript[] = [];
  const documents = documentsIn(text, lineCounter);
  if (!documents) return { scripts: [], isWhole: false };
  let isWhole = true;
  let aliases = 0;
  const targets = new Map<Document, ReturnType<typeof aliasTargets>>();
  const open: { readonly node: unknown; readonly path: readonly string[]; readonly document: Document }[] =
    documents.map((document) => ({ node: document.contents, path: [], document }));
  for (let next = open.pop(); next; next = open.pop()) {
    const { path, document } = next;
    let { node } = next;
    if (isAlias(node)) {
      // What it stands for is looked at where it is written, and once more where it is a command.
      if (!isWanted(path)) continue;
      aliases += 1;
      if (aliases > MAX_ALIASES) {
        isWhole = false;
        continue;
      }
      const known = targets.get(document) ?? aliasTargets(document);
      targets.set(document, known);
      node = known.get(node);
    }
    if (path.length > MAX_DEPTH) {
      isWhole = false;
      continue;
    }
    if (isMap(node))
      for (const { key, value } of node.items)
        open.push({ node: value, path: [...path, isScalar(key) ? String(key.value) : "?"], document });
    else if (isSeq(node)) {
      const words = node.items.map((item) =>
        isScalar(item) && typeof item.value === "string" ? item.value : undefined,
      );
      // `command: ["sh", "-c", "..."]` is one command.
      if (
        isWanted(path) &&
        /^(?:command|entrypoint|cmd|args|exec)$/.test(path.at(-1) ?? "") &&
        words.every((word) => word !== undefined) &&
        words.length > 1
      ) {
        found.push({
          text: words
            .map((word) => (/^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
            .join(" "),
          line: lineOf(node, lineCounter),
        });
      } else if (path.at(-1) === "args" && /^-[a-z]{0,4}c$/.test(words[0] ?? "") && words[1] !== undefined) {
        // What is handed to a shell that is named elsewhere.
        found.push({ text: words[1], line: lineOf(node, lineCounter) });
      } else for (const item of node.items) open.push({ node: item, path: [...path, ""], document });
    } else if (isScalar(node) && typeof node.value === "string" && isWanted(path)) {
      const isBlock = node.type === "BLOCK_LITERAL" || node.type === "BLOCK_FOLDED";
      found.push({ text: plainExpressions(node.value), line: lineOf(node, lineCounter) + (isBlock ? 1 : 0) });
    }
  }
  return { scripts: found.toReversed(), isWhole };
}

/** Undefined: text that nests without an end is more than the parser's stack holds. */
function documentsIn(text: string, lineCounter: LineCounter): readonly Document[] | undefined {
  try {
    const documents = parseAllDocuments(text, {
      lineCounter,
      strict: false,
      uniqueKeys: false,
      logLevel: "silent",
    });
    return Array.isArray(documents) ? documents : [];
  } catch {
    return undefined;
  }
}

function lineOf(node: Node, lineCounter: LineCounter): number {
  return lineCounter.linePos(node.range?.[0] ?? 0).line || 1;
}

/** What a workflow puts in before the shell sees it: here, a variable that is known to nobody. */
function plainExpressions(text: string): string {
  return text.replace(
    /\$\{\{([^}]*)\}\}/g,
    (_, expression: string) => `\${EXPRESSION_${expression.replace(/\W+/g, "_").slice(0, 40)}}`,
  );
}

function inDockerfile(text: string): EmbeddedScript[] {
  const found: EmbeddedScript[] = [];
  const all = text.split("\n");
  const mark = escapeOf(all);
  for (let at = 0; at < all.length; at += 1) {
    const [, instruction, rest] =
      /^\s*(?:ONBUILD\s+)?(RUN|CMD|ENTRYPOINT|HEALTHCHECK(?:\s+--\S+)*\s+CMD)\s+(.*)$/i.exec(all[at] ?? "") ??
      [];
    if (instruction === undefined || rest === undefined) continue;
    const line = at + 1;
    let command = rest.replace(/^(?:--\S+\s+)+/, "");
    const end = /<<-?\s*["']?(\w+)/.exec(command)?.[1];
    if (end !== undefined && /^<<|^\S*sh\s*<</.test(command)) {
      const body: string[] = [];
      while (at + 1 < all.length && (all[at + 1] ?? "").trim() !== end) body.push(all[(at += 1)] ?? "");
      found.push({ text: body.join("\n"), line: line + 1 });
      continue;
    }
    const continued = continuedLine(all, at, { first: command, mark, takes: withoutComment });
    command = continued.text;
    at = continued.last;
    const list = /^\[(.*)\]\s*$/.exec(command.trim())?.[1];
    const words =
      list === undefined
        ? undefined
        : [...list.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((match) => match[1] ?? "");
    found.push({
      text: words ? words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ") : command,
      line,
    });
  }
  return found;
}

/** A comment between the lines of one command is not part of it. */
function withoutComment(line: string): string | undefined {
  return /^\s*#/.test(line) ? undefined : line;
}

/** What continues a line: a directive at the top may have it otherwise. */
function escapeOf(all: readonly string[]): string {
  for (const line of all) {
    const [, name, value] = /^#\s{0,20}(\w{1,20})\s{0,20}=\s{0,20}(\S{1,200})\s*$/.exec(line) ?? [];
    if (name === undefined) return "\\";
    if (name.toLowerCase() === "escape" && value === "`") return value;
  }
  return "\\";
}

function lines(text: string, pattern: RegExp): EmbeddedScript[] {
  return text.split("\n").flatMap((line, index) => {
    const command = pattern.exec(line)?.[1];
    return command === undefined ? [] : [{ text: command, line: index + 1 }];
  });
}
