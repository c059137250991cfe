import { KnownWords } from "../../core/known-words.ts";
import { POWERFUL_MODULES } from "./capabilities.ts";
import { DANGEROUS_WORDS, isCalled } from "./dangerous-words.ts";
import { topOf } from "./imports.ts";
import { FIRST_WORDS, isFirstWord, leadsOn } from "./leading-names.ts";

const WORDS = new KnownWords([...FIRST_WORDS, ...DANGEROUS_WORDS]);
const IMPORT = /(?:\bfrom\s{1,20}([\w.]{1,200})\s{1,20})?\bimport\b([^\n;(]{0,2000})(?:\(([^)]{0,5000})\))?/g;
const NAME = /([\w.]+)(?:\s+as\s+(\w+))?/g;
/** More than these of one file are not guessed. */
const MAX_GUESSED = 300;

/** What a text says of its names, before there is a tree. */
export interface LikelyWords {
  /** Names that lead to a capability in any file, and that this one has. */
  readonly first: readonly string[];
  /** Last names of operations that may be dangerous. */
  readonly dangerous: readonly string[];
  /** What the imports seem to bind that leads on. A guess: whoever relies on it asks the tree for the rest. */
  readonly imported: readonly string[];
}

/** Looks at each character of a text once, or nearly so. */
export function likelyWords(text: string): LikelyWords {
  const present = [...WORDS.in(text)];
  const imported = new Set<string>();
  for (const [, from, plain = "", inBrackets = ""] of text.matchAll(IMPORT)) {
    if (imported.size > MAX_GUESSED) break;
    for (const [, name = "", as] of `${plain},${inBrackets}`.matchAll(NAME)) {
      const word = as ?? (from === undefined ? topOf(name) : name);
      const path = from === undefined ? (as === undefined ? topOf(name) : name) : `${from}.${name}`;
      const isPowerful = POWERFUL_MODULES.has(name.replace(/^_+/, ""));
      if (/^[A-Za-z_]\w*$/.test(word) && (isPowerful || leadsOn({ kind: "object", path })))
        imported.add(word);
    }
  }
  return {
    first: present.filter((word) => isFirstWord(word, text)),
    dangerous: present.filter((word) => DANGEROUS_WORDS.has(word) && isCalled(word, text)),
    imported: [...imported],
  };
}
