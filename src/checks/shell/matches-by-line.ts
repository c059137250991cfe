/** What `pattern`, which is global, matches in a text, with the numbers of line ends before its start and before its end: in one walk. */
export function* matchesByLine(
  text: string,
  pattern: RegExp,
): Generator<{ readonly match: RegExpExecArray; readonly line: number; readonly lastLine: number }> {
  let [counted, line] = [0, 0];
  const countTo = (end: number): number => {
    for (let at = text.indexOf("\n", counted); at !== -1 && at < end; at = text.indexOf("\n", at + 1)) {
      line += 1;
      counted = at + 1;
    }
    return line;
  };
  for (const match of text.matchAll(pattern)) {
    const first = countTo(match.index);
    yield { match, line: first, lastLine: countTo(match.index + match[0].length) };
  }
}
