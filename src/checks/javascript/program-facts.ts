import type { SourceFile } from "../source-file.ts";
import { linkCalls } from "./link-calls.ts";
import type { CallNode, IdentifierNode, MemberNode, Place } from "./place.ts";
import { ProgramWalk } from "./program-walk.ts";
import type { Scope } from "./scopes.ts";
import { syntaxOf, type Node, type Syntax } from "./syntax.ts";

/** What one walk over a file's syntax tree collects for all rules. */
export interface ProgramFacts {
  readonly syntax: Syntax;
  readonly root: Scope;
  /** Names read as values that the file declares nowhere; and `eval`, declared or not. */
  readonly names: Place<IdentifierNode>[];
  readonly members: Place<MemberNode>[];
  readonly calls: Place<CallNode>[];
  /** Texts and templates. */
  readonly texts: Place[];
  /** Sums with a text in them, and templates. */
  readonly joins: Place[];
  /** Regular expressions. */
  readonly patterns: Node[];
  /** Names that are written with escapes. */
  readonly escapedNames: Node[];
  /** Every other node that some rule looks at. */
  readonly others: Place[];
  /** The scope of each function's parameters. */
  readonly scopes: ReadonlyMap<Node, Scope>;
  /** What each function's `return` statements give. */
  readonly returns: ReadonlyMap<Node, readonly Node[]>;
  /** The scope in which a function, class or object was written. */
  readonly homes: ReadonlyMap<Node, Scope>;
}

export function factsOf(file: SourceFile): ProgramFacts | undefined {
  const syntax = syntaxOf(file);
  return syntax && file.tree("javascript.facts", () => collect(syntax));
}

function collect(syntax: Syntax): ProgramFacts {
  const { facts } = new ProgramWalk(syntax);
  linkCalls(facts);
  return facts;
}
