import { judgeValue, looksLikePassword, looksRandom } from "./judge-value.ts";
import type { SecretHit } from "./secret-hit.ts";

const IN_URL = /:\/\/([^\s:@/'"`<>]{0,80}):([^\s@/'"`<>]{3,200})@([^\s/'"`<>:?,)\]]{1,200})/y;
const BASIC = /\bbasic\s{1,3}([A-Za-z0-9+/]{8,300}={0,2})/gi;
const BEARER = /\b(?:bearer|token|apikey|api-key)\s{1,3}([A-Za-z0-9._~+/=-]{20,500})/gi;
const COMMANDS: Readonly<Record<string, RegExp>> = {
  curl: /[^\n]{0,200}?\s(?:-u|--user)[ =]?["']?[^\s:"'$]{1,80}:([^\s"']{4,100})/y,
  wget: /[^\n]{0,200}?\s--(?:http-|ftp-)?password[ =]["']?([^\s"']{4,100})/y,
  mysql: /[^\n]{0,200}?\s-p([^\s"'$]{4,100})/y,
  mysqldump: /[^\n]{0,200}?\s-p([^\s"'$]{4,100})/y,
  mariadb: /[^\n]{0,200}?\s-p([^\s"'$]{4,100})/y,
  sshpass: /\s{1,3}-p\s{0,3}["']?([^\s"']{4,100})/y,
  docker: /\s{1,3}login\b[^\n]{0,200}?\s-p[ =]["']?([^\s"']{4,100})/y,
  "redis-cli": /[^\n]{0,200}?\s-a\s{1,3}["']?([^\s"']{4,100})/y,
  machine: /\s{1,3}\S{1,100}\s{1,3}login\s{1,3}\S{1,100}\s{1,3}password\s{1,3}(\S{4,100})/y,
};
const COMMAND = new RegExp(`\\b(?:${Object.keys(COMMANDS).join("|")})(?=\\s)`, "g");
/** Looking at a command costs some hundred steps; a file that has more of them was not written by hand. */
const MAX_COMMANDS = 2000;

const TRIVIAL =
  /^(?:pass(?:word)?\d{0,4}|postgres(?:ql)?|root|admin|user(?:name)?|test(?:ing)?|secret|guest|changeme|token|pw|pwd|example|mysql|mongo(?:db)?|redis|rabbitmq|docker|default|dev(?:elopment)?|local|foo|bar|baz|123\d{0,7}|abc(?:123)?|hunter2|x+|\d{1,4})$/i;
const NEAR =
  /^(?:localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[::1\]|host\.docker\.internal|[^.]*|.*\.(?:local|localhost|test|internal|invalid))$/i;
const EXAMPLE_HOST = /(?:^|\.)(?:example\.(?:com|org|net)|example|domain\.com|host\.com|acme\.example)$/i;

/** Passwords that travel inside something else: an address, a header, a command. */
export function findCarried(text: string): SecretHit[] {
  return [...inUrls(text), ...inHeaders(text), ...inCommands(text)];
}

function inUrls(text: string): SecretHit[] {
  const hits: SecretHit[] = [];
  for (let at = text.indexOf("://"); at !== -1; at = text.indexOf("://", at + 3)) {
    IN_URL.lastIndex = at;
    const found = IN_URL.exec(text);
    if (!found) continue;
    const [, user = "", password = "", host = ""] = found;
    const level = levelInUrl(user, password, host);
    if (!level) continue;
    const start = at + 3 + user.length + 1;
    hits.push({
      rule: "secret-in-url",
      what: "a password in an address",
      level,
      start,
      end: start + password.length,
    });
  }
  return hits;
}

function levelInUrl(user: string, password: string, host: string): "block" | "warn" | undefined {
  const likelihood = judgeValue(password);
  if (likelihood === "no" || /^[{$%<[]|[)}\]]$/.test(password)) return undefined;
  const isTrivial = TRIVIAL.test(password) || password === user;
  const isHarmless = NEAR.test(host) || EXAMPLE_HOST.test(host) || /[${}%<]/.test(host);
  if (isTrivial) return isHarmless ? undefined : "warn";
  return isHarmless || likelihood === "doubtful" ? "warn" : "block";
}

function inHeaders(text: string): SecretHit[] {
  const hits: SecretHit[] = [];
  for (const found of text.matchAll(BASIC)) {
    const value = found[1] ?? "";
    const decoded = Buffer.from(value, "base64").toString("latin1");
    const [, user = "", password = ""] =
      /^([\x21-\x39\x3b-\x7e]{0,80}):([\x20-\x7e]{3,200})$/.exec(decoded) ?? [];
    const likelihood = judgeValue(password);
    if (password === "" || likelihood === "no" || TRIVIAL.test(password) || password === user) continue;
    if (decoded === "Aladdin:open sesame") continue; // the standard's own example
    const end = found.index + found[0].length;
    const level = likelihood === "doubtful" ? "warn" : "block";
    hits.push({
      rule: "secret-in-header",
      what: "a name and a password",
      level,
      start: end - value.length,
      end,
    });
  }
  for (const found of text.matchAll(BEARER)) {
    const value = found[1] ?? "";
    if (judgeValue(value) !== "likely" || !looksRandom(value, 20)) continue;
    const end = found.index + found[0].length;
    hits.push({ rule: "secret-in-header", what: "a token", level: "warn", start: end - value.length, end });
  }
  return hits;
}

function inCommands(text: string): SecretHit[] {
  const hits: SecretHit[] = [];
  let looked = 0;
  for (const command of text.matchAll(COMMAND)) {
    if ((looked += 1) > MAX_COMMANDS) break;
    const rest = COMMANDS[command[0]];
    if (!rest) continue;
    rest.lastIndex = command.index + command[0].length;
    const found = rest.exec(text);
    const value = found?.[1];
    if (!found || value === undefined || judgeValue(value) === "no") continue;
    if (TRIVIAL.test(value) || !looksLikePassword(value)) continue;
    const end = found.index + found[0].length;
    const what = "a password in a command";
    hits.push({ rule: "secret-assigned", what, level: "warn", start: end - value.length, end });
  }
  return hits;
}
