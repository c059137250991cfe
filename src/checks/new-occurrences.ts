import type { Occurrence } from "./finder.ts";

/** An occurrence, and the file that it is in. */
export interface PlacedOccurrence extends Occurrence {
  readonly path: string;
  /** The line as it stands there. */
  readonly text: string;
}

/**
 * What the head has more of than the base, over the whole change: as many of a rule's occurrences with the same key are taken off as the
 * base has of them, so that moved and renamed code costs nothing. Those that stand in the base as they stand in the head go first, so
 * that what is left is what was written.
 */
export function newOccurrences(
  base: readonly PlacedOccurrence[],
  head: readonly PlacedOccurrence[],
): PlacedOccurrence[] {
  const counts = new Map<string, number>();
  const places = new Map<string, number>();
  for (const occurrence of base) {
    add(counts, countKey(occurrence), 1);
    add(places, placeKey(occurrence), 1);
  }
  const moved: PlacedOccurrence[] = [];
  for (const occurrence of head) {
    const stands = (places.get(placeKey(occurrence)) ?? 0) > 0 && (counts.get(countKey(occurrence)) ?? 0) > 0;
    if (!stands) {
      moved.push(occurrence);
      continue;
    }
    add(places, placeKey(occurrence), -1);
    add(counts, countKey(occurrence), -1);
  }
  return moved.filter((occurrence) => {
    const left = counts.get(countKey(occurrence)) ?? 0;
    if (left > 0) add(counts, countKey(occurrence), -1);
    return left <= 0;
  });
}

function add(counts: Map<string, number>, key: string, by: number): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}

function countKey({ rule, key }: PlacedOccurrence): string {
  return `${rule}\0${key}`;
}

function placeKey({ rule, key, path, text }: PlacedOccurrence): string {
  return `${rule}\0${key}\0${path}\0${text}`;
}
