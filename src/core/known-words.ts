/** Below this code, what a character is: 0 no part of a word, 1 a part of one, 2 a part of one that is not its first. */
const KINDS = new Uint8Array(128);
for (const character of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_")
  KINDS[character.charCodeAt(0)] = 1;
for (const character of "0123456789") KINDS[character.charCodeAt(0)] = 2;
const MARKS = 1 << 14;

/** Tells which of many words a text has, in one look at each of its characters, however many the words are. */
export class KnownWords {
  private readonly words: ReadonlySet<string>;
  /** Set where some word's hash falls: most words of a text are dismissed by it. */
  private readonly marks = new Uint8Array(MARKS);

  /** Each of ASCII letters, digits and underscores; the first is no digit. */
  constructor(words: Iterable<string>) {
    this.words = new Set(words);
    for (const word of this.words) {
      if (!/^[A-Za-z_]\w*$/.test(word)) throw new RangeError(`"${word}" is not one word`);
      let hash = 0;
      for (let at = 0; at < word.length; at += 1) hash = (Math.imul(hash, 31) + word.charCodeAt(at)) | 0;
      this.marks[hash & (MARKS - 1)] = 1;
    }
  }

  /** Those of the words that stand in the text by themselves. Any other letter than those of ASCII ends a word. */
  in(text: string): Set<string> {
    const found = new Set<string>();
    const { length } = text;
    let start = -1;
    let hash = 0;
    for (let at = 0; at <= length; at += 1) {
      const code = at < length ? text.charCodeAt(at) : 0;
      const kind = code < 128 ? KINDS[code] : 0;
      if (start >= 0 && kind !== 0) {
        hash = (Math.imul(hash, 31) + code) | 0;
      } else if (kind === 1) {
        start = at;
        hash = code;
      } else if (start >= 0) {
        if (this.marks[hash & (MARKS - 1)] === 1) {
          const word = text.slice(start, at);
          if (this.words.has(word)) found.add(word);
        }
        start = -1;
      }
    }
    return found;
  }
}
