import type { SgNode } from "@ast-grep/napi";
import { parseSource } from "../syntax/parse-source.ts";
import { cookWord, type Variables, type Word } from "./cook-word.ts";
import { StatementsAround } from "./statements-around.ts";
import { programName, unwrap } from "./unwrap-command.ts";
import { upstreamCommands } from "./upstream-commands.ts";

/** One command of a script, as it would run. */
export interface ShellCommand {
  /** The program, without its folder and without what only starts it: `sudo -E /bin/rm` is `rm`. */
  readonly name: string;
  readonly args: readonly string[];
  readonly words: readonly Word[];
  /** What it was started through: `sudo`, `env`, `xargs`. */
  readonly through: readonly string[];
  /** The commands whose output it reads. */
  readonly upstream: readonly ShellCommand[];
  /** Variables that are set for it alone. */
  readonly assigned: readonly string[];
  readonly redirects: readonly Redirect[];
  /** Text that is its input: a here-document or here-string. */
  readonly input: string | undefined;
  readonly node: SgNode;
  readonly line: number;
}

export interface Redirect {
  readonly operator: string;
  readonly target: string;
}

/** A script that was read: its commands in order, and what its variables are. */
export interface ShellScript {
  readonly root: SgNode;
  readonly around: StatementsAround;
  readonly commands: readonly ShellCommand[];
  /** False: it has more commands, or deeper ones, than are looked at. */
  readonly isWhole: boolean;
  readonly variables: Variables;
  /** Every variable that the script gives a value, known or not. */
  readonly assignedNames: ReadonlySet<string>;
  /** Those among them that what is read gives a value. */
  readonly readNames: ReadonlySet<string>;
  /** What is assigned, as it is written: `x=$(curl ...)`. */
  readonly assignments: readonly {
    readonly name: string;
    readonly value: SgNode;
    readonly text: string;
    readonly line: number;
  }[];
}

/** The kinds of nodes that run something. */
const COMMAND_KINDS = ["command", "unset_command", "declaration_command"] as const;
const MAX_COMMANDS = 20_000;
/** What is read of commands inside commands inside commands counts again each time: together no more than this. */
const MAX_CHARS = 2_000_000;

/** What is known of a command before it is read. */
interface Surroundings {
  readonly variables: Variables;
  /** The line of the file in which the script's first one stands. */
  readonly line: number;
  readonly upstream: readonly ShellCommand[];
  readonly around: StatementsAround;
}

/** Reads a script. `line`: the line of the file in which its first one stands. `root`: its tree, if it is parsed already. */
export function readScript(text: string, line = 1, root = parseSource("shell", text)): ShellScript {
  const found = root.findAll({
    rule: { any: [...COMMAND_KINDS, "variable_assignment", "for_statement"].map((kind) => ({ kind })) },
  });
  const assignments: { name: string; value: SgNode; text: string; line: number }[] = [];
  const variables = new Map<string, readonly string[]>();
  const names = new Set<string>();
  const read = new Set<string>();
  const commands: SgNode[] = [];
  let chars = 0;
  for (const node of found.slice(0, MAX_COMMANDS)) {
    if (COMMAND_KINDS.some((kind) => kind === node.kind())) {
      commands.push(node);
      for (const name of readNames(node)) read.add(name);
      continue;
    }
    const isLoop = node.kind() === "for_statement";
    const name =
      node
        .field(isLoop ? "variable" : "name")
        ?.text()
        .replace(/\[.*$/, "") ?? "";
    names.add(name);
    const value = node.field("value");
    chars += value ? lengthOf(value) : 0;
    if (chars > MAX_CHARS) break;
    if (isLoop) {
      const over = loopWord(node, variables);
      if (over !== undefined && !variables.has(name)) variables.set(name, [over]);
    }
    if (!value || isLoop) continue;
    assignments.push({ name, value, text: value.text(), line: line + node.range().start.line });
    const items = value.kind() === "array" ? value.children().filter((child) => child.isNamed()) : [value];
    const words = items.flatMap((item) => cookWord(item, variables));
    if (words.every((word) => !word.open && word.text.length < 4096))
      variables.set(
        name,
        words.map((word) => word.text),
      );
    else variables.delete(name);
  }
  const upstream = upstreamCommands(root, commands);
  const around = new StatementsAround(root);
  const made: ShellCommand[] = [];
  let isWhole = found.length <= MAX_COMMANDS && chars <= MAX_CHARS;
  for (const node of commands) {
    chars += lengthOf(node);
    if (chars > MAX_CHARS) {
      isWhole = false;
      break;
    }
    made.push(
      commandOf(node, {
        variables,
        line,
        upstream: (upstream.get(node.id()) ?? []).flatMap((at) => made[at] ?? []),
        around,
      }),
    );
  }
  return {
    root,
    around,
    commands: made,
    variables,
    assignedNames: new Set([...names, ...read]),
    readNames: read,
    assignments,
    isWhole,
  };
}

/**
 * What stands for the words that a loop goes over: the one that leads furthest up, or the first. What is done to it is
 * done to each of them.
 */
function loopWord(loop: SgNode, variables: Variables): string | undefined {
  const words = loop
    .children()
    .filter((child) => child.isNamed() && !/^(?:do_group|variable_name|comment)$/.test(String(child.kind())))
    .flatMap((child) => cookWord(child, variables));
  if (words.length === 0 || words.some(({ open }) => open)) return undefined;
  return (words.find(({ text }) => /^(?:[/~]|\.\.|\*$)/.test(text)) ?? words[0])?.text;
}

const READER = /^(?:read|mapfile|readarray|getopts)$/;
const MAX_READER = 9;

function lengthOf(node: SgNode): number {
  const { start, end } = node.range();
  return end.index - start.index;
}

/** What `read`, `mapfile` and `getopts` give values. */
function readNames(command: SgNode): string[] {
  const name = command.field("name");
  // A name that is itself commands in commands is long, and asked for at every level.
  if (!name || lengthOf(name) > MAX_READER || !READER.test(name.text())) return [];
  return command.text().split(/\s+/).slice(1, 20);
}

function commandOf(node: SgNode, { variables, line, upstream, around }: Surroundings): ShellCommand {
  const words: Word[] = [];
  const assigned: string[] = [];
  const redirects: Redirect[] = [];
  let input: string | undefined;
  const readRedirect = (redirect: SgNode): void => {
    const kind = redirect.kind();
    if (kind === "heredoc_redirect")
      input =
        redirect
          .children()
          .find((child) => child.kind() === "heredoc_body")
          ?.text() ?? "";
    else if (kind === "herestring_redirect")
      input = redirect
        .children()
        .filter((child) => child.isNamed())
        .flatMap((child) => cookWord(child, variables))
        .map((word) => word.text)
        .join(" ");
    else if (kind === "file_redirect") {
      const target = redirect
        .children()
        .findLast((child) => child.isNamed() && child.kind() !== "file_descriptor");
      if (target)
        redirects.push({
          operator: /[<>&|]+/.exec(redirect.text())?.[0] ?? "",
          target: cookWord(target, variables)[0]?.text ?? "",
        });
    }
  };
  const isCommand = node.kind() === "command";
  for (const [index, child] of node.children().entries()) {
    // `export`, `unset`: the grammar has the word itself as a token.
    if (!isCommand && index === 0) words.push({ text: child.text(), source: child.text(), open: false });
    if (!child.isNamed()) continue;
    const kind = String(child.kind());
    if (kind === "variable_assignment" && isCommand) assigned.push(child.text());
    else if (kind === "variable_assignment")
      words.push({ text: child.text(), source: child.text(), open: true });
    else if (kind.endsWith("_redirect")) readRedirect(child);
    else if (kind !== "comment")
      words.push(...(kind === "command_name" ? nameWords(child, variables) : cookWord(child, variables)));
  }
  const parent = around.parent(node);
  if (parent?.kind() === "redirected_statement") for (const child of parent.children()) readRedirect(child);
  const { name, args, through } = unwrap(words.map((word) => word.text));
  return {
    name: programName(name),
    args,
    words,
    through,
    upstream,
    assigned,
    redirects,
    input,
    node,
    line: line + node.range().start.line,
  };
}

/** The name of a command; a variable in its place may stand for several words. */
function nameWords(node: SgNode, variables: Variables): Word[] {
  const [only] = node.children();
  return only && node.children().length === 1 ? cookWord(only, variables) : cookWord(node, variables);
}
