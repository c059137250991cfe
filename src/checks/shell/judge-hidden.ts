import { isDownloader, isInterpreter } from "./programs.ts";
import type { ShellContext } from "./scan-shell.ts";

const SENSITIVE =
  /^(?:rm|dd|curl|wget|git|sudo|su|eval|exec|chmod|chown|nc|ncat|base64|source|mkfs|shred|find|kill|crontab|ssh|scp|cat|env)$/;
/** Programs whose name a function or alias may not take: who calls it means the real one. */
const SHADOWED =
  /^(?:sudo|su|ssh|git|cd|ls|cat|npm|npx|yarn|pnpm|pip3?|python3?|node|curl|wget|rm|cp|mv|echo|docker|gpg|test|\[|true|exit)$/;

/** Commands that are written so that nobody reads them, and commands that only the run decides. */
export function judgeHidden({ script, report }: ShellContext): void {
  for (const { words, name, args, node, line, through } of script.commands) {
    const key = node.text();
    const first = words[0];
    if (!first) continue;
    const isHidden = first.text !== first.source && !isPlainlyQuoted(first.source, first.text) && !first.open;
    if (isHidden && (SENSITIVE.test(name) || isInterpreter(name) || isDownloader(name)))
      report({ rule: "shell-hidden-command", key, line, level: "warn" });
    if (/^[^$]*[*?[]/.test(first.source) && /\//.test(first.source) && !/^["']|^\[/.test(first.source))
      report({ rule: "shell-hidden-command", key, line });
    if (/\$\{?IFS\b|\$'\\x|\\x[0-9a-f]{2}\\x/i.test(key) && !/^(?:echo|printf|IFS)/.test(name))
      report({ rule: "shell-hidden-command", key, line, level: "warn" });
    if (/\$\{?!\w/.test(first.source)) report({ rule: "shell-hidden-command", key, line, level: "warn" });
    if (
      /^(?:\$\(|`)/.test(first.text) &&
      !/^\$\(\s*(?:which|command|brew|npm|pnpm|yarn|go|rustc|python3?|pyenv|dirname|git|nproc|cat\s+\S*pid)\b/.test(
        first.text,
      )
    )
      report({ rule: "shell-hidden-command", key, line, level: "warn" });
    if (name === "eval" && args.some((arg) => /\$\{?[\w@*#]/.test(arg)) && !/\$\(/.test(args.join(" ")))
      report({ rule: "shell-eval", key, line, level: "warn" });
    if (name === "eval" && /\$\(\s*(?:echo|cat|printf|jq|awk|sed|cut|head)\b/.test(key))
      report({ rule: "shell-eval", key, line, level: "warn" });
    if (name === "alias" && args.some((arg) => SHADOWED.test(/^([^=]+)=/.exec(arg)?.[1] ?? "")))
      report({ rule: "shell-shadowed-command", key, line, level: "warn" });
    if ((name === "enable" && args[0] === "-f") || (name === "hash" && args.includes("-p")))
      report({ rule: "shell-shadowed-command", key, line });
    // A variable as the program with words that only one kind of program takes.
    if (/^\$\w+$/.test(first.text) && /^-c$/.test(args[0] ?? "") && /\$/.test(args[1] ?? ""))
      report({ rule: "shell-eval", key, line, level: "warn" });
    if (
      isInterpreter(name) &&
      through.length >= 0 &&
      /^-\w*c$/.test(args[0] ?? "") &&
      /^\$\{?[\w@*]+\}?$/.test(args[1] ?? "")
    )
      report({ rule: "shell-eval", key, line, level: "warn" });
  }
  for (const node of script.root.findAll({ rule: { kind: "function_definition" } })) {
    const name = node.field("name")?.text() ?? "";
    if (SHADOWED.test(name))
      report({
        rule: "shell-shadowed-command",
        key: `${name}()`,
        line:
          (script.commands[0]?.line ?? 1) -
          (script.commands[0]?.node.range().start.line ?? 0) +
          node.range().start.line,
        level: "warn",
      });
  }
}

/** `"$x"`, `'ls'`, `\ls`: quotes around the whole, or one to get past an alias. */
function isPlainlyQuoted(source: string, text: string): boolean {
  return (
    source === `"${text}"` ||
    source === `'${text}'` ||
    source === `\\${text}` ||
    /^["']?\$\{?\w+\}?["']?/.test(source)
  );
}
