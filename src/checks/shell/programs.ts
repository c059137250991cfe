/** Programs that bring something from elsewhere. */
const DOWNLOADERS: ReadonlySet<string> = new Set(
  "curl wget wget2 fetch aria2c http https httpie xh curlie lwp-request lwp-download GET lynx links elinks w3m axel nc ncat netcat socat tftp ftp lftp scp sftp rsync ssh dig nslookup host drill openssl telnet iwr Invoke-WebRequest irm gsutil".split(
    " ",
  ),
);
/** Downloads over the web: what they print is a file, not an answer to a question. */
export const WEB_DOWNLOADERS: ReadonlySet<string> = new Set(
  "curl wget wget2 fetch aria2c http https xh curlie lwp-request lwp-download GET axel lynx links w3m tftp lftp scp sftp rsync gsutil".split(
    " ",
  ),
);
const SHELLS: ReadonlySet<string> = new Set(
  "sh bash dash zsh ksh mksh ash fish csh tcsh rbash yash elvish nu pwsh powershell busybox".split(" "),
);
const INTERPRETERS =
  /^(?:python[\d.]*|pypy[\d.]*|node|nodejs|deno|bun|perl[\d.]*|ruby[\d.]*|php[\d.]*|lua[\d.]*|luajit|osascript|tclsh|expect|Rscript|groovy|scala|julia|guile|ts-node|tsx|uv|ipython|jshell|swift|gawk|awk|make|gmake|just|ansible-playbook)$/;
/** Options with which an interpreter does not read a program from its input. */
const PROGRAM_OPTIONS =
  /^-(?:[A-Za-z]*c|e|m|E|r|p|pe|ne|n|le|ane|Mjson\S*)$|^--(?:eval|print|version|help|check|test)$/;

export function isShell(name: string): boolean {
  return SHELLS.has(name);
}

export function isInterpreter(name: string): boolean {
  return SHELLS.has(name) || INTERPRETERS.test(name);
}

export function isDownloader(name: string): boolean {
  return DOWNLOADERS.has(name);
}

/** Whether the command runs what it reads: `sh`, `bash -s -- x`, `python3 -`, `. /dev/stdin`. */
export function runsItsInput(name: string, args: readonly string[]): boolean {
  if (name === "source" || name === "." || name === "eval")
    return args.some((arg) => /^(?:\/dev\/stdin|\/dev\/fd\/0|\/proc\/self\/fd\/0|-)$/.test(arg));
  if (name === "at" || name === "batch") return !args.includes("-f");
  if (!isInterpreter(name)) return false;
  if (/^g?awk$/.test(name) || /^g?make$/.test(name))
    return /^-f\s?-?$|^-f-$/.test(args[0] ?? "") && args.some((arg) => /-$|stdin/.test(arg));
  if (name === "uv") return args[0] === "run" && args.includes("-");
  let program: string | undefined;
  for (const [index, arg] of args.entries()) {
    if (isShell(name) && /^-\w*s\w*$/.test(arg)) return true;
    if (isShell(name) ? /^-\w*c$/.test(arg) : PROGRAM_OPTIONS.test(arg)) return false;
    if (arg === "-" || /^\/dev\/(?:stdin|fd\/0)$|^\/proc\/self\/fd\/0$/.test(arg)) return true;
    if (arg.startsWith("-") || arg.startsWith("+")) continue;
    if (/^-[oO]$/.test(args[index - 1] ?? "") && isShell(name)) continue;
    if ((name === "deno" || name === "bun") && arg === "run") continue;
    program ??= arg;
  }
  return program === undefined;
}

/** Whether the command makes plain what was hidden: `base64 -d`, `xxd -r`, `openssl enc -d`. */
export function decodes(name: string, args: readonly string[]): boolean {
  switch (name) {
    case "base64":
    case "base32":
    case "basenc":
    case "gbase64":
      return args.some((arg) => /^-\w*[dD]\w*$|^--?d(?:ecode)?$|^--decode$/.test(arg));
    case "openssl":
      return args.some((arg) => arg === "-d") || (args[0] === "base64" && args.includes("-d"));
    case "xxd":
      return args.some((arg) => /^-\w*r/.test(arg));
    case "uudecode":
    case "rev":
    case "gpg":
    case "ascii2uni":
    case "zcat":
    case "gunzip":
    case "bzcat":
    case "xzcat":
      return name !== "gpg" || args.some((arg) => arg === "-d" || arg === "--decrypt");
    case "gzip":
    case "xz":
    case "bzip2":
      return args.some((arg) => /^-\w*d/.test(arg) || arg === "--decompress");
    case "tr":
      return args.some((arg) => /[nN]-[zZ][aA]-[mM]/.test(arg));
    case "printf":
    case "echo":
      return args.some((arg) => /\\(?:x[0-9a-fA-F]{2}|[0-3]?[0-7]{2}\b)/.test(arg));
    case "sed":
    case "awk":
      return false;
    default:
      return false;
  }
}
