import type { SgNode } from "@ast-grep/napi";
import { expandBraces } from "./expand-braces.ts";
import { matchesByLine } from "./matches-by-line.ts";
import { isShell, runsItsInput } from "./programs.ts";
import type { ShellCommand, ShellScript } from "./shell-script.ts";

interface Nested {
  readonly text: string;
  readonly line: number;
}

/** The scripts that a script's words are: what follows `sh -c`, `eval`, `trap`, `alias`, what is piped into a shell. */
export function nestedScripts({ commands, root }: ShellScript): Nested[] {
  return [
    ...bracedCommands(root, commands[0]?.line ?? 1),
    ...commands.flatMap((command) => scriptsOf(command).map((text) => ({ text, line: command.line }))),
  ];
}

/** A whole command in braces, `{rm,-rf,/}`: the grammar knows none. */
function bracedCommands(root: SgNode, line: number): Nested[] {
  const braced = matchesByLine(root.text(), /(?:^|[;&|\n])[ \t]*(\{[^\s{},]{1,50},[^\s{}]{0,500}\})/g);
  return Array.from(braced, ({ match, lastLine }) => ({
    text: expandBraces(match[1] ?? "").join(" "),
    line: line + lastLine,
  }));
}

function scriptsOf(command: ShellCommand): string[] {
  const { name, args, input, upstream, through } = command;
  const texts: string[] = [];
  const add = (text: string | undefined): void => {
    if (text && text.trim() !== "") texts.push(text);
  };
  if (isShell(name)) {
    const at = args.findIndex((arg) => /^[-+]\w*c$/.test(arg));
    if (at !== -1) add(args[at + 1]);
    else if (runsItsInput(name, args)) {
      add(input);
      for (const { name: from, args: given } of upstream)
        if (from === "echo" || from === "printf")
          add(given.filter((arg) => !/^-[neE]+$/.test(arg)).join(" "));
      for (const { name: from, input: text } of upstream) if (from === "cat") add(text);
    }
  }
  switch (name) {
    case "eval":
      // What a command prints is not known; it is judged where it comes from.
      if (!/^(?:\$\(|`)/.test(args[0] ?? "")) add(args.join(" "));
      break;
    case "trap":
      add(args[0]);
      break;
    case "alias":
      for (const arg of args) add(arg.replace(/^[^=]*=/, ""));
      break;
    case "su":
    case "script":
    case "runuser":
    case "sg": {
      const at = args.findIndex((arg) => arg === "-c" || arg === "--command" || /^-\w*c$/.test(arg));
      if (at !== -1) add(args[at + 1]);
      break;
    }
    case "ssh":
      add(args.slice(args.findIndex((arg) => !arg.startsWith("-")) + 1).join(" "));
      break;
    case "watch":
    case "entr":
    case "nodemon":
    case "concurrently":
    case "npx":
    case "parallel":
      for (const arg of args) if (arg.includes(" ")) add(arg);
      break;
    case "tmux":
    case "screen":
    case "xterm":
    case "gnome-terminal":
    case "at":
      for (const arg of args) if (arg.includes(" ") || arg.includes("/")) add(arg);
      break;
    case "find":
    case "fd":
      for (const [index, arg] of args.entries()) {
        if (!/^(?:-exec|-execdir|-ok|-okdir|-x|-X|--exec|--exec-batch)$/.test(arg)) continue;
        const end = args.findIndex((word, at) => at > index && (word === ";" || word === "+"));
        add(
          args
            .slice(index + 1, end === -1 ? undefined : end)
            .map(quoted)
            .join(" "),
        );
      }
      break;
    case "docker":
    case "podman":
    case "kubectl":
    case "nsenter": {
      const at = args.findIndex((arg) => isShell(arg.slice(arg.lastIndexOf("/") + 1)));
      if (at !== -1 && /^-\w*c$/.test(args[at + 1] ?? "")) add(args[at + 2]);
      break;
    }
    default:
  }
  if (through.includes("env") && args.length === 0 && name.includes(" ")) add(name);
  if (through.includes("xargs") && isShell(name) && args.every((arg) => !/^-\w*c$/.test(arg))) add("");
  return texts;
}

/** A word as a script would have to write it. */
export function quoted(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
