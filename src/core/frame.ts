/**
 * Frames between the supervisor and its programs in containers: a header in JSON and a body of raw bytes.
 *
 *     u32 header length | u32 body length | header | body        (big-endian)
 *
 * Both lengths are checked before anything is kept, so that a broken or hostile peer cannot make the reader
 * allocate without bound.
 */
export interface Frame {
  readonly header: unknown;
  readonly body: Uint8Array;
}

const PREFIX_BYTES = 8;
export const MAX_HEADER_BYTES = 1024 * 1024;
export const MAX_BODY_BYTES = 64 * 1024 * 1024;

const EMPTY = new Uint8Array(0);

export function encodeFrame(header: unknown, body: Uint8Array = EMPTY): Uint8Array {
  const headerBytes = new TextEncoder().encode(JSON.stringify(header));
  if (headerBytes.length > MAX_HEADER_BYTES || body.length > MAX_BODY_BYTES) {
    throw new RangeError(`a frame of ${headerBytes.length} + ${body.length} bytes is over the limit`);
  }
  const frame = new Uint8Array(PREFIX_BYTES + headerBytes.length + body.length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, headerBytes.length);
  view.setUint32(4, body.length);
  frame.set(headerBytes, PREFIX_BYTES);
  frame.set(body, PREFIX_BYTES + headerBytes.length);
  return frame;
}

/** Takes bytes as they come and gives the frames that are complete. Throws on a length over the limit or broken JSON. */
export class FrameReader {
  private chunks: Uint8Array[] = [];
  private buffered = 0;

  push(chunk: Uint8Array): Frame[] {
    this.chunks.push(chunk);
    this.buffered += chunk.length;
    const frames: Frame[] = [];
    for (let frame = this.next(); frame; frame = this.next()) frames.push(frame);
    return frames;
  }

  /** Bytes of a frame that is not complete yet. Not zero at the end of a stream: the peer died in mid-frame. */
  get pendingBytes(): number {
    return this.buffered;
  }

  private next(): Frame | undefined {
    if (this.buffered < PREFIX_BYTES) return undefined;
    const prefix = this.peek(PREFIX_BYTES);
    const view = new DataView(prefix.buffer, prefix.byteOffset, PREFIX_BYTES);
    const [headerLength, bodyLength] = [view.getUint32(0), view.getUint32(4)];
    if (headerLength > MAX_HEADER_BYTES || bodyLength > MAX_BODY_BYTES) {
      throw new RangeError(
        `a frame announces ${headerLength} + ${bodyLength} bytes, which is over the limit`,
      );
    }
    const length = PREFIX_BYTES + headerLength + bodyLength;
    if (this.buffered < length) return undefined;
    const frame = this.peek(length).subarray(0, length);
    this.drop(length);
    const header = new TextDecoder().decode(frame.subarray(PREFIX_BYTES, PREFIX_BYTES + headerLength));
    return { header: JSON.parse(header) as unknown, body: frame.subarray(PREFIX_BYTES + headerLength) };
  }

  /** Makes the first chunk at least `length` bytes long and returns it. */
  private peek(length: number): Uint8Array {
    const first = this.chunks[0] ?? EMPTY;
    if (first.length >= length) return first;
    const joined = new Uint8Array(this.buffered);
    let at = 0;
    for (const chunk of this.chunks) {
      joined.set(chunk, at);
      at += chunk.length;
    }
    this.chunks = [joined];
    return joined;
  }

  private drop(length: number): void {
    const first = this.chunks[0] ?? EMPTY;
    this.buffered -= length;
    if (first.length === length) this.chunks.shift();
    else this.chunks[0] = first.subarray(length);
  }
}
