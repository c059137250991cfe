const COMMENT = /^\s*(?:\*|\/\*|\/\/|#|--|"""|''')|\/\/|\/\*|\s#\s|#\s/;
const QUOTES = new Map([
  [0x22, 1],
  [0x27, 2],
  [0x60, 4],
]);

/**
 * Whether places of a text, asked for in their order, are code, text or comment: by the quotes and signs before them on the same line
 * alone. Cheap, and wrong only where texts go over several lines. Each line is walked once, however many of its places are asked for.
 */
export class LinePlaces {
  private readonly text: string;
  private lineEnd = -1;
  /** From where on the line is a comment. */
  private comment = 0;
  /** How far quotes were counted, and which of them are open: a bit for each kind. */
  private counted = 0;
  private open = 0;

  constructor(text: string) {
    this.text = text;
  }

  at(offset: number): "code" | "text" | "comment" {
    if (offset > this.lineEnd) this.begin(offset);
    for (; this.counted < offset; this.counted += 1)
      this.open ^= QUOTES.get(this.text.charCodeAt(this.counted)) ?? 0;
    if (offset >= this.comment) return "comment";
    return this.open === 0 ? "code" : "text";
  }

  private begin(offset: number): void {
    const start = this.text.lastIndexOf("\n", offset - 1) + 1;
    const end = this.text.indexOf("\n", offset);
    this.lineEnd = end === -1 ? this.text.length : end;
    const sign = COMMENT.exec(this.text.slice(start, this.lineEnd));
    this.comment = sign ? start + sign.index + sign[0].length : Infinity;
    [this.counted, this.open] = [start, 0];
  }
}
