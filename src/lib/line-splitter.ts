/** A line, or the part of it that is kept. */
export interface SplitLine {
  readonly text: string;
  readonly cut: boolean;
}

/**
 * Splits bytes into lines of UTF-8, keeping at most `maxLineBytes` of each. Memory is bounded by that, whatever comes:
 * a line of gigabytes without an end costs no more than a short one. Bytes that are not UTF-8 become U+FFFD.
 */
export class LineSplitter {
  /** Bytes that were dropped from lines that were too long. */
  droppedBytes = 0;
  private readonly maxLineBytes: number;
  private readonly onLine: (line: SplitLine) => void;
  private kept: Buffer[] = [];
  private keptBytes = 0;
  private isCut = false;

  constructor(options: { readonly maxLineBytes: number; readonly onLine: (line: SplitLine) => void }) {
    this.maxLineBytes = options.maxLineBytes;
    this.onLine = options.onLine;
  }

  /** Bytes kept of a line that has no end yet. */
  get pendingBytes(): number {
    return this.keptBytes;
  }

  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      this.keep(chunk.subarray(start, end));
      this.endLine();
      start = end + 1;
    }
    if (start < chunk.length) this.keep(chunk.subarray(start));
  }

  /** Gives a last line that has no end. */
  finish(): void {
    if (this.keptBytes > 0 || this.isCut) this.endLine();
  }

  private keep(part: Buffer): void {
    const room = this.maxLineBytes - this.keptBytes;
    const kept = part.subarray(0, room);
    if (kept.length > 0) this.kept.push(Buffer.from(kept));
    this.keptBytes += kept.length;
    if (part.length > kept.length) {
      this.droppedBytes += part.length - kept.length;
      this.isCut = true;
    }
  }

  private endLine(): void {
    const line = Buffer.concat(this.kept);
    const text = (line.at(-1) === 13 ? line.subarray(0, -1) : line).toString("utf8");
    const cut = this.isCut;
    this.kept = [];
    this.keptBytes = 0;
    this.isCut = false;
    this.onLine({ text, cut });
  }
}
