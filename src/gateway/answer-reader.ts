import { NO_USAGE, type Usage } from "../core/usage.ts";
import type { AnswerChange, AnswerFormat } from "./answer-format.ts";
import { estimateTokens } from "./estimate-tokens.ts";
import type { Json } from "./filter-json.ts";
import { endOfString } from "./parse-json-body.ts";
import { SseScanner } from "./sse-scanner.ts";

/** The last event of a long answer repeats all of it. */
const MAX_EVENT_BYTES = 8 * 1024 * 1024;
const CLOSING_BRACE = 0x7d;

/**
 * Reads one answer on the side while it goes to the client: its usage, its end, its errors. It changes nothing, and
 * memory and time are bounded whatever comes.
 */
export class AnswerReader {
  /** The API's own end has come. */
  isEnded = false;
  /** Something in it is not what the protocol says. */
  isMalformed = false;
  /** What the API gave up with. */
  refusal: { readonly code: string | null } | null = null;
  private readonly format: AnswerFormat;
  private readonly scanner: SseScanner;
  private readonly deltaPrefixes: readonly Buffer[];
  private readonly textMarkers: readonly Buffer[];
  private counts: Usage = NO_USAGE;
  private hasInput = false;
  private hasFinalOutput = false;
  private textBytes = 0;

  constructor(format: AnswerFormat) {
    this.format = format;
    this.deltaPrefixes = format.deltaPrefixes.map((prefix) => Buffer.from(prefix));
    this.textMarkers = format.textMarkers.map((marker) => Buffer.from(marker));
    this.scanner = new SseScanner({ maxEventBytes: MAX_EVENT_BYTES, onData: (data) => this.onData(data) });
  }

  /** A piece of a stream. */
  push(chunk: Buffer): void {
    this.scanner.push(chunk);
    if (this.scanner.isBroken) this.isMalformed = true;
  }

  /** A whole answer that is not a stream. */
  whole(answer: Json): void {
    this.apply(this.format.readWhole(answer));
  }

  /**
   * What the answer has used so far, at least. The exact count of the output comes last: until then it is estimated
   * from the text that came.
   */
  usageSoFar(): Usage {
    if (this.hasFinalOutput && this.isEnded) return this.counts;
    return { ...this.counts, output: Math.max(this.counts.output, estimateTokens(this.textBytes)) };
  }

  /** As `usageSoFar`, for an answer that has ended; an input that was never counted is estimated from the request. */
  finalUsage(requestBytes: number): Usage {
    const usage = this.usageSoFar();
    return this.hasInput ? usage : { ...usage, input: estimateTokens(requestBytes) };
  }

  private onData(data: Buffer): void {
    if (this.isDelta(data)) {
      this.textBytes += this.textBytesOf(data);
      return;
    }
    const text = data.toString("utf8");
    if (text === this.format.endMark) {
      this.isEnded = true;
      return;
    }
    try {
      this.apply(this.format.readEvent(JSON.parse(text) as Json));
    } catch {
      this.isMalformed = true;
    }
  }

  private isDelta(data: Buffer): boolean {
    // An event that was cut does not end like one: it goes to the parser, which says so.
    if (data.at(-1) !== CLOSING_BRACE) return false;
    return this.deltaPrefixes.some(
      (prefix) => data.length > prefix.length && prefix.compare(data, 0, prefix.length) === 0,
    );
  }

  /**
   * The text is found by the key before it. The key cannot be inside of a text: there, its quotation marks have
   * backslashes before them.
   */
  private textBytesOf(data: Buffer): number {
    for (const marker of this.textMarkers) {
      const found = data.indexOf(marker);
      if (found >= 0) return endOfString(data, found + marker.length) - found - marker.length;
    }
    return 0;
  }

  private apply(change: AnswerChange): void {
    if (change.usage) {
      this.counts = { ...this.counts, ...change.usage };
      this.hasInput ||= change.usage.input !== undefined;
      this.hasFinalOutput ||= change.usage.output !== undefined;
    }
    this.textBytes += change.textBytes ?? 0;
    this.isEnded ||= change.isEnd === true;
    this.refusal = change.refusal ?? this.refusal;
  }
}
