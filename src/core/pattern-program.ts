/** One step of a pattern. A place is the index of a step. */
export type Step =
  /** One character. Goes on at the next place. */
  | { readonly kind: "one"; readonly takes: (code: number) => boolean }
  /** Goes on at each of these places at once. */
  | { readonly kind: "split"; readonly to: readonly number[] }
  | { readonly kind: "assert"; readonly what: "start" | "end" | "edge" | "noEdge" }
  | { readonly kind: "match" };

/** Why a pattern is not taken. */
export interface PatternProblem {
  /** From 0: the character of the pattern at which it fails. */
  readonly at: number;
  readonly reason: string;
  readonly hint: string;
}

const MAX_CHARS = 1000;
const MAX_STEPS = 1000;
/** Parts that take no character, and so make no step, cost time all the same when their counts are written out. */
const MAX_PARTS = 20_000;
const MAX_DEPTH = 50;

/** A part of a pattern, before it has a place. */
type Node =
  | { readonly kind: "one"; readonly takes: (code: number) => boolean }
  | { readonly kind: "assert"; readonly what: "start" | "end" | "edge" | "noEdge" }
  | { readonly kind: "all"; readonly of: readonly Node[] }
  | { readonly kind: "any"; readonly of: readonly Node[] }
  | { readonly kind: "repeat"; readonly of: Node; readonly least: number; readonly most: number };

class Refused extends Error {
  readonly problem: PatternProblem;
  constructor(at: number, reason: string, hint: string) {
    super(reason);
    this.problem = { at, reason, hint };
  }
}

/** The program of a regular expression, or why there is none. See `LinearPattern.parse` for what is understood. */
export function parsePattern(source: string): readonly Step[] | PatternProblem {
  const ignoresCase = source.startsWith("(?i)");
  try {
    if (source.length > MAX_CHARS)
      throw new Refused(
        MAX_CHARS,
        `the pattern is longer than ${MAX_CHARS} characters`,
        "make several patterns of it",
      );
    const parser = new Parser(source, ignoresCase ? 4 : 0, ignoresCase);
    const node = parser.choice(0);
    if (!parser.isAtEnd)
      parser.refuse("there is nothing that this `)` closes", String.raw`write \) for the sign itself`);
    return [...new Program().written(node), { kind: "match" }];
  } catch (error) {
    if (error instanceof Refused) return error.problem;
    throw error;
  }
}

class Parser {
  private readonly source: string;
  private at: number;
  private readonly flags: string;

  constructor(source: string, at: number, ignoresCase: boolean) {
    this.source = source;
    this.at = at;
    this.flags = ignoresCase ? "iu" : "u";
  }

  get isAtEnd(): boolean {
    return this.at >= this.source.length;
  }

  refuse(reason: string, hint: string, at = this.at): never {
    throw new Refused(at, reason, hint);
  }

  choice(depth: number): Node {
    if (depth > MAX_DEPTH)
      this.refuse("groups are nested too deeply", `at most ${MAX_DEPTH} levels are taken`);
    const branches = [this.sequence(depth)];
    while (this.take("|")) branches.push(this.sequence(depth));
    return { kind: "any", of: branches };
  }

  private sequence(depth: number): Node {
    const nodes: Node[] = [];
    while (!this.isAtEnd && !this.sees("|") && !this.sees(")")) nodes.push(this.repeated(this.atom(depth)));
    return { kind: "all", of: nodes };
  }

  private atom(depth: number): Node {
    const start = this.at;
    if (this.take("^")) return { kind: "assert", what: "start" };
    if (this.take("$")) return { kind: "assert", what: "end" };
    if (this.take(String.raw`\b`)) return { kind: "assert", what: "edge" };
    if (this.take(String.raw`\B`)) return { kind: "assert", what: "noEdge" };
    if (this.take("(")) return this.group(depth, start);
    if (this.sees("*") || this.sees("+") || this.sees("?") || this.sees("{"))
      this.refuse("there is nothing to repeat here", `write \\${this.source[this.at]} for the sign itself`);
    return { kind: "one", takes: this.character() };
  }

  private group(depth: number, start: number): Node {
    if (["?=", "?!", "?<=", "?<!"].some((sign) => this.sees(sign)))
      this.refuse(
        "look-around is not taken, for it cannot be followed in linear time",
        "match the text itself, and name with `files` where it may not be",
        start,
      );
    if (this.sees("?<")) {
      const name = /^\?<[A-Za-z_$][\w$]*>/.exec(this.source.slice(this.at))?.[0];
      if (name === undefined)
        this.refuse("this group's name is not one", "write (?<name>…), or (?:…)", start);
      this.at += name.length;
    } else if (!this.take("?:") && this.sees("?")) {
      this.refuse(
        "flags inside a pattern are not taken",
        "(?i) before all else takes upper and lower case for the same",
        start,
      );
    }
    const node = this.choice(depth + 1);
    if (!this.take(")"))
      this.refuse("this group is not closed", String.raw`write \( for the sign itself`, start);
    return node;
  }

  private repeated(node: Node): Node {
    const start = this.at;
    let [least, most] = [1, 1];
    if (this.take("*")) [least, most] = [0, Infinity];
    else if (this.take("+")) [least, most] = [1, Infinity];
    else if (this.take("?")) [least, most] = [0, 1];
    else if (this.sees("{")) {
      const counts = /^\{(\d{1,6})(,(\d{0,6}))?\}/.exec(this.source.slice(this.at));
      if (!counts)
        this.refuse("this is no count", String.raw`write {2}, {2,} or {2,5}, or \{ for the sign itself`);
      this.at += counts[0].length;
      least = Number(counts[1]);
      most = counts[2] === undefined ? least : counts[3] ? Number(counts[3]) : Infinity;
      if (most < least)
        this.refuse("these counts are the wrong way round", "write the lower one first", start);
    } else return node;
    if (node.kind === "assert") this.refuse("a place cannot be repeated", "leave out what follows it", start);
    // Whether as much or as little as possible is taken makes no difference to whether there is a match.
    this.take("?");
    if (!this.isAtEnd && /[*+?{]/.test(this.source[this.at] ?? ""))
      this.refuse("there is nothing to repeat here", "put what is repeated twice in (?:…)");
    return { kind: "repeat", of: node, least, most };
  }

  /** One character's worth of pattern, which the engine's own regular expressions read and judge: so both mean the same. */
  private character(): (code: number) => boolean {
    const start = this.at;
    const rest = this.source.slice(start);
    const piece = rest.startsWith("[") ? bracket(rest) : escapeOrSign(rest);
    if (/^\\(?:[1-9]|k)/.test(rest))
      this.refuse(
        "back references are not taken, for they cannot be followed in linear time",
        "write the text out a second time",
      );
    const one = piece === undefined ? undefined : this.compiled(piece);
    if (piece === undefined || !one)
      this.refuse("this is not understood", String.raw`put a \ before a sign that is meant as itself`);
    this.at += piece.length;
    const common = Uint8Array.from({ length: 128 }, (_, code) =>
      Number(one.test(String.fromCodePoint(code))),
    );
    return (code) => (code < 128 ? common[code] === 1 : one.test(String.fromCodePoint(code)));
  }

  private compiled(piece: string): RegExp | undefined {
    try {
      return new RegExp(`^${piece}$`, this.flags);
    } catch {
      return undefined;
    }
  }

  private sees(text: string): boolean {
    return this.source.startsWith(text, this.at);
  }

  private take(text: string): boolean {
    const isThere = this.sees(text);
    if (isThere) this.at += text.length;
    return isThere;
  }
}

/** A bracket expression with its closing bracket. */
function bracket(rest: string): string | undefined {
  for (let at = 1; at < rest.length; at += 1) {
    if (rest[at] === "\\") at += 1;
    else if (rest[at] === "]") return rest.slice(0, at + 1);
  }
  return undefined;
}

function escapeOrSign(rest: string): string | undefined {
  const escape =
    /^\\(?:u\{[0-9A-Fa-f]{1,6}\}|u[Dd][89ABab][0-9A-Fa-f]{2}\\u[Dd][C-Fc-f][0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|[pP]\{[^{}]{1,60}\}|c[A-Za-z]|.)/u;
  return rest.startsWith("\\") ? escape.exec(rest)?.[0] : /^./su.exec(rest)?.[0];
}

class Program {
  private readonly steps: Step[] = [];
  private parts = 0;

  written(node: Node): readonly Step[] {
    this.emit(node);
    return this.steps;
  }

  private emit(node: Node): void {
    this.parts += 1;
    if (this.steps.length > MAX_STEPS || this.parts > MAX_PARTS)
      throw new Refused(
        0,
        `the pattern is longer than ${MAX_STEPS} steps once its counts are written out`,
        "use smaller counts, or + and * in their place",
      );
    if (node.kind === "one" || node.kind === "assert") this.steps.push(node);
    else if (node.kind === "all") for (const each of node.of) this.emit(each);
    else if (node.kind === "any") this.emitChoice(node.of);
    else this.emitRepeat(node);
  }

  /** Each branch but the last begins with a way to the next one, and ends with a way behind them all. */
  private emitChoice(branches: readonly Node[]): void {
    const leaves: number[] = [];
    for (const [index, branch] of branches.entries()) {
      const isLast = index === branches.length - 1;
      const split = isLast ? undefined : this.reserve();
      this.emit(branch);
      if (split === undefined) continue;
      leaves.push(this.reserve());
      this.steps[split] = { kind: "split", to: [split + 1, this.steps.length] };
    }
    for (const leave of leaves) this.steps[leave] = { kind: "split", to: [this.steps.length] };
  }

  private emitRepeat(node: Extract<Node, { kind: "repeat" }>): void {
    for (let count = 0; count < node.least; count += 1) this.emit(node.of);
    const splits: number[] = [];
    for (let count = node.least; count < node.most; count += 1) {
      const split = this.reserve();
      splits.push(split);
      this.emit(node.of);
      if (node.most !== Infinity) continue;
      this.steps.push({ kind: "split", to: [split] });
      break;
    }
    for (const split of splits) this.steps[split] = { kind: "split", to: [split + 1, this.steps.length] };
  }

  /** Room for a step that is known only later. */
  private reserve(): number {
    return this.steps.push({ kind: "match" }) - 1;
  }
}
