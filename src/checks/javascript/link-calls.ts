import { declarePattern } from "./declare-pattern.ts";
import { isFunction, keyOf, type FunctionNode } from "./place.ts";
import type { ProgramFacts } from "./program-facts.ts";
import { EACH, type Binding, type Scope } from "./scopes.ts";
import { bare, type Node } from "./syntax.ts";

/** What is given to a function of the file when it is called is what its parameters may be: that is noted in its scope. */
export function linkCalls(facts: ProgramFacts): void {
  new CallLinks(facts).run();
}

class CallLinks {
  private readonly facts: ProgramFacts;
  /** The function that a name stands for, and how many of its sources were asked: they grow while calls are linked. */
  private readonly sought = new Map<Binding, { at: number; target: FunctionNode | undefined }>();

  constructor(facts: ProgramFacts) {
    this.facts = facts;
  }

  run(): void {
    for (const { node, scope } of this.facts.calls) {
      const callee = bare(node.callee);
      const target = this.calledFunction(callee, scope);
      if (target) this.giveArguments(target, node.arguments, scope);
      const listMethod = callee.type === "MemberExpression" && EACH_METHODS.has(keyOf(callee) ?? "");
      const callback = node.arguments[0] && bare(node.arguments[0]);
      if (listMethod && callback && isFunction(callback)) {
        const parameter = callback.params[0];
        const inner = this.facts.scopes.get(callback);
        // `then` hands on the value itself, and the others each element.
        const way = keyOf(callee) === "then" ? [] : [EACH];
        if (parameter && inner)
          declarePattern(parameter, inner, { node: callee.object, scope, way }, "parameter");
      }
    }
  }

  private calledFunction(callee: Node, scope: Scope): FunctionNode | undefined {
    if (isFunction(callee)) return callee;
    const binding = callee.type === "Identifier" ? scope.find(callee.name) : undefined;
    if (!binding) return undefined;
    let sought = this.sought.get(binding);
    if (!sought) this.sought.set(binding, (sought = { at: 0, target: undefined }));
    while (!sought.target && sought.at < binding.sources.length) {
      const source = binding.sources[sought.at++];
      const node = source && source.way.length === 0 ? bare(source.node) : undefined;
      if (node && isFunction(node)) sought.target = node;
    }
    return sought.target;
  }

  private giveArguments(target: FunctionNode, values: readonly Node[], scope: Scope): void {
    const inner = this.facts.scopes.get(target);
    if (!inner) return;
    for (const [index, parameter] of target.params.entries()) {
      const value = values[index];
      if (!value || value.type === "SpreadElement") return;
      // A function that is called from many places gets too many values to be told apart.
      if (parameter.type === "Identifier" && (inner.find(parameter.name)?.sources.length ?? 0) >= 8) continue;
      declarePattern(parameter, inner, { node: value, scope, way: [] }, "parameter");
    }
  }
}

const EACH_METHODS: ReadonlySet<string> = new Set([
  "forEach",
  "map",
  "flatMap",
  "filter",
  "find",
  "some",
  "every",
  "then",
]);
