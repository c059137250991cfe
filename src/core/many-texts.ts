/** One of the texts that are looked for. */
export interface Sought {
  /** Two or more characters of ASCII. */
  readonly text: string;
  /** In upper and lower case alike; it is given in lower case then. */
  readonly anyCase?: true;
}

const FOLDED_BITS = 5;
const FOLDED = (1 << FOLDED_BITS) - 1;
const TRIPLES = 1 << (3 * FOLDED_BITS);

/**
 * Finds all places of many short texts in one look at each character, however many they are. An expression with as many choices
 * tries them one by one at most places.
 */
export class ManyTexts {
  private readonly sought: readonly Sought[];
  /** Set for what three characters may begin one of them, by five bits of each: in those, a letter's two cases are one. */
  private readonly triples = new Uint8Array(TRIPLES);
  /** The indexes of those that begin with two characters, the longest text first. */
  private readonly byPair = new Map<number, number[]>();

  constructor(sought: readonly Sought[]) {
    this.sought = sought;
    const order = sought.map((_, index) => index);
    order.sort((a, b) => (sought[b]?.text.length ?? 0) - (sought[a]?.text.length ?? 0));
    for (const index of order) {
      const { text = "", anyCase } = sought[index] ?? {};
      if (!/^[\0-\x7f]{2,}$/.test(text))
        throw new RangeError(`"${text}" is not two or more characters of ASCII`);
      if (anyCase && text !== text.toLowerCase()) throw new RangeError(`"${text}" is not in lower case`);
      const begin =
        (fold(text.charCodeAt(0)) << (2 * FOLDED_BITS)) | (fold(text.charCodeAt(1)) << FOLDED_BITS);
      if (text.length > 2) this.triples[begin | fold(text.charCodeAt(2))] = 1;
      else this.triples.fill(1, begin, begin + FOLDED + 1);
      for (const first of anyCase ? casesOf(text[0]) : [text[0] ?? ""])
        for (const second of anyCase ? casesOf(text[1]) : [text[1] ?? ""])
          this.add(pairOf(first.charCodeAt(0), second.charCodeAt(0)), index);
    }
  }

  private add(pair: number, index: number): void {
    const known = this.byPair.get(pair);
    if (known) known.push(index);
    else this.byPair.set(pair, [index]);
  }

  /**
   * Hands over each place, in the order of the text, with the index of what stands there. Of several at one place the longest
   * comes first.
   */
  each(text: string, found: (index: number, at: number) => void): void {
    const { triples } = this;
    let triple = 0;
    // The character looked at is the third of what may begin; behind the end stands none.
    for (let at = 0; at <= text.length; at += 1) {
      const code = at < text.length ? text.charCodeAt(at) : 0;
      triple = ((triple << FOLDED_BITS) | (code & FOLDED)) & (TRIPLES - 1);
      if (triples[triple] === 1 && at >= 2) this.look(text, at - 2, found);
    }
  }

  private look(text: string, at: number, found: (index: number, at: number) => void): void {
    const first = text.charCodeAt(at);
    const second = text.charCodeAt(at + 1);
    if ((first | second) >= 128) return;
    const indexes = this.byPair.get(pairOf(first, second));
    if (!indexes) return;
    for (const index of indexes) {
      const { text: sought = "", anyCase } = this.sought[index] ?? {};
      const isHere = anyCase
        ? text.slice(at, at + sought.length).toLowerCase() === sought
        : text.startsWith(sought, at);
      if (isHere) found(index, at);
    }
  }
}

function fold(code: number): number {
  return code & FOLDED;
}

function casesOf(character = ""): readonly string[] {
  const upper = character.toUpperCase();
  return upper === character ? [character] : [character, upper];
}

/** Of two characters of ASCII. */
function pairOf(first: number, second: number): number {
  return (first << 7) | second;
}
