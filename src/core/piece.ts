/** Pieces of several streams on one, as on an engine's attach stream: which stream, three zeros, the length, the bytes. */
export interface Piece {
  readonly stream: number;
  readonly bytes: Uint8Array;
}

const HEADER_BYTES = 8;
const MAX_PIECE_BYTES = 64 * 1024 * 1024;

export function encodePiece(stream: number, bytes: Uint8Array): Uint8Array {
  const piece = new Uint8Array(HEADER_BYTES + bytes.length);
  piece[0] = stream;
  new DataView(piece.buffer).setUint32(4, bytes.length);
  piece.set(bytes, HEADER_BYTES);
  return piece;
}

/** Takes bytes as they come and gives the pieces that are whole. Throws on one over the limit. */
export class PieceReader {
  private buffered: Uint8Array = new Uint8Array(0);

  push(chunk: Uint8Array): Piece[] {
    this.buffered = this.buffered.length === 0 ? chunk : joined(this.buffered, chunk);
    const view = new DataView(this.buffered.buffer, this.buffered.byteOffset, this.buffered.length);
    const pieces: Piece[] = [];
    let at = 0;
    while (this.buffered.length - at >= HEADER_BYTES) {
      const length = view.getUint32(at + 4);
      if (length > MAX_PIECE_BYTES) throw new RangeError("a piece is over the limit");
      const end = at + HEADER_BYTES + length;
      if (this.buffered.length < end) break;
      pieces.push({ stream: this.buffered[at] ?? 0, bytes: this.buffered.subarray(at + HEADER_BYTES, end) });
      at = end;
    }
    this.buffered = this.buffered.subarray(at);
    return pieces;
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
