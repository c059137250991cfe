/**
 * Whether some path could be matched by a glob of both lists. Decided from the globs alone, so that it is known before
 * anybody works, and with care: where a glob is too odd to be followed, it is taken to match more than it does. So two
 * lists that are said to be apart have no path in common; two that are said to overlap may have none.
 *
 * The globs are those of a task's `files`, in the form of a .gitignore: without a slash in the middle at any depth, and
 * a folder with all that is in it. What a list takes back (`!`) is left in.
 */
export function globsOverlap(ones: readonly Footprint[], others: readonly Footprint[]): boolean {
  return ones.some((one) => others.some((other) => pathsMeet(one, other)));
}

/** Any folders, none included. */
const ANY_FOLDERS = Symbol("**");
/** Any characters of one name. */
const ANY_CHARACTERS = Symbol("*");
/** One character of a name. */
const ANY_CHARACTER = Symbol("?");

type NameGlob = readonly (string | typeof ANY_CHARACTERS | typeof ANY_CHARACTER)[];

/** A glob, as the names of folders and at last of what it matches; everything inside of that is matched as well. */
export type Footprint = readonly (NameGlob | typeof ANY_FOLDERS)[];

/** A list's globs, taken apart once. A glob that matches nothing by its form is left out. */
export function footprintsOf(globs: readonly string[]): Footprint[] {
  return globs.flatMap((glob) => {
    const written = glob.replace(/ +$/, "").replace(/^!/, "");
    if (written === "" || written.startsWith("#")) return [];
    const folders = written.replace(/\/+$/, "");
    const isAnchored = folders.includes("/");
    const names = folders.split("/").filter((name, index) => index > 0 || name !== "");
    const footprint: (NameGlob | typeof ANY_FOLDERS)[] = isAnchored ? [] : [ANY_FOLDERS];
    for (const name of names) {
      const parsed = nameGlob(name);
      footprint.push(parsed ?? ANY_FOLDERS);
      // A bracket could go on behind the slash: what it matches is left open, down from here.
      if (parsed === undefined && !name.includes("**")) break;
    }
    return [footprint];
  });
}

/** undefined: it may match more than one name, or what it matches is not followed. */
function nameGlob(name: string): NameGlob | undefined {
  if (name.includes("**")) return undefined;
  const pieces: (string | typeof ANY_CHARACTERS | typeof ANY_CHARACTER)[] = [];
  const characters = Array.from(name);
  for (let at = 0; at < characters.length; at += 1) {
    const character = characters[at] ?? "";
    if (character === "*") pieces.push(ANY_CHARACTERS);
    else if (character === "?") pieces.push(ANY_CHARACTER);
    else if (character === "[") {
      const end = endOfBracket(characters, at);
      if (end === undefined) return undefined;
      pieces.push(ANY_CHARACTER);
      at = end;
    } else if (character === "\\") {
      at += 1;
      const escaped = characters[at];
      if (escaped === undefined) return undefined;
      pieces.push(escaped);
    } else pieces.push(character);
  }
  return pieces;
}

/** The place of the bracket that closes one; undefined: it does not end in this name, or it is an odd one. */
function endOfBracket(characters: readonly string[], start: number): number | undefined {
  const isInverted = characters[start + 1] === "!" || characters[start + 1] === "^";
  const first = start + (isInverted ? 2 : 1);
  for (let at = first; at < characters.length; at += 1) {
    const character = characters[at];
    if (character === "[" || character === "\\") return undefined;
    if (character === "]" && at > first) return at;
  }
  return undefined;
}

/** Whether a path could be matched by both, or lie inside of what one matches. */
function pathsMeet(one: Footprint, other: Footprint): boolean {
  return meet(one, other, {
    isAny: (piece) => piece === ANY_FOLDERS,
    agree: (a, b) => typeof a === "symbol" || typeof b === "symbol" || namesMeet(a, b),
    // The one that ends first is a folder of the other's.
    isPrefixEnough: true,
  });
}

function namesMeet(one: NameGlob, other: NameGlob): boolean {
  return meet(one, other, {
    isAny: (piece) => piece === ANY_CHARACTERS,
    agree: (a, b) => typeof a === "symbol" || typeof b === "symbol" || a === b,
    isPrefixEnough: false,
  });
}

/** Whether two rows of pieces have a text in common, where some pieces stand for any number of others. Takes their lengths multiplied. */
function meet<T>(
  one: readonly T[],
  other: readonly T[],
  rules: {
    readonly isAny: (piece: T) => boolean;
    readonly agree: (a: T, b: T) => boolean;
    readonly isPrefixEnough: boolean;
  },
): boolean {
  const { isAny, agree, isPrefixEnough } = rules;
  // reached[j]: the first i pieces of one and the first j of the other can stand for the same text.
  const nothing = Array.from({ length: other.length + 1 }, () => false);
  let reached = nothing.with(0, true);
  for (let i = 0; i <= one.length; i += 1) {
    const left = one[i];
    const next = [...nothing];
    for (let j = 0; j <= other.length; j += 1) {
      if (!reached[j]) continue;
      const right = other[j];
      if (isPrefixEnough && (left === undefined || right === undefined)) return true;
      // A piece for any number stands for nothing, or takes what the other side has next.
      if (right !== undefined && isAny(right)) reached[j + 1] = true;
      if (left === undefined) continue;
      if (isAny(left)) {
        next[j] = true;
        if (right !== undefined) reached[j + 1] = true;
      } else if (right !== undefined && isAny(right)) next[j] = true;
      else if (right !== undefined && agree(left, right)) next[j + 1] = true;
    }
    if (i === one.length) return reached[other.length] ?? false;
    reached = next;
  }
  return false;
}
