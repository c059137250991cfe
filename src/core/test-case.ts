/** A test as its file has it, whatever its language. Texts are normalised: no comments, no white space. */
export interface TestCase {
  readonly path: string;
  /** The names of its suites and its own, joined. */
  readonly id: string;
  readonly title: string;
  /** From 1. */
  readonly line: number;
  readonly state: TestState;
  readonly body: string;
  /** Names that the body calls, in order of first use. */
  readonly calls: readonly string[];
  readonly assertions: readonly Assertion[];
  /** Runs once for each row of a table. */
  readonly isTable: boolean;
  /** How many rows its table has, where that can be counted. */
  readonly rows?: number;
  /** What the test is handed to before it is run: decorators, functions around its own. */
  readonly wrappers?: readonly string[];
  /** Numbers and strings in the test, its table among them. */
  readonly literals: readonly string[];
}

/**
 * `conditional`: only where an expression is true that is not about the platform; `on-platform`: one that is; `inverted`: it
 * passes when it fails; `unreachable`: the runner never comes to it.
 */
export type TestState =
  "runs" | "skipped" | "todo" | "inverted" | "conditional" | "on-platform" | "unreachable";

export interface Assertion {
  /** What is looked at, `add(1,2)`; empty where a helper or a statement asserts. */
  readonly subject: string;
  /** The last name that the subject calls or reads, `add`. */
  readonly callee: string;
  readonly matcher: string;
  readonly strength: Strength;
  /** What it is compared with, `3`. */
  readonly expected: string;
  readonly line: number;
}

/** From one that nothing fails to one that a single value passes. */
export const STRENGTHS = ["none", "any-value", "some-values", "one-value"] as const;
export type Strength = (typeof STRENGTHS)[number];

/** Whether `a` lets more pass than `b`. */
export function isWeaker(a: Strength, b: Strength): boolean {
  return STRENGTHS.indexOf(a) < STRENGTHS.indexOf(b);
}
