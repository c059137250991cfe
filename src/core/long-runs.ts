/** A run of characters of one kind: as long as it can be, so that another kind stands before it and behind it. */
export interface Run {
  readonly start: number;
  readonly end: number;
}

/** Finds long runs of characters of a kind. Most of a text is never looked at. */
export class LongRuns {
  private readonly isAscii = new Uint8Array(128);
  private readonly others: ReadonlySet<string>;
  private readonly least: number;

  /** `least` is the length from which on a run is long; `kind` has one character, or every one of them. */
  constructor({ kind, least }: { readonly kind: string; readonly least: number }) {
    if (least < 1) throw new RangeError("a run has a character");
    this.least = least;
    for (const character of kind) if (character < "\x80") this.isAscii[character.charCodeAt(0)] = 1;
    this.others = new Set(Array.from(kind).filter((character) => character >= "\x80"));
  }

  /** In the order of the text. */
  *in(text: string): Generator<Run> {
    const { least } = this;
    // Each long run has a character at `at`, or begins behind it: it is enough to look there, and back from there.
    for (let at = least - 1; at < text.length;) {
      let start = at + 1;
      while (start > 0 && this.has(text, start - 1)) start -= 1;
      if (at + 1 - start < least) {
        at = start + least - 1;
        continue;
      }
      let end = at + 1;
      while (end < text.length && this.has(text, end)) end += 1;
      yield { start, end };
      at = end + least;
    }
  }

  private has(text: string, at: number): boolean {
    const code = text.charCodeAt(at);
    return code < 128 ? this.isAscii[code] === 1 : this.others.size > 0 && this.others.has(text[at] ?? "");
  }
}
