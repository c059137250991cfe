/**
 * The glob patterns of git's ignore files, matched without backtracking: the time is at most the pattern's length
 * times the path's. A pattern comes from a repository, and may have been written to take for ever.
 */
export type GlobPattern = readonly Piece[];

type Piece =
  /** One character; never a slash but where the pattern has one. */
  | { readonly kind: "one"; readonly matches: (character: string) => boolean }
  /** `*`: any characters of one name. */
  | { readonly kind: "name" }
  /** Two stars and a slash: any number of folders. */
  | {
      readonly kind: "folders";
      /** It stands inside a name: the first of the folders may then have no name of its own. */
      readonly isInName: boolean;
    }
  /** Two stars at the end: everything inside. */
  | { readonly kind: "rest" };

/** undefined: git takes the pattern to match nothing. */
export function parseGlob(pattern: string, anchored: boolean): GlobPattern | undefined {
  const pieces: Piece[] = [];
  const literal = (wanted: string): Piece => ({ kind: "one", matches: (character) => character === wanted });
  let at = 0;
  while (at < pattern.length) {
    const character = pattern[at] ?? "";
    if (character === "*") {
      const stars = /^\*+/.exec(pattern.slice(at))?.[0].length ?? 1;
      const startsName = at === 0 || pattern[at - 1] === "/";
      const after = pattern[at + stars];
      // Git compares what is before the first special sign by itself, and takes the rest for a pattern of its own.
      const startsRest = after === "/" && !/[*?[\\]/.test(pattern.slice(0, at));
      const isDouble = stars >= 2 && anchored && (startsName || startsRest);
      if (isDouble && after === "/") pieces.push({ kind: "folders", isInName: !startsName });
      else pieces.push({ kind: isDouble && after === undefined ? "rest" : "name" });
      at += isDouble && after === "/" ? stars + 1 : stars;
    } else if (character === "?") {
      pieces.push({ kind: "one", matches: (each) => each !== "/" });
      at += 1;
    } else if (character === "[") {
      const bracket = parseBracket(pattern, at);
      if (!bracket) return undefined;
      pieces.push({ kind: "one", matches: (each) => each !== "/" && bracket.one.test(each) });
      at = bracket.end;
    } else if (character === "\\") {
      const escaped = pattern[at + 1];
      if (escaped === undefined) return undefined;
      pieces.push(literal(escaped));
      at += 2;
    } else {
      pieces.push(literal(character));
      at += 1;
    }
  }
  return pieces;
}

/** Follows every way through the pattern at once, as the set of places that have been reached. */
export function matchesGlob(pattern: GlobPattern, path: string): boolean {
  // Places are pieces; one in the middle of a folder's name is kept apart, since it has to reach the slash first.
  let reached = new Set<number>();
  let inFolder = new Set<number>();
  let inRest = false;
  const arrive = (place: number, places: Set<number>): void => {
    for (let next = place; !places.has(next); next += 1) {
      places.add(next);
      const kind = pattern[next]?.kind;
      if (kind !== "name" && kind !== "folders") return; // these two may also match nothing
    }
  };
  arrive(0, reached);
  for (const character of path) {
    const [nextReached, nextInFolder] = [new Set<number>(), new Set<number>()];
    for (const place of inFolder) {
      if (character === "/") arrive(place, nextReached);
      else nextInFolder.add(place);
    }
    for (const place of reached) {
      const piece = pattern[place];
      if (!piece) continue;
      if (piece.kind === "one" && piece.matches(character)) arrive(place + 1, nextReached);
      else if (piece.kind === "name" && character !== "/") arrive(place, nextReached);
      else if (piece.kind === "folders" && character !== "/") nextInFolder.add(place);
      else if (piece.kind === "folders" && piece.isInName) arrive(place, nextReached);
      else if (piece.kind === "rest") inRest = true;
    }
    if (inRest) return true;
    [reached, inFolder] = [nextReached, nextInFolder];
  }
  return reached.has(pattern.length);
}

const CLASSES: Readonly<Record<string, string>> = {
  alnum: "A-Za-z0-9",
  alpha: "A-Za-z",
  blank: " \\t",
  cntrl: "\\x00-\\x1f\\x7f",
  digit: "0-9",
  graph: "\\x21-\\x7e",
  lower: "a-z",
  print: "\\x20-\\x7e",
  punct: "!-\\/:-@\\[-`{-~",
  space: "\\t-\\r ",
  upper: "A-Z",
  xdigit: "A-Fa-f0-9",
};

/** A bracket expression that begins at `start`. It never matches a slash. */
function parseBracket(pattern: string, start: number): { one: RegExp; end: number } | undefined {
  let at = start + 1;
  const inverted = pattern[at] === "!" || pattern[at] === "^";
  if (inverted) at += 1;
  let members = "";
  let previous: string | undefined;
  for (let first = true; ; first = false) {
    let character = pattern[at];
    if (character === undefined) return undefined;
    if (character === "]" && !first) break;
    const posix = /^\[:([a-z]*):\]/.exec(pattern.slice(at));
    if (posix) {
      const members_ = CLASSES[posix[1] ?? ""];
      if (members_ === undefined) return undefined;
      members += members_;
      at += posix[0].length;
      previous = undefined;
      continue;
    }
    if (
      character === "-" &&
      previous !== undefined &&
      pattern[at + 1] !== "]" &&
      pattern[at + 1] !== undefined
    ) {
      at += 1;
      if (pattern[at] === "\\") at += 1;
      const upper = pattern[at];
      if (upper === undefined) return undefined;
      if (upper >= previous) members += `${member(previous)}-${member(upper)}`;
      at += 1;
      previous = undefined;
      continue;
    }
    if (character === "\\") {
      at += 1;
      character = pattern[at];
      if (character === undefined) return undefined;
    }
    members += member(character);
    previous = character;
    at += 1;
  }
  if (members === "") return { one: inverted ? /^[^]$/ : /^(?!)/, end: at + 1 };
  return { one: new RegExp(`^[${inverted ? "^" : ""}${members}]$`, "s"), end: at + 1 };
}

function member(character: string): string {
  return `\\x${(character.codePointAt(0) ?? 0).toString(16).padStart(2, "0")}`;
}
