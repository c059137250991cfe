/** A name that is not the one that a person reads. */
export interface LookalikeWord {
  readonly at: number;
  readonly word: string;
  /** What it is read as. */
  readonly reads: string;
  /** Letters of two scripts in one word; or all of another script, each of which looks like a Latin one. */
  readonly kind: "mixed" | "whole" | "form";
}

/** Letters of other scripts that cannot be told from Latin ones in most fonts; a part of Unicode's own table. */
const LOOKALIKES = new Map(
  Object.entries({
    // Cyrillic
    а: "a",
    в: "b",
    е: "e",
    к: "k",
    о: "o",
    р: "p",
    с: "c",
    у: "y",
    х: "x",
    ѕ: "s",
    і: "i",
    ї: "i",
    ј: "j",
    ԁ: "d",
    һ: "h",
    ӏ: "l",
    ԛ: "q",
    ԝ: "w",
    ѵ: "v",
    ɡ: "g",
    ո: "n",
    ѡ: "w",
    ь: "b",
    А: "A",
    В: "B",
    Е: "E",
    К: "K",
    М: "M",
    Н: "H",
    О: "O",
    Р: "P",
    С: "C",
    Т: "T",
    У: "Y",
    Х: "X",
    Ѕ: "S",
    І: "I",
    Ј: "J",
    Ԛ: "Q",
    Ԝ: "W",
    Ӏ: "I",
    Ѵ: "V",
    Ү: "Y",
    т: "t",
    м: "m",
    н: "h",
    г: "r",
    п: "n",
    // Greek
    ο: "o",
    Α: "A",
    Β: "B",
    Ε: "E",
    Ζ: "Z",
    Η: "H",
    Ι: "I",
    Κ: "K",
    Μ: "M",
    Ν: "N",
    Ο: "O",
    Ρ: "P",
    Τ: "T",
    Υ: "Y",
    Χ: "X",
    ϲ: "c",
    ϳ: "j",
    ϱ: "p",
    α: "a",
    ρ: "p",
    ν: "v",
    ι: "i",
    κ: "k",
    υ: "u",
    τ: "t",
    η: "n",
    ε: "e",
    // Armenian, Cherokee, Lisu and others
    օ: "o",
    ս: "u",
    հ: "h",
    ց: "g",
    ա: "w",
    զ: "q",
    յ: "j",
    Տ: "S",
    Օ: "O",
    Լ: "L",
    Ꭺ: "A",
    Ᏼ: "B",
    Ꮯ: "C",
    Ꭰ: "D",
    Ꭼ: "E",
    Ꮐ: "G",
    Ꮋ: "H",
    Ꭻ: "J",
    Ꮶ: "K",
    Ꮮ: "L",
    Ꮇ: "M",
    Ꮲ: "P",
    Ꮪ: "S",
    Ꭲ: "T",
    Ꮩ: "V",
    Ꮃ: "W",
    Ꮓ: "Z",
    ꓐ: "B",
    ꓑ: "P",
    ꓓ: "D",
    ꓔ: "T",
    ꓖ: "G",
    ꓗ: "K",
    ꓙ: "J",
    ꓚ: "C",
    ꓜ: "Z",
    ꓝ: "F",
    ꓟ: "M",
    ꓠ: "N",
    ꓡ: "L",
    ꓢ: "S",
    ꓣ: "R",
    ꓦ: "V",
    ꓧ: "H",
    ꓪ: "W",
    ꓫ: "X",
    ꓬ: "Y",
    ꓮ: "A",
    ꓰ: "E",
    ꓲ: "I",
    ꓳ: "O",
    ꓴ: "U",
    ⲟ: "o",
    ⲣ: "p",
    ⲥ: "c",
    Ⲟ: "O",
    ᴏ: "o",
    ᴄ: "c",
    ᴠ: "v",
    ᴡ: "w",
    ᴢ: "z",
    ꜱ: "s",
    // Letters that are read as signs, or as nothing
    ǃ: "!",
    ǀ: "|",
    ꞌ: "'",
    ʹ: "'",
    ʼ: "'",
    ː: ":",
    ꓸ: ".",
    ꓹ: ",",
    ꓽ: ":",
    ı: "i",
    ȷ: "j",
    ɩ: "i",
    ſ: "f",
  }),
);

/** Of the table, what a formula uses by itself: beside a Latin letter it says what it is. */
const MATHEMATICAL = /^[αρνικυτηεΑ-Ω]$/u;

/** A character of a word, of those that are no ASCII. */
const WORD_CHARACTER = /^[\p{L}\p{N}\p{M}]$/u;
const MAX_WORD = 200;

/** Words of a text that are read as other ones. Words of ASCII, nearly all in most texts, are not looked at. */
export function lookalikeWords(text: string): LookalikeWord[] {
  const found: LookalikeWord[] = [];
  for (const pattern = /[^\0-\x7f]/g; pattern.test(text);) {
    const { start, end } = wordAround(text, pattern.lastIndex - 1);
    pattern.lastIndex = Math.max(pattern.lastIndex, end);
    if (start === end || end - start > MAX_WORD) continue;
    const word = text.slice(start, end);
    const judged = judge(word);
    if (judged) found.push({ at: start, word, ...judged });
  }
  return found;
}

/** The word that has the first character of a text at `at` that is no ASCII, since its word before. Empty: it is in none. */
function wordAround(text: string, at: number): { readonly start: number; readonly end: number } {
  let end = at;
  for (;;) {
    const character = text.codePointAt(end);
    if (character === undefined || !isOfWord(character)) break;
    end += character > 0xffff ? 2 : 1;
  }
  if (end === at) return { start: at, end };
  let start = at;
  while (start > 0 && text.charCodeAt(start - 1) < 128 && isOfWord(text.charCodeAt(start - 1))) start -= 1;
  return { start, end };
}

function isOfWord(code: number): boolean {
  if (code >= 128) return WORD_CHARACTER.test(String.fromCodePoint(code));
  const isLetter = (code | 32) >= 97 && (code | 32) <= 122;
  return isLetter || (code >= 48 && code <= 57) || code === 95 || code === 36;
}

function judge(word: string): Pick<LookalikeWord, "reads" | "kind"> | undefined {
  let [latin, likes, mathematical, others, reads] = [0, 0, 0, 0, ""];
  for (const character of word) {
    const like = LOOKALIKES.get(character);
    if (/[A-Za-z]/.test(character)) latin += 1;
    else if (like !== undefined) {
      if (MATHEMATICAL.test(character)) mathematical += 1;
      else likes += 1;
    } else if (/\p{L}/u.test(character)) others += 1;
    reads += like ?? character;
  }
  if (others === 0 && !/\P{ASCII}/u.test(reads)) {
    if (latin > 0 && (likes > 0 || mathematical > 1)) return { reads, kind: "mixed" };
    // One Greek letter in a word of Latin ones: part of a formula if it stands at an end, a disguise in the middle.
    if (latin > 2 && mathematical > 0 && !/^[α-ωΑ-Ω]|[α-ωΑ-Ω]$|[α-ωΑ-Ω]_|_[α-ωΑ-Ω]/u.test(word))
      return { reads, kind: "mixed" };
    if (latin === 0 && likes > 1 && mathematical === 0) return { reads, kind: "whole" };
  }
  // Full-width, mathematical and other forms of the same letters, which some languages take for them.
  const plain = word.normalize("NFKC");
  if (
    /^[A-Za-z0-9_$]+$/.test(plain) &&
    plain !== word &&
    /[A-Za-z]{2}/.test(plain) &&
    !/[ªº²³¹⁰-₉ⁿℓℏℵ]/u.test(word)
  )
    return { reads: plain, kind: "form" };
  return undefined;
}
