const MAX_WORDS = 64;

/** The words that braces make of one: `{rm,-rf,/}` is three. Only lists, and no more than 64 words. */
export function expandBraces(text: string): string[] {
  let words = [text];
  for (let rounds = 0; rounds < MAX_WORDS; rounds += 1) {
    const at = words.findIndex((word) => LIST.test(word));
    if (at === -1 || words.length > MAX_WORDS) break;
    const word = words[at] ?? "";
    const [whole = "", list = ""] = LIST.exec(word) ?? [];
    const [before, after] = [
      word.slice(0, word.indexOf(whole)),
      word.slice(word.indexOf(whole) + whole.length),
    ];
    const made = list.split(",").map((part) => `${before}${part}${after}`);
    words = [...words.slice(0, at), ...made, ...words.slice(at + 1)];
  }
  return words.filter((word) => word !== "");
}

const LIST = /(?<!\$)\{([^{}]*,[^{}]*)\}/;
