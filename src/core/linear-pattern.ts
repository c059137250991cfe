import { type PatternProblem, parsePattern, type Step } from "./pattern-program.ts";

/** Of what has been worked out about a pattern, as much is kept. Beyond it, it is worked out again. */
const MAX_STATES = 1000;
const MAX_RARE_STEPS = 20_000;
const ASCII = 128;

/** What was seen before a place: nothing, or a character that is or is not one of a word. */
type Before = "start" | "word" | "other";

/** All places of the program that a text so far may have led to. */
interface State {
  readonly places: readonly number[];
  readonly before: Before;
  /** By code, for ASCII: the state after it. `null`: the pattern has matched. */
  readonly common: (State | null | undefined)[];
  readonly rare: Map<number, State | null>;
  /** Whether the pattern matches if the text ends here. */
  endMatches: boolean | undefined;
}

/**
 * A regular expression whose time is at most the length of the text times that of the pattern, whatever both are: all ways
 * through it are followed at once, and none is ever taken back. It says whether a line matches, and not where.
 */
export class LinearPattern {
  private readonly steps: readonly Step[];
  private states = new Map<string, State>();
  private rareSteps = 0;
  private start: State;

  private constructor(steps: readonly Step[]) {
    this.steps = steps;
    this.start = this.state(new Set([0]), "start");
  }

  /**
   * Understands the regular expressions of JavaScript with the flag `u`, and `(?i)` before all else to take upper and lower
   * case for the same; without look-around and back references, which cannot be followed in linear time.
   */
  static parse(source: string): LinearPattern | PatternProblem {
    const steps = parsePattern(source);
    return "reason" in steps ? steps : new LinearPattern(steps);
  }

  /** Whether the pattern matches anywhere in a line. */
  matches(line: string): boolean {
    let state = this.start;
    for (let at = 0; at < line.length; at += 1) {
      const code = line.codePointAt(at) ?? 0;
      if (code > 0xffff) at += 1;
      const known = code < ASCII ? state.common[code] : state.rare.get(code);
      const next = known === undefined ? this.learn(state, code) : known;
      if (next === null) return true;
      state = next;
    }
    state.endMatches ??= this.reach(state, undefined) === "matched";
    return state.endMatches;
  }

  private learn(state: State, code: number): State | null {
    if (this.states.size > MAX_STATES || this.rareSteps > MAX_RARE_STEPS) {
      this.states = new Map();
      this.rareSteps = 0;
      this.start = this.state(new Set([0]), "start");
    }
    const reached = this.reach(state, code);
    const next = reached === "matched" ? null : this.after(reached, code);
    if (code < ASCII) state.common[code] = next;
    else {
      state.rare.set(code, next);
      this.rareSteps += 1;
    }
    return next;
  }

  private after(reached: readonly number[], code: number): State {
    // A match may also begin after this character.
    const places = new Set([0]);
    for (const place of reached) {
      const step = this.steps[place];
      if (step?.kind === "one" && step.takes(code)) places.add(place + 1);
    }
    return this.state(places, isWord(code) ? "word" : "other");
  }

  private state(places: ReadonlySet<number>, before: Before): State {
    const sorted = [...places].toSorted((a, b) => a - b);
    const name = `${before} ${sorted.join(" ")}`;
    const known = this.states.get(name);
    if (known) return known;
    const state: State = { places: sorted, before, common: [], rare: new Map(), endMatches: undefined };
    this.states.set(name, state);
    return state;
  }

  /** Where one can be without taking a character, between the one before and `next`, which is undefined at the end. */
  private reach(state: State, next: number | undefined): readonly number[] | "matched" {
    const seen = new Set<number>();
    const waiting = [...state.places];
    for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
      if (seen.has(place)) continue;
      seen.add(place);
      const step = this.steps[place];
      if (step?.kind === "match") return "matched";
      if (step?.kind === "split") waiting.push(...step.to);
      else if (step?.kind === "assert" && holds(step.what, state.before, next)) waiting.push(place + 1);
    }
    return [...seen];
  }
}

function holds(
  what: Extract<Step, { kind: "assert" }>["what"],
  before: Before,
  next: number | undefined,
): boolean {
  if (what === "start") return before === "start";
  if (what === "end") return next === undefined;
  const isEdge = (before === "word") !== (next !== undefined && isWord(next));
  return what === "edge" ? isEdge : !isEdge;
}

function isWord(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x30 && code <= 0x39) ||
    code === 0x5f
  );
}
