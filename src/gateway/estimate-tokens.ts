/**
 * English and source code have three to five bytes for a token. With six, an estimate stays below the count that comes
 * in the end: a budget is never said to be spent before it is, and cannot be exceeded by more than about a half of one answer.
 */
const BYTES_PER_TOKEN = 6;

/** How many tokens some bytes of text are, at least. */
export function estimateTokens(bytes: number): number {
  return Math.floor(bytes / BYTES_PER_TOKEN);
}
