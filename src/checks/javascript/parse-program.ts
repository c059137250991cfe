import { parseSync, rawTransferSupported, type ParseResult, type ParserOptions } from "oxc-parser";

/** An option of the parser that its types do not name yet. */
interface TransferOptions extends ParserOptions {
  readonly experimentalRawTransfer?: boolean;
}

/**
 * Whether the parser's tree is read out of its memory, instead of out of JSON: a third of the time, and no text ten times
 * the file's length. The parser wants 6 GiB of addresses for it, of which it touches what a file needs.
 */
let readsMemory = rawTransferSupported();

/** What the parser makes of a text. Throws where not even JSON can hand the tree over. */
export function parseProgram(path: string, text: string, options: ParserOptions): ParseResult {
  if (readsMemory) {
    try {
      const transfer: TransferOptions = { ...options, experimentalRawTransfer: true };
      return parseSync(path, text, transfer);
    } catch (error) {
      // The memory is read by recursion: a sum of thousands of parts is too deep for it, and JSON is not. Where the
      // addresses cannot be had, they will not be had for the next file, and asking for them is slow.
      if (error instanceof RangeError && /alloc/i.test(error.message)) readsMemory = false;
    }
  }
  return parseSync(path, text, options);
}
