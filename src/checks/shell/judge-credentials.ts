import { isDownloader } from "./programs.ts";
import type { ShellContext } from "./scan-shell.ts";
import type { ShellCommand } from "./shell-script.ts";

type Found = (rule: string, level?: "block" | "warn") => void;

const SECRET_FILES =
  /\.ssh\/(?:id_|identity|\*|config|known_hosts|$)|(?:^|\/)\.ssh\/?$|\bid_(?:rsa|ed25519|ecdsa|dsa)\b(?!\.pub)|\.aws\/(?:credentials|config|$)|\.git-credentials\b|\.gnupg\b|\/etc\/(?:g?shadow|sudoers)\b|\.kube\/config\b|\.docker\/config\.json\b|Login Data|\bwallet\.dat\b|\.config\/(?:gcloud|gh|hub|rclone)\b|\.(?:bash|zsh|python|mysql|psql)_history\b|\/proc\/(?:self|\d+|\$\$|\$\w+|\*|1)\/environ\b|key[34]\.db\b|logins\.json\b|\.password-store\b|\.vault-token\b|\/run\/secrets\b|\/var\/run\/secrets\b|\.terraform\.d\/credentials|service[-_]account\S*\.json|\.pgpass\b|\.my\.cnf\b|keychain/i;
const LESSER_FILES =
  /(?:^|\/)\.netrc\b|(?:^|[/~])\.npmrc\b|\.pypirc\b|(?:^|\/)\.env(?:\.\w+)?$|\/etc\/passwd\b|\.p12\b|\.pfx\b/;
const READERS =
  /^(?:cat|bat|less|more|head|tail|tac|nl|od|xxd|hexdump|strings|base64|base32|cp|mv|ln|tar|zip|gzip|7z|rsync|scp|sftp|curl|wget|nc|ncat|socat|grep|rg|egrep|awk|sed|cut|sort|dd|tee|openssl|gpg|find|source|\.|read|mapfile|jq|yq|python[\d.]*|node|perl|ruby|php|paste|rev|pbcopy|xclip|http|vim?|nano|diff|install|cmp|split|ssh|ssh-add|while)$/;
const ENVIRONMENT = /^(?:env|printenv|set|export|declare|typeset|compgen)$/;
/** Variables that hold secrets by their name. */
const SECRET_VARIABLE =
  /\$\{?\w*(?:TOKEN|SECRET|PASSW|PASSPHRASE|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|CREDENTIAL|SESSION)\w*/i;

/** Credentials that are read, and what is sent where it does not belong. */
export function judgeCredentials({ script, report }: ShellContext): void {
  const tainted = new Set<string>();
  for (const { name, value, text, line } of script.assignments) {
    if (
      /\$\(|`|</.test(text) &&
      (SECRET_FILES.test(text) || /[(`]\s*(?:env|printenv|set|export -p)\b/.test(text))
    ) {
      tainted.add(name);
      if (SECRET_FILES.test(text) && !/-f\b/.test(text))
        report({ rule: "shell-credential", key: value.text(), line });
    }
  }
  const files = new Set<string>();
  for (const command of script.commands) {
    const isSecret = isWholeEnvironment(command) || command.args.some((arg) => SECRET_FILES.test(arg));
    if (isSecret)
      for (const { operator, target } of command.redirects) if (operator.includes(">")) files.add(target);
    const found: Found = (rule, level) =>
      report({ rule, key: command.node.text(), line: command.line, ...(level ? { level } : {}) });
    judgeReading(command, found);
    judgeSending(command, tainted, found);
    const isSent =
      isDownloader(command.name) &&
      [...files].some(
        (file) => file !== "/dev/null" && command.args.some((arg) => arg.replace(/^@|^\w+=@/, "") === file),
      );
    if (isSent) found("shell-exfiltration");
    judgeAddress(command, found);
  }
}

/** Prints every variable that is set. */
function isWholeEnvironment({ name, args }: ShellCommand): boolean {
  return ENVIRONMENT.test(name) && (args.length === 0 || /^-\w*[px]\w*$/.test(args[0] ?? ""));
}

function judgeReading({ name, args, redirects, node }: ShellCommand, found: Found): void {
  const read = [
    ...args.map((arg) => arg.replace(/^(?:if=|-\w+=|@|--\w[\w-]*=)/, "")),
    ...redirects.filter(({ operator }) => operator.includes("<")).map(({ target }) => target),
  ];
  const reads =
    READERS.test(name) ||
    redirects.some(({ operator, target }) => operator.includes("<") && SECRET_FILES.test(target));
  if (reads && name !== "ssh-add" && read.some((word) => SECRET_FILES.test(word))) found("shell-credential");
  else if (
    /^(?:curl|wget|nc|ncat|scp|base64|tar|zip|rsync)$/.test(name) &&
    read.some((word) => LESSER_FILES.test(word))
  )
    found("shell-credential");
  else if (
    /^(?:cat|cp|head|tail|less|strings|xxd|od|tac)$/.test(name) &&
    read.some((word) => LESSER_FILES.test(word) && !/\.env(?:\.\w+)?$/.test(word))
  )
    found("shell-credential", "warn");
  const words = [name, ...args].join(" ");
  if (
    /^(?:gh auth token|security (?:find|dump|export)-|aws (?:configure get|sts get-session|secretsmanager get|ssm get-param)|gcloud auth print|az account get-access|kubectl (?:get|describe) secrets?|kubectl config view --raw|vault (?:kv )?(?:read|get)|op (?:read|item get)|pass show|bw get|secret-tool lookup|gpg --export-secret|heroku auth:token|npm token|docker-credential-|lpass show|keyring get|git credential fill)/.test(
      words,
    )
  ) {
    found("shell-credential", "warn");
  }
  if (
    /^(?:169\.254\.169\.254|\S*metadata\.google\.internal|\S*169\.254\.169\.254\S*|\S*169\.254\.170\.2\S*)$/.test(
      args.find((arg) => /169\.254|metadata\.google/.test(arg)) ?? "",
    )
  )
    found("shell-credential");
  if (
    /^(?:echo|printf)$/.test(name) &&
    SECRET_VARIABLE.test(args.join(" ")) &&
    /\|\s*(?:base64|xxd|rev|od|hexdump)\b/.test(node.parent()?.text() ?? "")
  )
    found("shell-credential", "warn");
  if (
    /^(?:tcpdump|tshark|strace|ltrace|gcore|ptrace|gdb|keylogger|xinput)$/.test(name) &&
    (name !== "gdb" || args.includes("-p"))
  )
    found("shell-credential", "warn");
}

function judgeSending(command: ShellCommand, tainted: ReadonlySet<string>, found: Found): void {
  const { name, args, upstream, node, input } = command;
  if (!isDownloader(name) && name !== "gh" && name !== "mail" && name !== "sendmail" && name !== "mutt")
    return;
  const source = node.text();
  const isWhole =
    upstream.some(isWholeEnvironment) ||
    /[`(]\s*(?:env|printenv|set|export\s+-p|declare\s+-[xp]+)\b\s*(?:[|)`]|$)|\/proc\/\w+\/environ/.test(
      source,
    );
  if (isWhole || upstream.some((from) => from.args.some((arg) => SECRET_FILES.test(arg))))
    return found("shell-exfiltration");
  const names = [...`${source} ${input ?? ""}`.matchAll(/\$\{?(\w+)/g)].map((match) => match[1] ?? "");
  if (names.some((each) => tainted.has(each))) return found("shell-exfiltration");
  if (
    /^(?:dig|nslookup|host|drill|ping)$/.test(name) &&
    args.some((arg) => /\$\(|`|\$\w/.test(arg) && /\.\w/.test(arg))
  )
    return found("shell-exfiltration");
  // A token in a header or as a user is where it belongs; in an address or a form it is on its way out.
  const loose = args.filter(
    (arg, index) =>
      !/^(?:-H|--header|-u|--user|--oauth2-bearer|--cert|--key|-b|--cookie)$/.test(args[index - 1] ?? "") &&
      !/^(?:--header=|-H\S|--user=)/.test(arg),
  );
  if (
    loose.some((arg) => SECRET_VARIABLE.test(arg)) ||
    upstream.some((from) => from.args.some((arg) => SECRET_VARIABLE.test(arg)))
  )
    found("shell-exfiltration", "warn");
  const sends = args.some((arg) =>
    /^(?:-d|--data(?:-\w+)?|-F|--form|-T|--upload-file|--post-(?:data|file)|--body-\w+)(?:=|$)/.test(arg),
  );
  if (
    sends &&
    /webhook\.site|requestbin|ngrok|pastebin|transfer\.sh|discord(?:app)?\.com\/api\/webhooks|api\.telegram\.org|interact\.sh|oast\.|pipedream|0x0\.st|termbin|file\.io|paste\.rs|burpcollaborator/.test(
      source,
    )
  )
    found("shell-exfiltration");
  else if (sends && args.some((arg) => /^@(?!-$)|=@/.test(arg) || /\$\(|`/.test(arg)))
    found("shell-exfiltration", "warn");
  else if (
    /transfer\.sh|0x0\.st|termbin\.com|webhook\.site|file\.io|interact\.sh|\boast\.|ngrok/.test(source)
  )
    found("shell-exfiltration", "warn");
}

function judgeAddress({ name, args }: ShellCommand, found: Found): void {
  if (!isDownloader(name)) return;
  const bare =
    /(?:^|\/\/|@)(?!127\.|0\.0|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.)\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?:$|[:/?])/;
  if (args.some((arg) => bare.test(arg))) found("shell-raw-address", "warn");
  if (
    /^(?:curl|wget|http|https|git)$/.test(name) &&
    args.some((arg) =>
      /^(?:-k|--insecure|--no-check-certificate|--proxy-insecure|--no-verify)$|^-[a-zA-Z]*k[a-zA-Z]*$/.test(
        arg,
      ),
    ) &&
    !args.some((arg) => /localhost|127\.0\.0\.1/.test(arg))
  )
    found("shell-no-certificate", "warn");
  if (
    /^(?:nc|ncat|netcat|socat|telnet|ftp|tftp|lftp)$/.test(name) &&
    !args.some((arg) => /^(?:-\w*z\w*|localhost|127\.0\.0\.1)$/.test(arg))
  )
    found("shell-raw-connection", "warn");
  if (/^(?:ssh|scp|sftp)$/.test(name) && args.length > 1)
    found(
      "shell-raw-connection",
      args.some((arg) => /^-\w*[RD]\w*$/.test(arg)) && name === "ssh" ? "block" : "warn",
    );
  if (name === "rsync" && args.some((arg) => /^[\w.$-]+@?[\w.$-]*::?\S/.test(arg) && !arg.startsWith("--")))
    found("shell-raw-connection", "warn");
}
