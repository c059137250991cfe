import type { ShellContext } from "./scan-shell.ts";
import type { ShellCommand } from "./shell-script.ts";

/** Code of another language in a command: what it must not do, and what is worth a look. */
const LANGUAGES: readonly {
  readonly program: RegExp;
  readonly flags: RegExp;
  readonly bad: RegExp;
  readonly odd: RegExp;
}[] = [
  {
    program: /^(?:python[\d.]*|pypy[\d.]*|ipython|uv)$/,
    flags: /^-\w*c$/,
    bad: /\b(?:exec|eval|compile|__import__)\s*\(|\bos\.(?:system|popen|exec\w*|spawn\w*|dup2)\b|\bpty\b|\bsubprocess\b|\bsocket\.socket\b|\brmtree\b|\bpickle\b|\bmarshal\b|\bctypes\b|\bimportlib\b|\brunpy\b|__builtins__|\bgetattr\b/,
    odd: /\burllib|\brequests\b|\bhttp\.client\b|\bsocket\b|\bbase64\b|\bos\.(?:remove|unlink|environ|chmod)\b|\bopen\([^)]*["'][wax]/,
  },
  {
    program: /^(?:node|nodejs|bun|deno|ts-node|tsx)$/,
    flags: /^(?:-\w*e|-p|-pe|--eval|--print|eval)$/,
    bad: /\bchild_process\b|\beval\b|\bFunction\s*\(|\bvm\b|\bprocess\.(?:binding|dlopen)|\brmSync\b|\brm\(|\bexecSync\b|\bspawn|\bnet\.(?:connect|createConnection|Socket)|\bDeno\.(?:run|Command)|\bBun\.spawn/,
    odd: /\bfetch\s*\(|\bhttps?\.(?:get|request)|\batob\b|base64|\bprocess\.env\b|\bwriteFile|\bimport\s*\(\s*["']https?:/,
  },
  {
    program: /^perl[\d.]*$/,
    flags: /^-\w*[eE]$/,
    bad: /\b(?:system|exec|eval|qx|fork)\b|`|\bSocket\b|\bunlink\b|\bpack\s*\(|\bIO::|\bLWP\b|open\s*\([^)]*\|/,
    odd: /\bHTTP\b|\bMIME::Base64\b|%ENV/,
  },
  {
    program: /^ruby[\d.]*$/,
    flags: /^-\w*e$/,
    bad: /\b(?:system|exec|eval|spawn|instance_eval|fork)\b|`|%x|\bTCPSocket\b|\bOpen3\b|\bpopen\b|\bKernel\b|\bMarshal\b|rm_rf/,
    odd: /\bopen-uri\b|Net::HTTP|\bURI\b|Base64|unpack|\bENV\b/,
  },
  {
    program: /^php[\d.]*$/,
    flags: /^-\w*r$/,
    bad: /\b(?:eval|assert|system|exec|shell_exec|passthru|popen|proc_open|fsockopen|unserialize|pcntl_exec)\b|`|base64_decode/,
    odd: /file_get_contents\s*\(\s*["']https?:|curl_/,
  },
  {
    program: /^(?:g?awk|mawk|nawk)$/,
    flags: /^-(?:f|v)$|^/,
    bad: /\bsystem\s*\(|\|\s*getline|\|&|\/inet\/|print[^}]*\|\s*"/,
    odd: /(?!)/,
  },
  {
    program: /^(?:lua[\d.]*|luajit)$/,
    flags: /^-e$/,
    bad: /os\.execute|io\.popen|loadstring|\bload\b/,
    odd: /socket/,
  },
  { program: /^osascript$/, flags: /^-e$/, bad: /do shell script/, odd: /(?:)/ },
  {
    program: /^(?:vim?|nvim|ex|emacs|gdb|tclsh|expect)$/,
    flags: /^(?:-c|\+.*|--eval|-ex|--batch)$/,
    bad: /!|\bshell\b|system|exec|spawn/,
    odd: /(?!)/,
  },
  {
    program: /^(?:pwsh|powershell)$/,
    flags: /^-(?:c|command|e|enc|encodedcommand)$/i,
    bad: /iex|Invoke-|Download|-enc|FromBase64/i,
    odd: /(?:)/,
  },
  {
    program: /^sed$/,
    flags: /^-\w*e$|^/,
    bad: /(?:^|[;}/])\d*s?.?e\s*$|\/[gpi]*e[gpi]*$|^\d*e\s/,
    odd: /(?!)/,
  },
];
const HIDING =
  /\b(?:b64decode|fromhex|unhexlify|rot_?13|fromCharCode|chr\s*\(\s*\d|FromBase64String|\\x[0-9a-f]{2}\\x[0-9a-f]{2})/i;

/** One-liners of other languages. */
export function judgeInlineCode({ script, report }: ShellContext): void {
  for (const command of script.commands) {
    const language = LANGUAGES.find(({ program }) => program.test(command.name));
    if (!language) continue;
    for (const code of codeIn(command, language.flags)) {
      const level =
        language.bad.test(code) || HIDING.test(code) ? "block" : language.odd.test(code) ? "warn" : undefined;
      if (level) report({ rule: "shell-inline-code", key: command.node.text(), line: command.line, level });
    }
  }
}

function codeIn({ args, input }: ShellCommand, flags: RegExp): string[] {
  if (flags.source.endsWith("|^")) return args.filter((arg) => !arg.startsWith("-")).slice(0, 1);
  const at = args.findIndex((arg) => flags.test(arg));
  const joined = args.find((arg) => /^-[ce]\S{3,}/.test(arg));
  const given =
    at === -1 ? (joined === undefined ? [] : [joined.slice(2)]) : [args[at + 1] ?? "", args[at] ?? ""];
  return input === undefined ? given : [...given, input];
}
