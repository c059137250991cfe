import { continuedLine } from "./continued-line.ts";
import type { EmbeddedScript } from "./embedded-shell.ts";

/** Of a call of `shell`, and of what stands before a recipe on its line. */
const MAX_CALL = 2000;
const TARGET = /^[^\s#:=][^#:=\n]{0,500}::?(?!=)[^;#=\n]{0,500};\s{0,100}(\S.*)$/;
const BANG = /^\s{0,100}(?:(?:export|override|unexport)\s{1,10}){0,2}[\w.-]{1,100}\s{0,10}!=\s{0,100}(\S.*)$/;
const ASSIGNED =
  /^\s{0,100}(?:(?:export|override)\s{1,10}){0,2}[\w.-]{1,100}\s{0,10}(?:::?:?|\?|\+)?=\s{0,100}(\S.*)$/;
const CALL = /\$[({]shell\s/g;

/** What a Makefile runs: recipes, also behind their target and in `define`; `$(shell …)`; `!=`; variables that hold whole commands. */
export function makefileScripts(text: string): EmbeddedScript[] {
  const found: EmbeddedScript[] = [];
  const add = (command: string, line: number): void => {
    found.push({ text: makeVariables(command.replace(/^[@+-]+\s*/, "")), line });
  };
  const all = text.split("\n");
  let prefix = "\t";
  let isDefinition = false;
  for (let at = 0; at < all.length; at += 1) {
    const line = at + 1;
    const first = all[at] ?? "";
    const calls = shellCalls(first);
    for (const { start, end } of calls) add(first.slice(start, end).trim(), line);
    prefix = /^\.RECIPEPREFIX\s{0,10}[:?]{0,2}=\s{0,10}(\S)/.exec(first)?.[1] ?? prefix;
    const isRecipe = /^(?:\t| {4})\s*\S/.test(first) || (prefix !== "\t" && first.startsWith(prefix));
    if (!isRecipe && /^\s{0,20}define\s/.test(first)) isDefinition = true;
    else if (/^\s{0,20}endef\b/.test(first)) isDefinition = false;
    else {
      const command = isRecipe
        ? first.slice(first.startsWith(prefix) ? prefix.length : 0)
        : isDefinition
          ? first
          : (TARGET.exec(first) ?? BANG.exec(first))?.[1];
      const value = command === undefined ? ASSIGNED.exec(outside(first, calls))?.[1] : undefined;
      const begun = command ?? value;
      if (begun === undefined || begun.trim() === "") continue;
      const { text: whole, last } = continuedLine(all, at, {
        first: begun.trim(),
        takes: (next) => next.trim(),
      });
      at = last;
      // A variable is mostly a name or a flag; one that joins commands is run by somebody.
      if (command !== undefined || /[|;&]/.test(whole)) add(whole, line);
    }
  }
  return found;
}

/** A justfile's recipes are indented by whatever their writer likes; what stands in backticks is run as well. */
export function justfileScripts(text: string): EmbeddedScript[] {
  const found: EmbeddedScript[] = [];
  const all = text.split("\n");
  for (let at = 0; at < all.length; at += 1) {
    const line = at + 1;
    const first = all[at] ?? "";
    if (!/^[ \t]+\S/.test(first)) {
      for (const [, command = ""] of first.matchAll(/`([^`\n]{1,2000})`/g))
        found.push({ text: command, line });
      continue;
    }
    const { text: recipe, last } = continuedLine(all, at, {
      first: first.trim(),
      takes: (next) => next.trim(),
    });
    at = last;
    found.push({ text: recipe.replace(/^[@-]+\s*/, ""), line });
  }
  return found;
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** Where `$(shell …)` has its commands, up to the bracket that closes each. */
function shellCalls(line: string): Span[] {
  const found: Span[] = [];
  for (const call of line.matchAll(CALL)) {
    const [open, close] = call[0][1] === "(" ? ["(", ")"] : ["{", "}"];
    const start = call.index + call[0].length;
    const last = Math.min(line.length, start + MAX_CALL);
    let depth = 1;
    for (let at = start; at < last; at += 1) {
      if (line[at] === open) depth += 1;
      else if (line[at] === close && (depth -= 1) === 0) {
        found.push({ start, end: at });
        break;
      }
    }
  }
  return found;
}

/** The line without what is looked at by itself. */
function outside(line: string, calls: readonly Span[]): string {
  const kept: string[] = [];
  let done = 0;
  for (const { start, end } of calls) {
    if (start < done) continue;
    kept.push(line.slice(done, start));
    done = end;
  }
  return [...kept, line.slice(done)].join("");
}

function makeVariables(text: string): string {
  return text.replace(/(?<!\$)\$[({](\w+)[)}]/g, (_, name: string) => `\${${name}}`).replaceAll("$$", "$");
}
