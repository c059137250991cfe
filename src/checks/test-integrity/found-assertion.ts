import { normalText } from "../../core/normal-text.ts";
import type { Assertion } from "../../core/test-case.ts";
import type { Node } from "./syntax-node.ts";

/** An assertion, with what is needed to say whether it can fail. */
export interface FoundAssertion extends Assertion {
  /** All of it, its chain among it. */
  readonly node: Node;
  readonly subjectNode: Node | undefined;
  readonly expectedNode: Node | undefined;
  /** Why nothing can fail it, whatever the product does. */
  readonly emptiness: string | undefined;
  readonly isPromise: boolean;
}

export interface AssertionContext {
  readonly text: string;
  readonly names: ReadonlyMap<string, Node>;
  readonly lineAt: (offset: number) => number;
  /** Functions of the file that assert, and names of test contexts, `t`. */
  readonly helpers: ReadonlySet<string>;
  readonly contexts: ReadonlySet<string>;
}

/** What was read of an assertion. */
export interface AssertionParts {
  readonly node: Node;
  readonly subjectNode: Node | undefined;
  readonly matcherWord: string;
  readonly isNegated: boolean;
  readonly args: readonly Node[];
  /** A matcher was called: without one nothing is asserted. */
  readonly isDone: boolean;
  readonly isPromise: boolean;
  readonly context: AssertionContext;
}

/** A node's text, as it is compared. */
export function textOf(node: Node | undefined, { text }: AssertionContext): string {
  return node ? normalText(text.slice(node.start, node.end)) : "";
}
