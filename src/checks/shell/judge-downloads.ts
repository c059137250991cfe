import type { SgNode } from "@ast-grep/napi";
import { matchesByLine } from "./matches-by-line.ts";
import { decodes, isDownloader, isInterpreter, isShell, runsItsInput, WEB_DOWNLOADERS } from "./programs.ts";
import type { ShellContext } from "./scan-shell.ts";
import type { ShellCommand } from "./shell-script.ts";
import type { StatementsAround } from "./statements-around.ts";
import { programName } from "./unwrap-command.ts";

const DOWNLOAD_WORDS =
  /(?:^|[\s;|&($`"'/\\])(?:curl|wget2?|aria2c|fetch|lwp-request|GET|lynx|w3m|axel|nc|ncat|socat|dig|scp|sftp|rsync|http|https|xh|Invoke-WebRequest|iwr|irm)\s|\/dev\/(?:tcp|udp)\/|urlopen|urlretrieve|requests\.get|raw\.githubusercontent/;
const DECODE_WORDS =
  /\bbase(?:64|32|nc)\b[^|;]{0,500}\s-{1,2}[dD]|\bxxd\s[^|;]{0,500}-r|\bopenssl\b[^|;]{0,500}\s-d\b|\buudecode\b|\|\s*rev\b|\btr\s[^|;]{0,40}[nN]-[zZ][aA]-[mM]|\\x[0-9a-f]{2}\\x/i;

/** Code that nobody has seen: downloaded, or made plain from something hidden, and run in the same script. */
export function judgeDownloads({ script, report }: ShellContext): void {
  const tainted = new Map<string, "download" | "encoded">();
  for (const { name, value, text } of script.assignments) {
    if (!/\$\(|`|<\(/.test(text)) continue;
    const kind = kindOf(value);
    if (kind) tainted.set(name, kind);
  }
  const files = new Set<string>();
  const cloned = new Set<string>();
  for (const command of script.commands) {
    const { name, args, upstream, line, node } = command;
    const key = node.text();
    const found = (rule: string, level?: "block" | "warn"): void =>
      report({ rule, key, line, ...(level ? { level } : {}) });
    if (isRunner(command)) {
      if (upstream.some((from) => isDownloader(from.name) && !isQuery(from))) found("shell-download-and-run");
      else if (upstream.some((from) => decodes(from.name, from.args))) found("shell-encoded-run");
      else if (
        upstream.length > 0 &&
        upstream.every((from) => from.name !== "echo" && from.name !== "printf")
      )
        found("shell-piped-script", "warn");
    }
    if (isInterpreter(name) || name === "eval" || name === "source" || name === ".") {
      const kind =
        substituted(node, script.around) ??
        taintOf(args, tainted) ??
        (command.input === undefined ? undefined : textKind(command.input, tainted));
      if (kind === "download") found("shell-download-and-run");
      if (kind === "encoded") found("shell-encoded-run");
    }
    if (/^\$\(|^`/.test(name) && DOWNLOAD_WORDS.test(name)) found("shell-download-and-run");
    else if (/^\$\(|^`/.test(name) && DECODE_WORDS.test(name)) found("shell-encoded-run");
    const variable = /^\$\{?(\w+)/.exec(name)?.[1];
    if (variable !== undefined && tainted.has(variable)) found("shell-download-and-run");
    runsFile(command, files, cloned, found);
    for (const file of filesOf(command)) files.add(file);
    if (
      /^(?:tar|unzip|bsdtar|7z|cpio)$/.test(name) &&
      (upstream.some((from) => isDownloader(from.name)) || args.some((arg) => files.has(plain(arg))))
    )
      files.add(UNPACKED);
    const clone = cloneOf(command);
    if (clone !== undefined) cloned.add(clone);
    if (
      name === "tee" &&
      /[>]\s*\(\s*(?:sudo\s+)?(?:\/\w+)*\/?(?:ba|da|z)?sh\b/.test(key) &&
      upstream.some((from) => isDownloader(from.name))
    )
      found("shell-download-and-run");
  }
  rawConnection(script.root.text(), report, script.commands[0]?.line ?? 1);
}

/** Stands among the files for what an archive that was downloaded held. */
const UNPACKED = "\0unpacked";

function isPath(name: string): boolean {
  return !/[$`(]/.test(name);
}

/** Runs its input, itself or for each line of it. */
function isRunner({ name, args, through }: ShellCommand): boolean {
  if (runsItsInput(name, args)) return true;
  const byLine = through.includes("xargs") || through.includes("parallel");
  return (
    byLine &&
    (isShell(name) || isInterpreter(name)) &&
    args.some((arg) => /^-\w*[ce]$/.test(arg) || /\{\}|^[$]/.test(arg))
  );
}

/** A question to a server, not a file from it. */
function isQuery({ name, args }: ShellCommand): boolean {
  return (name === "openssl" && args[0] !== "s_client") || (name === "ssh" && args[0] === "-V");
}

/** What a substitution inside a command brings. */
function substituted(node: SgNode, around: StatementsAround): "download" | "encoded" | undefined {
  for (const inner of node.children()) {
    if (!/substitution|string|concatenation|redirect/.test(String(inner.kind()))) continue;
    const kind = kindOf(inner);
    if (kind) return kind;
  }
  const parent = around.parent(node);
  if (parent?.kind() !== "redirected_statement") return undefined;
  return parent
    .children()
    .map((child) => (child.id() === node.id() ? undefined : kindOf(child)))
    .find((kind) => kind !== undefined);
}

function kindOf(node: SgNode): "download" | "encoded" | undefined {
  const text = node.text();
  const open = /\$\(|`|<\(/.exec(text);
  return open ? textKind(text.slice(open.index), new Map()) : undefined;
}

function textKind(
  text: string,
  tainted: ReadonlyMap<string, "download" | "encoded">,
): "download" | "encoded" | undefined {
  if (/\$\(|`|<\(/.test(text)) {
    if (DOWNLOAD_WORDS.test(text)) return "download";
    if (DECODE_WORDS.test(text)) return "encoded";
  }
  return taintOf([text], tainted);
}

function taintOf(
  args: readonly string[],
  tainted: ReadonlyMap<string, "download" | "encoded">,
): "download" | "encoded" | undefined {
  for (const [, name = ""] of args.join(" ").matchAll(/\$\{?(\w+)/g)) {
    const kind = tainted.get(name);
    if (kind) return kind;
  }
  return undefined;
}

/** The files that a command leaves what it downloads, or makes plain, in. */
function filesOf(command: ShellCommand): string[] {
  const { name, args, redirects, upstream } = command;
  const brings = WEB_DOWNLOADERS.has(name) || name === "nc" || decodes(name, args);
  const passes =
    (name === "tee" || name === "cat" || name === "tar" || name === "dd") &&
    upstream.some((from) => isDownloader(from.name) || decodes(from.name, from.args));
  if (!brings && !passes) return [];
  const files = redirects.filter(({ operator }) => operator.includes(">")).map(({ target }) => target);
  if (name === "tee") files.push(...args.filter((arg) => !arg.startsWith("-")));
  for (const [index, arg] of args.entries()) {
    const value = args[index + 1];
    if (
      /^-\w*[oO]$|^--output(?:-document)?$|^--out$/.test(arg) &&
      value !== undefined &&
      !value.startsWith("-")
    )
      files.push(value);
    const joined = /^(?:-o|-O|--output=|--output-document=|of=)(.+)$/.exec(arg)?.[1];
    if (joined !== undefined) files.push(joined);
    const url = /^(?:https?|ftp|sftp):\/\/\S*?\/([\w.-]+)(?:[?#]\S*)?$/.exec(arg)?.[1];
    if (url !== undefined) files.push(url);
  }
  if (name === "scp" || name === "rsync") files.push(args.at(-1) ?? "");
  return files.filter((file) => file !== "" && file !== "-" && file !== "/dev/null").map(plain);
}

function cloneOf({ name, args }: ShellCommand): string | undefined {
  if (name !== "git" || !args.includes("clone")) return undefined;
  const places = args.slice(args.indexOf("clone") + 1).filter((arg) => !arg.startsWith("-"));
  return plain(
    places.length > 1
      ? (places.at(-1) ?? "")
      : (places[0] ?? "").replace(/\.git$/, "").replace(/^.*[/:]/, ""),
  );
}

function plain(path: string): string {
  return path.replace(/^\.\//, "").replace(/^["']|["']$/g, "");
}

function runsFile(
  command: ShellCommand,
  files: ReadonlySet<string>,
  cloned: ReadonlySet<string>,
  found: (rule: string, level?: "block" | "warn") => void,
): void {
  const { name, args, words } = command;
  const called = plain(words[command.words.length - args.length - 1]?.text ?? "");
  const isRun =
    isInterpreter(name) ||
    /^(?:source|\.|chmod|install|exec|java|dpkg|rpm|msiexec|installer|open|pip3?|npm)$/.test(name);
  const named = isRun ? [called, ...args.map(plain)] : [called];
  if (
    files.has(UNPACKED) &&
    /^(?:\.\/|[\w.-]+\/)\S/.test(words[words.length - args.length - 1]?.text ?? "") &&
    isPath(name)
  ) {
    found("shell-download-and-run", "warn");
  }
  for (const file of files) {
    if (
      !named.some(
        (word) =>
          word === file || (word !== "" && programName(word) === programName(file) && word.includes("/")),
      )
    )
      continue;
    const isHarmless = name === "chmod" || name === "install" || WEB_DOWNLOADERS.has(name);
    if (WEB_DOWNLOADERS.has(name)) continue;
    found("shell-download-and-run", isHarmless || /^(?:pip3?|npm|dpkg|rpm)$/.test(name) ? "warn" : "block");
    return;
  }
  for (const folder of cloned) {
    const inside = folder !== "" && named.some((word) => word.startsWith(`${folder}/`));
    if (inside || (folder !== "" && (words[words.length - args.length - 1]?.text ?? "").startsWith("./")))
      found("shell-download-and-run", "warn");
  }
}

/** A shell whose input and output are a connection. */
function rawConnection(text: string, report: ShellContext["report"], line: number): void {
  for (const { match, line: before } of matchesByLine(text, REVERSE))
    report({ rule: "shell-reverse-shell", key: match[0], line: line + before });
}

const REVERSE =
  /\/dev\/(?:tcp|udp)\/[^\s'"]{1,80}|\b(?:nc|ncat|netcat)(?:\.\w+)?\s(?:[^|;&\n]{0,80}\s)?(?:-\w*[ec]\w*|--exec|--sh-exec)\b\s*\S*|\bsocat\b[^\n;]{0,200}\b(?:EXEC|SYSTEM)\b|\bzsh\/net\/tcp\b|\bztcp\b|\bmkfifo\b[^\n]{0,200}\b(?:nc|ncat|telnet|openssl)\b|\b(?:ba|z|k)?sh\s+-i\b[^\n]{0,40}[<>]&?|\btelnet\b[^\n|]{0,80}\|\s*(?:\/bin\/)?(?:ba)?sh\b/gi;
