/**
 * Two changes of one text, joined by lines as git joins them; undefined: they touch the same lines, or lines beside
 * each other. Each side is taken as one run of changed lines, from its first to its last: what git could still join in
 * between is a conflict here.
 */
export function mergeTexts(base: string, ours: string, theirs: string): string | undefined {
  if (ours === theirs) return ours;
  const from = linesOf(base);
  const [mine, other] = [changeOf(from, linesOf(ours)), changeOf(from, linesOf(theirs))];
  const [first, second] = mine.start <= other.start ? [mine, other] : [other, mine];
  if (first.end >= second.start) return undefined;
  return [
    ...from.slice(0, first.start),
    ...first.lines,
    ...from.slice(first.end, second.start),
    ...second.lines,
    ...from.slice(second.end),
  ].join("");
}

/** How many lines one text has that the other has not, on either side; in one run, from the first to the last. */
export function countLines(base: string, after: string): { insertions: number; deletions: number } {
  const from = linesOf(base);
  const { start, end, lines } = changeOf(from, linesOf(after));
  return { insertions: lines.length, deletions: end - start };
}

/** Lines from `start` up to `end` became `lines`. */
function changeOf(
  base: readonly string[],
  after: readonly string[],
): { readonly start: number; readonly end: number; readonly lines: readonly string[] } {
  let start = 0;
  while (start < base.length && start < after.length && base[start] === after[start]) start += 1;
  let same = 0;
  while (
    same < base.length - start &&
    same < after.length - start &&
    base[base.length - 1 - same] === after[after.length - 1 - same]
  )
    same += 1;
  return { start, end: base.length - same, lines: after.slice(start, after.length - same) };
}

function linesOf(text: string): string[] {
  return text.split(/(?<=\n)/).filter((line) => line !== "");
}
