import type { SgNode } from "@ast-grep/napi";
import { argumentsOf } from "./names.ts";
import type { PythonSource } from "./python-source.ts";
import type { Report } from "./reach.ts";

const NETWORK: ReadonlySet<string> = new Set(
  "requests urllib urllib2 urllib3 http httplib httplib2 httpx aiohttp socket ssl smtplib ftplib telnetlib poplib imaplib nntplib xmlrpc websocket websockets paramiko boto3 pycurl treq grequests tornado twisted asyncio aiosmtplib dns slack_sdk telegram zmq paho niquests curl_cffi primp socketio".split(
    " ",
  ),
);
/** Methods that nothing else is called like. */
const CLEAR_SENDERS =
  /^(?:sendall|sendto|urlopen|urlretrieve|sendmail|send_message|storbinary|gethostbyname|getaddrinfo|ws_connect|create_connection)$/;
const WHOLE_ENVIRONMENT = /\benvironb?\b(?!\s*(?:\[|\.\s*(?:get|pop|setdefault|__getitem__)\b))/;
const SECRET_NAME =
  /(?:environb?\s*(?:\.\s*(?:get|pop|__getitem__)\s*\(|\[)|getenvb?\s*\()\s*[rbuf]*["'][^"']*(?:TOKEN|SECRET|PASS|KEY|CRED|AUTH|PRIVATE|SESSION|COOKIE|DSN)[^"']*["']/i;
const SECRET_FILE =
  /\.ssh\b|id_rsa|id_ed25519|\.aws\b|\.netrc|\.git-credentials|\.npmrc|\.pypirc|\.kube\b|\.docker\/config|\.gnupg|\/etc\/(?:passwd|shadow)|Login Data|\bCookies\b|wallet\.dat|\.config\/gcloud|\.bash_history|\.zsh_history|["'][^"']*\.env["']|known_hosts|\bkeyring\b|getpass\s*\(|\bgetpass\b/;
/** Where a credential belongs when it is sent. */
const PROPER_PLACES: ReadonlySet<string> = new Set([
  "headers",
  "auth",
  "cookies",
  "cert",
  "token",
  "api_key",
  "password",
  "aws_secret_access_key",
  "timeout",
  "verify",
]);
const MAX_NAMES = 12;

/** A call that sends: dangerous by what it is given. */
export function judgeSending(call: SgNode, name: string, source: PythonSource, report: Report): void {
  const called = call.field("function");
  if (!called || !sends(called, name, source)) return;
  const args = argumentsOf(call).filter(
    (arg) => arg.kind() !== "keyword_argument" || !PROPER_PLACES.has(arg.field("name")?.text() ?? ""),
  );
  const told = whatIsTold(args, source);
  const place = { rule: "python-exfiltration", key: `${name} ${call.text().slice(0, 200)}`, node: call };
  if (WHOLE_ENVIRONMENT.test(told) || SECRET_FILE.test(told)) report({ ...place, level: "block" });
  else if (SECRET_NAME.test(told)) report({ ...place, level: "block" });
  else if (
    (name === "gethostbyname" || name === "getaddrinfo") &&
    /["'][^"']*\.[^"']*["']/.test(told) &&
    /\+|%|\bf["']|format/.test(told)
  ) {
    report({ ...place, level: "warn" });
  }
}

function sends(called: SgNode, name: string, source: PythonSource): boolean {
  if (CLEAR_SENDERS.test(name)) return true;
  const value = source.names.resolve(called);
  const top = value?.kind === "object" ? value.path.split(".", 1)[0] : undefined;
  if (top !== undefined) return NETWORK.has(top);
  // A method of something that the file made: it may be a session or a socket if the file knows the network.
  return called.kind() === "attribute" && name !== "get" && knowsNetwork(source);
}

/** The text of the arguments and of what the file gives to the names in them. */
function whatIsTold(args: readonly SgNode[], source: PythonSource): string {
  const texts = args.map((arg) => arg.text());
  const names = new Set(texts.join(" ").match(/\b[A-Za-z_]\w*\b/g));
  for (const name of [...names].slice(0, MAX_NAMES)) {
    if (/^(?:os|environ|str|json|requests|self|data|None|True|False)$/.test(name) && name !== "data")
      continue;
    texts.push(...source.givenTo(name).map((node) => node.text().slice(0, 500)));
  }
  return texts.join("\n").slice(0, 20_000);
}

/** Whether the file imports anything that sends. */
export function knowsNetwork({ imports }: PythonSource): boolean {
  return imports.some(({ module }) => NETWORK.has(module.split(".", 1)[0] ?? ""));
}
