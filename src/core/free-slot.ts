/**
 * The place for one more attempt beside those that run, as the lowest number that none of them has: a number gives an
 * attempt its user id, and no two at the same time may share one. undefined: `places` are all taken.
 */
export function freeSlot(taken: Iterable<number>, places: number): number | undefined {
  const used = new Set(taken);
  for (let slot = 0; slot < places; slot += 1) if (!used.has(slot)) return slot;
  return undefined;
}
