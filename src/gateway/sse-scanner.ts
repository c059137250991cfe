const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const DATA = Buffer.from("data:");
const NO_BYTES = Buffer.alloc(0);

/**
 * Finds the data of server-sent events in a stream of bytes, as they come in pieces. Names of events and all other
 * fields are left out: in the model APIs the data says everything. Memory is bounded by `maxEventBytes`.
 */
export class SseScanner {
  /** An event was too long: nothing after it is read. */
  isBroken = false;
  private readonly maxEventBytes: number;
  private readonly onData: (data: Buffer) => void;
  /** The part of a line whose end has not come yet. */
  private partial: Buffer[] = [];
  private partialBytes = 0;
  private data: Buffer = NO_BYTES;
  private hasData = false;

  /** `onData` gets a view that holds until it returns. */
  constructor(options: { readonly maxEventBytes: number; readonly onData: (data: Buffer) => void }) {
    this.maxEventBytes = options.maxEventBytes;
    this.onData = options.onData;
  }

  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      if (this.isBroken) return;
      if (this.partialBytes > 0) this.line(...this.joined(chunk.subarray(start, end)));
      else this.line(chunk, start, end);
      start = end + 1;
    }
    if (start < chunk.length && !this.isBroken) this.keep(chunk.subarray(start));
  }

  private keep(part: Buffer): void {
    this.partial.push(part);
    this.partialBytes += part.length;
    this.checkBound();
  }

  private joined(rest: Buffer): [bytes: Buffer, start: number, end: number] {
    const whole = Buffer.concat([...this.partial, rest]);
    this.partial = [];
    this.partialBytes = 0;
    return [whole, 0, whole.length];
  }

  private line(bytes: Buffer, start: number, lineEnd: number): void {
    const end = lineEnd > start && bytes[lineEnd - 1] === RETURN ? lineEnd - 1 : lineEnd;
    if (end === start) {
      this.dispatch();
      return;
    }
    const isData =
      end - start >= DATA.length && bytes.compare(DATA, 0, DATA.length, start, start + DATA.length) === 0;
    if (!isData) return;
    const from = start + DATA.length + (bytes[start + DATA.length] === SPACE ? 1 : 0);
    const value = bytes.subarray(Math.min(from, end), end);
    this.data = this.hasData ? Buffer.concat([this.data, Buffer.from("\n"), value]) : value;
    this.hasData = true;
    this.checkBound();
  }

  private dispatch(): void {
    if (this.hasData) this.onData(this.data);
    this.forget();
  }

  private checkBound(): void {
    if (this.partialBytes + this.data.length <= this.maxEventBytes) return;
    this.isBroken = true;
    this.partial = [];
    this.partialBytes = 0;
    this.forget();
  }

  private forget(): void {
    this.data = NO_BYTES;
    this.hasData = false;
  }
}
