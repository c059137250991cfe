/** Keeps the end of a text that comes line by line: at most `maxChars` characters, whole lines where possible. */
export class Tail {
  private readonly maxChars: number;
  private readonly lines: string[] = [];
  private chars = 0;

  constructor(maxChars: number) {
    this.maxChars = maxChars;
  }

  push(line: string): void {
    const kept = line.slice(-this.maxChars);
    this.lines.push(kept);
    this.chars += kept.length + 1;
    while (this.chars > this.maxChars && this.lines.length > 1) {
      this.chars -= (this.lines.shift()?.length ?? 0) + 1;
    }
  }

  toString(): string {
    return this.lines.join("\n");
  }
}
