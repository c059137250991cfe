/** A line with those that it is continued on, and the number of the last one. */
export interface ContinuedLine {
  readonly text: string;
  readonly last: number;
}

/**
 * What begins with `first`, the line `at` of `all`, as the shell reads it: lines that end in `mark` go on with the next one.
 * `takes` may turn each of those into something else; undefined: it is no part of it, and the one after it is.
 */
export function continuedLine(
  all: readonly string[],
  at: number,
  options: {
    readonly first: string;
    readonly mark?: string;
    readonly takes?: (line: string) => string | undefined;
  },
): ContinuedLine {
  const { first, mark = "\\", takes = (line) => line } = options;
  const lines: string[] = [];
  let [current, last] = [first, at];
  for (; current.trimEnd().endsWith(mark) && last + 1 < all.length;) {
    lines.push(`${current.trimEnd().slice(0, -mark.length)}\\`);
    let next: string | undefined;
    do next = takes(all[(last += 1)] ?? "");
    while (next === undefined && last + 1 < all.length);
    current = next ?? "";
  }
  lines.push(current);
  return { text: lines.join("\n"), last };
}
