import { callMethod } from "./call-method.ts";
import { callRuntime } from "./call-runtime.ts";
import type { Evaluation, Given } from "./evaluation.ts";
import { bytesOf } from "./fold-method.ts";
import type { Follow } from "./follow.ts";
import { isFunction, type CallNode, type FunctionNode } from "./place.ts";
import type { Binding, Scope } from "./scopes.ts";
import { bare, type Node } from "./syntax.ts";
import { asText, HOLE, path, text, UNKNOWN, type Value, type Values } from "./values.ts";
import { writtenMembers } from "./written-members.ts";

/** How deep functions of the file are followed into one another. */
const MAX_RUN_DEPTH = 5;

/** What calls give: of the runtime's functions, of methods of what is known, and of the file's own small functions. */
export class CallEvaluation {
  private readonly evaluation: Evaluation;
  private readonly follow: Follow;
  /** What functions give that are called with nothing known. */
  private readonly plainRuns = new Map<FunctionNode, Values>();
  private readonly busy = new Set<Node>();

  constructor(evaluation: Evaluation) {
    this.evaluation = evaluation;
    this.follow = this.makeFollow(undefined);
  }

  /** What `new` gives. */
  construct(
    node: Extract<CallNode, { type: "NewExpression" }>,
    scope: Scope,
    given: Given | undefined,
  ): Values {
    const callees = this.evaluation.valuesOf(node.callee, scope, given);
    return callees.flatMap((callee): Values => {
      if (callee.kind === "written" && !isFunction(callee.node)) return [callee];
      if (callee.kind !== "path") return UNKNOWN;
      const values = this.evaluation.argumentsOf(node.arguments, scope, given);
      if (callee.path === "String") return values[0] ?? UNKNOWN;
      if (/^(?:Uint8|Int8|Uint16)Array$|^Buffer$/.test(callee.path)) {
        const bytes = bytesOf(values[0]?.[0], undefined);
        return bytes ? [{ kind: "bytes", bytes }] : UNKNOWN;
      }
      if (callee.path === "URL") {
        const base = asText(values[1]?.[0]);
        const address = asText(values[0]?.[0]);
        return address === undefined
          ? UNKNOWN
          : [text(base && !/^[a-z]+:/i.test(address) ? base + address : address, false)];
      }
      if (callee.path === "Map") return [{ kind: "holder", key: "entries", values: values[0] ?? [] }];
      if (callee.path === "Set") return values[0] ?? UNKNOWN;
      if (callee.path === "Proxy") return values[0] ?? UNKNOWN;
      if (callee.path === "node:module") return [path("module")];
      return [path(`new ${callee.path}`)];
    });
  }

  /** What a call gives. */
  call(node: Extract<CallNode, { type: "CallExpression" }>, scope: Scope, given: Given | undefined): Values {
    const callee = bare(node.callee);
    const methods = callee.type === "MemberExpression" ? this.evaluation.keysOf(callee, scope, given) : [];
    const called = this.evaluation.valuesOf(callee, scope, given);
    const subjects =
      callee.type === "MemberExpression" ? this.evaluation.valuesOf(callee.object, scope, given) : UNKNOWN;
    // Of a call of something unknown nothing is known, whatever it is given.
    if (called.length === 0 && subjects.length === 0) return UNKNOWN;
    // What a package gives back is not known, whatever it is given.
    if (subjects.every(isOfPackage) && called.every(isOfPackage)) return UNKNOWN;
    const values = this.evaluation.argumentsOf(node.arguments, scope, given);
    const results = called.flatMap((each) => this.callValue(each, values, given));
    if (callee.type !== "MemberExpression") {
      if (results.length > 0) return results;
      // A function of the file that made something of a known text, in a way that is not followed: a decoder.
      const isOwn = called.some((each) => each.kind === "written");
      return isOwn && values.some((each) => each[0]?.kind === "text") ? [text(HOLE)] : UNKNOWN;
    }
    for (const method of methods) {
      for (const subject of subjects) {
        const found = callMethod(subject, method, values, this.following(given));
        if (found.length > 0) return [...results, ...found];
      }
    }
    return results;
  }

  /** What calling a value with these arguments gives. */
  private callValue(callee: Value, values: readonly Values[], given: Given | undefined): Values {
    if (callee.kind === "written" && isFunction(callee.node)) return this.run(callee.node, values, given);
    if (callee.kind === "holder" && callee.key === "()") {
      const [target] = callee.values;
      return target?.kind === "written" && isFunction(target.node)
        ? this.run(target.node, values.slice(1), given)
        : UNKNOWN;
    }
    // What packages do is not known, and most calls are of theirs.
    return callee.kind === "path" && !isOfPackage(callee)
      ? callRuntime(callee.path, values, this.following(given))
      : UNKNOWN;
  }

  private following(given: Given | undefined): Follow {
    return given ? this.makeFollow(given) : this.follow;
  }

  private makeFollow(given: Given | undefined): Follow {
    const membersIn = (values: Values): readonly (readonly [string, Values])[] => {
      const [object] = values;
      if (object?.kind !== "written" || isFunction(object.node)) return [];
      const { byName } = writtenMembers(object.node);
      return [...byName].map(
        ([name, { value }]) => [name, this.evaluation.valuesOf(value, object.scope, given)] as const,
      );
    };
    return {
      call: (callee, values) => this.callValue(callee, values, given),
      memberOf: (values, key) => this.evaluation.memberOf(values, key, given),
      keysOf: (values) => membersIn(values).map(([name]) => [text(name)]),
      valuesIn: (values) => membersIn(values).map(([, value]) => value),
    };
  }

  /** Follows a function of the file that only computes: the values of its `return`. */
  run(node: FunctionNode, values: readonly Values[], given: Given | undefined): Values {
    const scope = this.evaluation.facts.scopes.get(node);
    const returns = this.evaluation.facts.returns.get(node) ?? [];
    const depth = (given?.depth ?? 0) + 1;
    if (!scope || this.busy.has(node) || returns.length === 0 || depth > MAX_RUN_DEPTH) return UNKNOWN;
    const inside = new Map<Binding, Values>(given?.values);
    for (const [index, parameter] of node.params.entries()) {
      if (parameter.type === "Identifier") {
        const binding = scope.find(parameter.name);
        const value = values[index];
        if (binding && value && value.length > 0) inside.set(binding, value);
      } else if (parameter.type === "RestElement" && parameter.argument.type === "Identifier") {
        const binding = scope.find(parameter.argument.name);
        if (binding) inside.set(binding, [{ kind: "list", items: values.slice(index) }]);
      }
    }
    const plain = inside.size === 0 ? this.plainRuns.get(node) : undefined;
    if (plain) return plain;
    this.busy.add(node);
    const followed = { values: inside, scopes: new Set(given?.scopes).add(scope), depth };
    const results = returns.slice(0, 8).flatMap((each) => this.evaluation.valuesOf(each, scope, followed));
    this.busy.delete(node);
    if (inside.size === 0 && depth === 1) this.plainRuns.set(node, results);
    return results;
  }
}

function isOfPackage(value: Value): boolean {
  if (value.kind !== "path" || !value.path.startsWith("npm:")) return false;
  const { path: of } = value;
  return !of.endsWith(".call") && !of.endsWith(".apply") && !of.endsWith(".bind");
}
