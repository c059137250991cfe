import type { Sought } from "../../core/many-texts.ts";
import { judgeValue, looksLikePassword, looksRandom } from "./judge-value.ts";
import type { SecretHit } from "./secret-hit.ts";

/** How values are written in a file: only as literals, as the rest of a line too, or in prose. */
export type ValueStyle = "code" | "settings" | "prose";

/** Words of which a name is a secret's. `key` is one behind some other words alone. */
const NAME_WORDS = ["pass", "pwd", "secret", "token", "credential", "key"];
export const NAME_SIGNS: readonly Sought[] = NAME_WORDS.map((text) => ({ text, anyCase: true }));
/** What stands before `key` in a secret's name. */
const BEFORE_KEY =
  /(?:api|access|auth|private|signing|sign|encryption|encrypt|crypto|cipher|master|client|account|storage|service|session|license|admin|deploy|app|application|shared|server|hmac|jwt|cookie)[_.-]?$/i;
const MAX_BEFORE_KEY = 12;
const IS_ASSIGNED = /["']?\s{0,3}[=:,]/y;
const NAME_CHARACTER = /[A-Za-z0-9_.$-]/;
const MAX_NAME = 80;

const PASSWORD_NAME =
  /(?:password|passwd|passphrase|passcode|pwd|(?:^|db|user|root|admin|my|smtp|mysql|pg|ftp|mail|ssh|login)pass)$/;
const TOKEN_NAME = /(?:secret|secrets|token|tokens|credential|credentials|key|keybase|apikeys|pat)$/;
/** What stands behind the word that matters, and says only which one it is. */
const NAME_ENDING =
  /(?:value|string|str|text|plain|raw|default|base|prod|production|live|dev|staging|test|old|new|v?\d)+$/;
/** Names that end like a secret's, and are not. */
const HARMLESS_NAME =
  /(?:public|publishable|primary|foreign|cache|partition|sort|idempotency|row|object|dictionary|translation|i18n|next|page|nextpage|continuation|sync|cancel|cancellation|csrf|xsrf|bearer|design|css|injection|lookup|registry|host|site|map|query|group|routing|storagekeyfor|bytes?)(?:key|token|tokens)$|(?:^|[^a-z])(?:no|has|is|show|forgot|reset|confirm|repeat)(?:password|token)$/;

/** The names of those whose credentials have no shape of their own; with one of these a name is as good as a shape. */
const PROVIDER =
  /aws|amazon|azure|gcp|google|datadog|^dd|twilio|heroku|cloudflare|fastly|okta|auth0|algolia|facebook|twitter|linkedin|launchdarkly|rollbar|spotify|plaid|zendesk|asana|dropbox|discord|stripe|paypal|braintree|adyen|sendgrid|mailgun|mailchimp|postmark|sparkpost|pusher|pubnub|openai|anthropic|cohere|mistral|gemini|deepseek|github|gitlab|bitbucket|slack|telegram|npm|pypi|digitalocean|linode|vultr|hetzner|scaleway|alibaba|snowflake|databricks|supabase|firebase|sentry|newrelic|grafana|jira|atlassian|confluence|pagerduty|opsgenie|circleci|travis|codecov|sonar|docker|vault|terraform|binance|coinbase|kraken|shopify|square|mapbox|elastic|cloudinary|contentful|pinecone|deepgram|elevenlabs|huggingface|artifactory|nuget|rapidapi/;

const OPERATOR =
  /["'`]?\s{0,3}[\])]?\s{0,20}(?::\s{0,4}(?:string|str|String|&str|char\s?\*|Optional\[str\]|&'static str)\s{0,4})?(?::=|=>|={1,3}|!={1,2}|:|\?\?=?|\|\|=?|,|>|\bor\b|\bstring\s?=)\s{0,20}/y;
/** Behind a name that is itself an argument or a key, a comma leads to its value: `define('X', 'y')`. */
const OPENING = /(?:(?:new\s)?[A-Za-z_][\w.]{0,40}\(\s{0,3})?(?:[bfruL$@&]{0,2})?(["'`])/y;
const ADDED = /\s{0,40}(?:\+|\.|\\\n)?\s{0,40}(["'`])/y;
const MAX_PIECES = 20;
const BARE = /[^\s"'`<>,;]{6,300}/y;
const SPACED = /[ \t]{1,4}["']?([^\s"'`]{6,300})/y;

/** Functions that take a key or a password as an argument that has no name. */
const TAKER =
  /\b(?:jwt\.(?:sign|verify|encode|decode)|createHmac|createCipheriv|createDecipheriv|hmac\.new|SecretKeySpec|set_?[pP]assword|PasswordAuthentication|UsernamePasswordCredentials|HTTPBasicAuth|HTTPDigestAuth|basicAuth|Fernet|NetworkCredential)\(|\bauth\s?[=:]\s?[([]/y;
/** What those begin with. */
export const TAKER_SIGNS: readonly Sought[] = (
  "jwt. createHmac createCipheriv createDecipheriv hmac.new SecretKeySpec setpassword setPassword set_password set_Password " +
  "PasswordAuthentication UsernamePasswordCredentials HTTPBasicAuth HTTPDigestAuth basicAuth Fernet NetworkCredential auth"
)
  .split(" ")
  .map((text) => ({ text }));
const LITERAL = /(["'`])([^"'`\s\\]{8,300})\1/g;

/** Values that are secrets because of the name that they are given. It is handed the places of signs in their order. */
export class NamedSearch {
  private readonly text: string;
  private readonly style: ValueStyle;
  private readonly path: string;
  private readonly named: SecretHit[] = [];
  private readonly taken: SecretHit[] = [];
  private nameEnd = 0;
  private takerEnd = 0;

  constructor(text: string, { style, path }: { readonly style: ValueStyle; readonly path: string }) {
    this.text = text;
    this.style = style;
    this.path = path;
  }

  name(word: string, at: number): void {
    const { text } = this;
    if (at < this.nameEnd) return;
    const end = at + word.length;
    if (word === "key" && !isSecretKey(text, at, end)) return;
    const name = wholeName(text, at, end);
    this.nameEnd = name.end;
    const kind = kindOf(name.text);
    const value = kind && valueAfter(text, name, this.style, this.path);
    const hit = value && judge(text, value, kind, name.text);
    if (hit) this.named.push(hit);
  }

  taker(at: number): void {
    if (at < this.takerEnd) return;
    TAKER.lastIndex = at;
    const taker = TAKER.exec(this.text);
    if (!taker) return;
    this.takerEnd = TAKER.lastIndex;
    this.taken.push(...argumentsOf(this.text, this.takerEnd));
  }

  /** What was found, after the last sign. */
  end(): SecretHit[] {
    return [...this.named, ...this.taken];
  }
}

/** `api_key`, `accessKey`; or `x_key =`. */
function isSecretKey(text: string, start: number, end: number): boolean {
  if (BEFORE_KEY.test(text.slice(Math.max(0, start - MAX_BEFORE_KEY), start))) return true;
  IS_ASSIGNED.lastIndex = end;
  return text[start - 1] === "_" && IS_ASSIGNED.test(text);
}

interface Name {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

function wholeName(text: string, from: number, to: number): Name {
  let [start, end] = [from, to];
  while (start > 0 && from - start < MAX_NAME && NAME_CHARACTER.test(text[start - 1] ?? "")) start -= 1;
  while (end < text.length && end - to < MAX_NAME && NAME_CHARACTER.test(text[end] ?? "")) end += 1;
  return { text: text.slice(start, end), start, end };
}

function kindOf(name: string): "password" | "token" | undefined {
  const last = name.slice(name.lastIndexOf(".") + 1) || name;
  const plain = last.replaceAll(/[^A-Za-z0-9]/g, "").toLowerCase();
  const core = plain.replace(NAME_ENDING, "") || plain;
  for (const each of [plain, core]) {
    if (HARMLESS_NAME.test(each)) return undefined;
    if (PASSWORD_NAME.test(each)) return "password";
    if (TOKEN_NAME.test(each)) return "token";
  }
  return undefined;
}

interface Span {
  readonly start: number;
  readonly end: number;
  /** In place of the text between the two. */
  readonly value?: string;
}

function valueAfter(text: string, name: Name, style: ValueStyle, path: string): Span | undefined {
  OPERATOR.lastIndex = name.end;
  const operator = OPERATOR.exec(text);
  if (!operator) return spaced(text, name, path);
  const isQuotedName = /["'`]/.test(text[name.end] ?? "");
  if (operator[0].includes(",") && !isQuotedName) return undefined;
  const at = name.end + operator[0].length;
  OPENING.lastIndex = at;
  const opening = OPENING.exec(text);
  if (opening) return joined(text, until(text, at + opening[0].length, opening[1] ?? ""));
  if (operator[0].includes(">") && !operator[0].includes("=")) return until(text, at, "<");
  if (operator[0].includes("\n")) return undefined;
  const isInsideLiteral = operator[0].trimEnd() === operator[0] && isOpenLiteral(text, name.start);
  if (isInsideLiteral) return bare(text, at, /[;&]/);
  return style === "settings" || (style === "prose" && /[:=]/.test(operator[0])) ? bare(text, at) : undefined;
}

/** `ENV API_TOKEN value`, `--password value`, `_password value` of a `.netrc`. */
function spaced(text: string, name: Name, path: string): Span | undefined {
  const isOption = text.startsWith("--", name.start) || text.startsWith("-", name.start);
  const isDockerfile = /(?:^|\/)(?:Dockerfile|Containerfile)[^/]*$|\.dockerfile$/i.test(path);
  if (
    !isOption &&
    !(isDockerfile && /(?:ENV|ARG)[ \t]{1,4}$/.test(text.slice(Math.max(0, name.start - 8), name.start)))
  )
    return undefined;
  SPACED.lastIndex = name.end;
  const found = SPACED.exec(text);
  const end = name.end + (found?.[0].length ?? 0);
  return found ? { start: end - (found[1]?.length ?? 0), end } : undefined;
}

/** A literal with those that are added to it. */
function joined(text: string, first: Span | undefined): Span | undefined {
  if (!first) return undefined;
  let [end, value] = [first.end, text.slice(first.start, first.end)];
  for (let count = 0; count < MAX_PIECES; count += 1) {
    ADDED.lastIndex = end + 1;
    const added = ADDED.exec(text);
    const next = added && until(text, ADDED.lastIndex, added[1] ?? "");
    if (!next) break;
    ({ end } = next);
    value += text.slice(next.start, next.end);
  }
  return { start: first.start, end, value };
}

function until(text: string, start: number, sign: string): Span | undefined {
  for (let at = start; at < text.length && at - start <= 300; at += 1) {
    const character = text[at];
    if (character === "\\") at += 1;
    else if (character === sign) return { start, end: at };
    else if (character === "\n") return undefined;
  }
  return undefined;
}

function bare(text: string, start: number, stop?: RegExp): Span | undefined {
  BARE.lastIndex = start;
  const value = BARE.exec(text)?.[0];
  if (value === undefined) return undefined;
  const stopAt = stop ? value.search(stop) : -1;
  return { start, end: start + (stopAt === -1 ? value.length : stopAt) };
}

/** Whether a literal that began on the same line is still open: an odd number of one of the quotes stands before. */
function isOpenLiteral(text: string, at: number): boolean {
  const near = text.slice(Math.max(0, at - 500), at);
  const start = near.lastIndexOf("\n") + 1;
  // In a line that long no literal can be told from what is between two of them.
  if (start === 0 && at > 500) return false;
  const before = near.slice(start);
  return ['"', "'", "`"].some((quote) => before.split(quote).length % 2 === 0);
}

function judge(text: string, span: Span, kind: "password" | "token", name: string): SecretHit | undefined {
  const value = span.value ?? text.slice(span.start, span.end);
  const likelihood = judgeValue(value);
  if (likelihood === "no") return undefined;
  const isProviders = PROVIDER.test(name.replaceAll(/[^A-Za-z0-9]/g, "").toLowerCase());
  if (kind === "token" && isProviders && likelihood === "likely" && looksRandom(value, 24))
    return { rule: "secret-token", what: `the value of ${name}`, level: "block", ...span };
  const isSecret =
    kind === "password" ? looksLikePassword(value) : likelihood === "likely" && looksRandom(value, 16);
  if (!isSecret) return undefined;
  const what = kind === "password" ? "a password" : "a key or a token";
  return { rule: "secret-assigned", what, level: "warn", ...span };
}

/** The literals of the line that a function is given as a key or a password. */
function argumentsOf(text: string, from: number): SecretHit[] {
  const hits: SecretHit[] = [];
  const line = text.slice(from, from + 200).split("\n", 1)[0] ?? "";
  for (const literal of line.matchAll(LITERAL)) {
    const value = literal[2] ?? "";
    if (judgeValue(value) === "no" || !(looksRandom(value, 16) || looksLikePassword(value))) continue;
    const start = from + literal.index + 1;
    const what = "a key that is written out";
    hits.push({ rule: "secret-assigned", what, level: "warn", start, end: start + value.length });
  }
  return hits;
}
