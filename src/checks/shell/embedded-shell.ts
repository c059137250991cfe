import { isMap, isScalar, isSeq, LineCounter, parseAllDocuments, type Node } from "yaml";
import type { SourceFile } from "../source-file.ts";

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
const MAX_CHARS = 1_000_000;

/** The shell commands that stand in a file which is no script. */
export function embeddedScripts(file: SourceFile): EmbeddedScript[] {
  const { path, text } = file;
  if (text.length > MAX_CHARS) return [];
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (
    name === "package.json" ||
    name === "composer.json" ||
    name === "devcontainer.json" ||
    name === "deno.json" ||
    name === "deno.jsonc"
  )
    return inJson(text);
  if (/\.ya?ml$/.test(name)) return inYaml(text);
  if (/^(?:GNU)?[Mm]akefile$|\.mk$/.test(name)) return inMakefile(text);
  if (/^[Jj]ustfile$|\.just$/.test(name)) return inMakefile(text);
  if (/^(?:Dockerfile|Containerfile)(?:\.[\w-]+)?$|\.[Dd]ockerfile$/.test(name)) return inDockerfile(text);
  if (name === "Procfile") return lines(text, /^\w+:\s*(.+)$/);
  if (name === "pyproject.toml" || name === "tox.ini" || name === "Pipfile" || name === "Taskfile.toml")
    return lines(text, /^\s*[\w".-]+\s*=\s*(?:\{\s*(?:cmd|shell)\s*=\s*)?["'](.+?)["']\s*\}?\s*$/);
  return [];
}

/** The values of `scripts`, and of what dev containers run. */
function inJson(text: string): EmbeddedScript[] {
  return yamlNodes(
    text,
    (path) => path.includes("scripts") || path.some((key) => /Command$|^tasks$/.test(key)),
  );
}

function inYaml(text: string): EmbeddedScript[] {
  if (
    !/\b(?:run|script|command|commands|cmd|cmds|entrypoint|entry|install|sh|bash|exec|build)\b\s*:|_script:/.test(
      text,
    )
  )
    return [];
  return yamlNodes(text, (path) => {
    const key = path.findLast((part) => part !== "");
    return key !== undefined && COMMAND_KEYS.has(key);
  });
}

/** The texts of a document's nodes under keys that are asked for. Text that is no YAML gives what could be read. */
function yamlNodes(text: string, isWanted: (path: readonly string[]) => boolean): EmbeddedScript[] {
  const lineCounter = new LineCounter();
  const found: EmbeddedScript[] = [];
  const documents = documentsIn(text, lineCounter);
  const open: { readonly node: unknown; readonly path: readonly string[] }[] = (
    Array.isArray(documents) ? documents : []
  ).map((document) => ({ node: document.contents, path: [] }));
  while (open.length > 0) {
    const { node, path } = open.pop() ?? { node: null, path: [] };
    if (path.length > 30) continue;
    if (isMap(node))
      for (const { key, value } of node.items)
        open.push({ node: value, path: [...path, isScalar(key) ? String(key.value) : "?"] });
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
      } else for (const item of node.items) open.push({ node: item, path: [...path, ""] });
    } else if (isScalar(node) && typeof node.value === "string" && isWanted(path)) {
      const isBlock = node.type === "BLOCK_LITERAL" || node.type === "BLOCK_FOLDED";
      found.push({ text: plainExpressions(node.value), line: lineOf(node, lineCounter) + (isBlock ? 1 : 0) });
    }
  }
  return found.toReversed();
}

/** Text that nests without an end is more than the parser's stack holds. */
function documentsIn(text: string, lineCounter: LineCounter): readonly { readonly contents: unknown }[] {
  try {
    const documents = parseAllDocuments(text, {
      lineCounter,
      strict: false,
      uniqueKeys: false,
      logLevel: "silent",
    });
    return Array.isArray(documents) ? documents : [];
  } catch {
    return [];
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

/** Recipes: the lines that begin with a tab, or four spaces in a justfile. */
function inMakefile(text: string): EmbeddedScript[] {
  const found: EmbeddedScript[] = [];
  const all = text.split("\n");
  for (let at = 0; at < all.length; at += 1) {
    const shell = /\$\(shell\s{1,10}(.{1,2000})\)\s{0,20}$/.exec(all[at] ?? "")?.[1];
    if (shell !== undefined) found.push({ text: makeVariables(shell), line: at + 1 });
    if (!/^(?:\t| {4})\s*\S/.test(all[at] ?? "")) continue;
    const line = at + 1;
    let recipe = (all[at] ?? "").trim();
    while (recipe.endsWith("\\") && at + 1 < all.length) recipe += `\n${(all[(at += 1)] ?? "").trim()}`;
    found.push({ text: makeVariables(recipe.replace(/^[@+-]+\s*/, "")), line });
  }
  return found;
}

function makeVariables(text: string): string {
  return text.replace(/(?<!\$)\$[({](\w+)[)}]/g, (_, name: string) => `\${${name}}`).replaceAll("$$", "$");
}

function inDockerfile(text: string): EmbeddedScript[] {
  const found: EmbeddedScript[] = [];
  const all = text.split("\n");
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
    while (/\\\s*$/.test(command) && at + 1 < all.length) {
      const next = all[(at += 1)] ?? "";
      // A comment between the lines of one command is not part of it.
      command = /^\s*#/.test(next) ? command : `${command.replace(/\s*$/, "")}\n${next}`;
    }
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

function lines(text: string, pattern: RegExp): EmbeddedScript[] {
  return text.split("\n").flatMap((line, index) => {
    const command = pattern.exec(line)?.[1];
    return command === undefined ? [] : [{ text: command, line: index + 1 }];
  });
}
