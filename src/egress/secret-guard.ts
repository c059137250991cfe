/**
 * Keeps a secret out of bytes that pass, in whatever pieces they come. What could be the beginning of the secret is held
 * back until it is known to be none: nothing else waits.
 */
export class SecretGuard {
  private readonly spellings: readonly Buffer[];
  private held: Buffer = Buffer.alloc(0);

  constructor(secret: string) {
    const json = JSON.stringify(secret).slice(1, -1);
    this.spellings = [...new Set([secret, json, json.replaceAll("/", "\\/")])].map((text) =>
      Buffer.from(text),
    );
  }

  /** What may pass now, which may be nothing; undefined: the secret is in it, and nothing more may pass. */
  push(chunk: Buffer): Buffer | undefined {
    const bytes = this.held.length === 0 ? chunk : Buffer.concat([this.held, chunk]);
    if (this.isIn(bytes)) return undefined;
    const begin = Math.min(...this.spellings.map((spelling) => startOfPart(bytes, spelling)));
    this.held = bytes.subarray(begin);
    return bytes.subarray(0, begin);
  }

  /** What was held back until the end, and was no secret. */
  rest(): Buffer {
    return this.held;
  }

  isIn(bytes: Buffer): boolean {
    return this.spellings.some((spelling) => bytes.includes(spelling));
  }
}

/** Where the end of `bytes` begins to be the beginning of `word`; the length of `bytes`: nowhere. */
function startOfPart(bytes: Buffer, word: Buffer): number {
  const first = word[0] ?? 0;
  let at = bytes.indexOf(first, Math.max(0, bytes.length - word.length + 1));
  while (at >= 0) {
    if (bytes.compare(word, 0, bytes.length - at, at) === 0) return at;
    at = bytes.indexOf(first, at + 1);
  }
  return bytes.length;
}
