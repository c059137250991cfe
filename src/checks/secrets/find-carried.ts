import type { Sought } from "../../core/many-texts.ts";
import { judgeValue, looksLikePassword, looksRandom } from "./judge-value.ts";
import type { SecretHit } from "./secret-hit.ts";

const IN_URL = /:\/\/([^\s:@/'"`<>]{0,80}):([^\s@/'"`<>]{3,200})@([^\s/'"`<>:?,)\]]{1,200})/y;
const BASIC = /\bbasic\s{1,3}([A-Za-z0-9+/]{8,300}={0,2})/iy;
const BEARER = /\b(?:bearer|token|apikey|api-key)\s{1,3}([A-Za-z0-9._~+/=-]{20,500})/iy;
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
const COMMAND = new RegExp(`\\b(?:${Object.keys(COMMANDS).join("|")})(?=\\s)`, "y");

const TRIVIAL =
  /^(?:pass(?:word)?\d{0,4}|postgres(?:ql)?|root|admin|user(?:name)?|test(?:ing)?|secret|guest|changeme|token|pw|pwd|example|mysql|mongo(?:db)?|redis|rabbitmq|docker|default|dev(?:elopment)?|local|foo|bar|baz|123\d{0,7}|abc(?:123)?|hunter2|x+|\d{1,4})$/i;
const NEAR =
  /^(?:localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[::1\]|host\.docker\.internal|[^.]*|.*\.(?:local|localhost|test|internal|invalid))$/i;
const EXAMPLE_HOST = /(?:^|\.)(?:example\.(?:com|org|net)|example|domain\.com|host\.com|acme\.example)$/i;

/** What stands before a name and a password, or a token, in a header. */
export const HEADER_SIGNS: readonly Sought[] = ["basic", "bearer", "token", "apikey", "api-key"].map(
  (text) => ({ text, anyCase: true }),
);
/** Programs that take a password on their command line. */
export const COMMAND_SIGNS: readonly Sought[] = Object.keys(COMMANDS).map((text) => ({ text }));

/** Passwords that travel inside something else: an address, a header, a command. It is handed the places of signs in their order. */
export class CarriedSearch {
  private readonly text: string;
  private readonly basic: SecretHit[] = [];
  private readonly bearer: SecretHit[] = [];
  private readonly commands: SecretHit[] = [];
  /** What stands before has been looked at for a name and a password, for a token, for a command. */
  private readonly done = { basic: 0, bearer: 0, command: 0 };

  constructor(text: string) {
    this.text = text;
  }

  header(at: number): void {
    const { text, done } = this;
    const basic = at < done.basic ? null : matchAt(BASIC, text, at);
    if (basic) {
      done.basic = at + basic[0].length;
      this.basic.push(...loginIn(basic));
    }
    const bearer = at < done.bearer ? null : matchAt(BEARER, text, at);
    if (bearer) {
      done.bearer = at + bearer[0].length;
      this.bearer.push(...tokenIn(bearer));
    }
  }

  command(at: number): void {
    const { text, done } = this;
    const command = at < done.command ? null : matchAt(COMMAND, text, at);
    if (!command) return;
    done.command = at + command[0].length;
    this.commands.push(...passwordOf(text, command));
  }

  /** What was found, after the last sign. */
  end(): SecretHit[] {
    return [...inUrls(this.text), ...this.basic, ...this.bearer, ...this.commands];
  }
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
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

function loginIn(found: RegExpExecArray): SecretHit[] {
  const value = found[1] ?? "";
  const decoded = Buffer.from(value, "base64").toString("latin1");
  const [, user = "", password = ""] =
    /^([\x21-\x39\x3b-\x7e]{0,80}):([\x20-\x7e]{3,200})$/.exec(decoded) ?? [];
  const likelihood = judgeValue(password);
  if (password === "" || likelihood === "no" || TRIVIAL.test(password) || password === user) return [];
  if (decoded === "Aladdin:open sesame") return []; // the standard's own example
  const end = found.index + found[0].length;
  const level = likelihood === "doubtful" ? "warn" : "block";
  return [{ rule: "secret-in-header", what: "a name and a password", level, start: end - value.length, end }];
}

function tokenIn(found: RegExpExecArray): SecretHit[] {
  const value = found[1] ?? "";
  if (judgeValue(value) !== "likely" || !looksRandom(value, 20)) return [];
  const end = found.index + found[0].length;
  return [{ rule: "secret-in-header", what: "a token", level: "warn", start: end - value.length, end }];
}

function passwordOf(text: string, command: RegExpExecArray): SecretHit[] {
  const rest = COMMANDS[command[0]];
  const found = rest && matchAt(rest, text, command.index + command[0].length);
  const value = found?.[1];
  if (!found || value === undefined || judgeValue(value) === "no") return [];
  if (TRIVIAL.test(value) || !looksLikePassword(value)) return [];
  const end = found.index + found[0].length;
  const what = "a password in a command";
  return [{ rule: "secret-assigned", what, level: "warn", start: end - value.length, end }];
}
