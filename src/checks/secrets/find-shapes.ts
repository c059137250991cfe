import { ManyTexts, type Sought } from "../../core/many-texts.ts";
import { entropy, judgeValue, looksRandom } from "./judge-value.ts";
import type { SecretHit } from "./secret-hit.ts";
import { SECRET_MIDDLES, SECRET_SHAPES, type SecretShape } from "./secret-shape.ts";

const SHAPES_BY_START = new Map<string, SecretShape[]>();
for (const shape of SECRET_SHAPES)
  for (const start of shape.starts)
    SHAPES_BY_START.set(start, [...(SHAPES_BY_START.get(start) ?? []), shape]);
const MIDDLES_BY_SIGN = new Map(
  SECRET_MIDDLES.flatMap((middle) => middle.signs.map((sign) => [sign, middle] as const)),
);

/** What a credential of some shape begins with, or has in its middle. */
export const SHAPE_SIGNS: readonly Sought[] = [
  ...SHAPES_BY_START.keys(),
  ...MIDDLES_BY_SIGN.keys(),
  "eyJ",
].map((text) => ({ text }));
const SIGNS_ALONE = new ManyTexts(SHAPE_SIGNS);

const JWT = /eyJ[A-Za-z0-9_-]{8,2000}\.eyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{8,1000}/y;
const MIN_BODY = 20;
const BODY = /(["'`])([A-Za-z0-9_-]{20,200})\1/g;
/** How far around a sign in the middle the whole may reach. */
const AROUND = 200;

/** Credentials that their shape gives away, in a text that is no file: in a file all signs of secrets are looked for at once. */
export function findShapes(text: string, edges?: ReadonlySet<number>): SecretHit[] {
  const search = new ShapeSearch(text, edges);
  SIGNS_ALONE.each(text, (index, at) => search.look(SHAPE_SIGNS[index]?.text ?? "", at));
  return search.end();
}

/** Looks at the signs of one text, which it is handed in their order, of those at one place the longest first. */
export class ShapeSearch {
  private readonly hits: SecretHit[] = [];
  private readonly alone = new Set<string>();
  private readonly text: string;
  private readonly edges: ReadonlySet<number>;
  /** What stands before has been looked at. */
  private done = 0;

  /** `edges` are further places where one may begin, though a letter stands before: where two pieces of a text were joined. */
  constructor(text: string, edges: ReadonlySet<number> = new Set()) {
    this.text = text;
    this.edges = edges;
  }

  look(sign: string, at: number): void {
    if (at < this.done) return;
    const hit = lookAt(this.text, sign, at, this.edges);
    if (hit) this.hits.push(hit);
    else if (isWholeLiteral(this.text, at, sign)) this.alone.add(sign);
    this.done = Math.max(at + sign.length, hit?.end ?? 0);
  }

  /** What was found, after the last sign. */
  end(): SecretHit[] {
    return this.alone.size > 0 ? [...this.hits, ...findApart(this.text, this.alone)] : this.hits;
  }
}

function isWholeLiteral(text: string, at: number, sign: string): boolean {
  const quote = text[at - 1] ?? "";
  return /["'`]/.test(quote) && text[at + sign.length] === quote;
}

/** Literals that are a credential once one of the beginnings, a literal by itself somewhere in the file, stands before them. */
function findApart(text: string, beginnings: ReadonlySet<string>): SecretHit[] {
  const hits: SecretHit[] = [];
  for (const literal of text.matchAll(BODY)) {
    const body = literal[2] ?? "";
    if (!looksRandom(body, MIN_BODY)) continue;
    const beginning = [...beginnings].find(
      (each) => findShapes(each + body)[0]?.end === each.length + body.length,
    );
    if (beginning === undefined) continue;
    const start = literal.index + 1;
    const what = `the rest of a credential that begins with "${beginning}"`;
    hits.push({ rule: "secret-token", what, level: "warn", start, end: start + body.length });
  }
  return hits;
}

function lookAt(text: string, sign: string, at: number, edges: ReadonlySet<number>): SecretHit | undefined {
  const middle = MIDDLES_BY_SIGN.get(sign);
  if (middle) return lookAround(text, at, middle);
  if (!edges.has(at) && !mayBegin(text, at, sign)) return undefined;
  if (sign === "eyJ") return /[_-]/.test(text[at - 1] ?? "") ? undefined : lookAtJwt(text, at);
  for (const shape of SHAPES_BY_START.get(sign) ?? []) {
    shape.pattern.lastIndex = at;
    const value = shape.pattern.exec(text)?.[0];
    if (value === undefined) continue;
    const level = levelOf(value.slice(sign.length));
    if (!level) continue;
    const start = sign.endsWith("=") || sign.endsWith(" ") ? at + sign.length : at;
    return {
      rule: "secret-token",
      what: shape.what,
      level: shape.level ?? level,
      start,
      end: at + value.length,
    };
  }
  return undefined;
}

/** In a word's middle nothing begins, unless an escape such as `\n` ends there. */
function mayBegin(text: string, at: number, sign: string): boolean {
  const before = text[at - 1] ?? " ";
  if (!/[A-Za-z0-9]/.test(before)) return sign.length > 3 || !/[_$-]/.test(before);
  return text[at - 2] === "\\" && /[nrt]/.test(before);
}

/** Undefined: not by chance, so not a secret. */
function levelOf(body: string): "block" | "warn" | undefined {
  const likelihood = judgeValue(body);
  if (likelihood === "no" || /^(?:[a-z_.-]+|[A-Z]+[_.-][A-Z_.-]*)$/.test(body)) return undefined;
  if (entropy(body) < 2.5) return undefined;
  return likelihood === "doubtful" ? "warn" : "block";
}

function lookAround(
  text: string,
  at: number,
  middle: (typeof SECRET_MIDDLES)[number],
): SecretHit | undefined {
  const from = Math.max(0, at - AROUND);
  const found = middle.pattern.exec(text.slice(from, at + AROUND));
  const level = found && levelOf(found[0]);
  if (!found || !level) return undefined;
  const start = from + found.index;
  return { rule: "secret-token", what: middle.what, level, start, end: start + found[0].length };
}

function lookAtJwt(text: string, at: number): SecretHit | undefined {
  JWT.lastIndex = at;
  const value = JWT.exec(text)?.[0];
  if (value === undefined || judgeValue(value) === "no") return undefined;
  const payload = Buffer.from(value.split(".")[1] ?? "", "base64url").toString("latin1");
  // A key that is made for browsers, and says so.
  const level = /"role":"anon"/.test(payload) ? "warn" : "block";
  return { rule: "secret-jwt", what: "a signed token (JWT)", level, start: at, end: at + value.length };
}
