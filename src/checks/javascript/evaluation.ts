import type { ProgramFacts } from "./program-facts.ts";
import type { FunctionNode, MemberNode } from "./place.ts";
import type { Binding, Scope } from "./scopes.ts";
import type { Node } from "./syntax.ts";
import type { Values } from "./values.ts";

/** What a function's parameters are while a call of it is followed. */
export interface Given {
  readonly values: ReadonlyMap<Binding, Values>;
  /** The scopes of the functions that are followed: what is declared outside of them does not depend on the call. */
  readonly scopes: ReadonlySet<Scope>;
  readonly depth: number;
}

/** What the parts of the evaluator ask of it: one kind of expression is made of the others. */
export interface Evaluation {
  readonly facts: ProgramFacts;
  valuesOf(node: Node, scope: Scope, given?: Given): Values;
  textsOf(node: Node, scope: Scope): readonly string[];
  keysOf(node: MemberNode, scope: Scope, given?: Given): readonly string[];
  argumentsOf(nodes: readonly Node[], scope: Scope, given?: Given): readonly Values[];
  /** What the member of that name may be of what has these values. */
  memberOf(values: Values, key: string, given: Given | undefined): Values;
  /** What a source of a name, taken apart as it says, may be. */
  sourceValues(source: Binding["sources"][number], given?: Given): Values;
  /** What a function of the file gives. */
  run(node: FunctionNode, values: readonly Values[], given: Given | undefined): Values;
}
