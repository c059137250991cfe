import type { Evaluation, Given } from "./evaluation.ts";
import { isFunction, keyOf, type MemberNode } from "./place.ts";
import { globalPath, memberPath } from "./runtime-paths.ts";
import type { Scope } from "./scopes.ts";
import { bare, type Node } from "./syntax.ts";
import { builtinMember, plainMember } from "./value-parts.ts";
import { path, UNKNOWN, type Values } from "./values.ts";
import { writtenMembers } from "./written-members.ts";

/** Members that mean the same thing on whatever object they are found. */
const UNKNOWN_MEMBERS: ReadonlyMap<string, Values> = new Map(
  Object.entries({
    contentWindow: [path("global")],
    defaultView: [path("global")],
    mainModule: [path("module")],
  }),
);

/** What members may be: of the runtime's things, and of objects, classes and functions that the file writes. */
export class MemberEvaluation {
  private readonly evaluation: Evaluation;
  private readonly pathMembers = new Map<string, Map<string, Values>>();

  constructor(evaluation: Evaluation) {
    this.evaluation = evaluation;
  }

  /** Whether a member is one of something of which nothing is known: most are, and it is not worth remembering. */
  leadsNowhere(node: MemberNode, scope: Scope, given: Given | undefined): boolean {
    let object = bare(node.object);
    while (object.type === "MemberExpression" && !object.computed) {
      if (node.property.type === "Identifier" && UNKNOWN_MEMBERS.has(node.property.name)) return false;
      node = object;
      object = bare(object.object);
    }
    if (object.type !== "Identifier" || node.computed) return false;
    if (node.property.type === "Identifier" && UNKNOWN_MEMBERS.has(node.property.name)) return false;
    const binding = scope.find(object.name);
    if (!binding) return globalPath(object.name) === undefined;
    return !binding.properties && this.evaluation.valuesOf(object, scope, given).length === 0;
  }

  /** The values that a member may have. */
  member(node: MemberNode, scope: Scope, given: Given | undefined): Values {
    const object = bare(node.object);
    const binding = object.type === "Identifier" ? scope.find(object.name) : undefined;
    const values = this.evaluation.valuesOf(object, scope, given);
    const written = keyOf(node);
    if (values.length === 0 && !binding?.properties)
      return (written === undefined ? undefined : UNKNOWN_MEMBERS.get(written)) ?? UNKNOWN;
    const keys = written === undefined ? this.evaluation.keysOf(node, scope, given) : [written];
    // The constructor of an instance is its class, and not what makes functions.
    if (object.type === "ThisExpression" || object.type === "NewExpression") {
      if (keys.includes("constructor"))
        return object.type === "ThisExpression"
          ? UNKNOWN
          : this.evaluation.valuesOf(object.callee, scope, given);
    }
    const found = keys.flatMap((key) => this.evaluation.memberOf(values, key, given));
    if (!binding?.properties) return found;
    const own = keys.flatMap((key) => binding.properties?.get(key) ?? []);
    return [...own.flatMap((each) => this.evaluation.sourceValues(each)), ...found];
  }

  /** What the member of that name is of each of the values. */
  membersOf(values: Values, key: string, given: Given | undefined): Values {
    const [only] = values;
    if (values.length === 1 && only?.kind === "path") return this.pathMember(only.path, key);
    return values.flatMap((value) =>
      value.kind === "written"
        ? this.writtenMember(value.node, value.scope, key, given)
        : plainMember(value, key),
    );
  }

  /** Made once for each path and key: the same few functions are called all over a file. */
  private pathMember(base: string, key: string): Values {
    let members = this.pathMembers.get(base);
    if (!members) this.pathMembers.set(base, (members = new Map()));
    let found = members.get(key);
    if (!found) members.set(key, (found = [path(memberPath(base, key))]));
    return found;
  }

  private writtenMember(node: Node, scope: Scope, key: string, given: Given | undefined): Values {
    if (isFunction(node)) {
      if (key === "constructor") return [path("Function")];
      if (key === "__proto__") return [path("Function.prototype")];
      return ["call", "apply", "bind"].includes(key)
        ? [{ kind: "holder", key: "()", values: [{ kind: "written", node, scope }] }]
        : builtinMember("Function", key);
    }
    const members = writtenMembers(node);
    const named = members.byName.get(key);
    const member =
      named ?? members.computed.find((each) => this.evaluation.textsOf(each.key, scope).includes(key));
    if (member) {
      if (!member.isGetter) return this.evaluation.valuesOf(member.value, scope, given);
      return isFunction(member.value) ? this.evaluation.run(member.value, [], given) : UNKNOWN;
    }
    const isClass = node.type === "ClassDeclaration" || node.type === "ClassExpression";
    if (isClass && key === "constructor") return [path("Function")];
    for (const from of members.from) {
      const found = this.evaluation.memberOf(this.evaluation.valuesOf(from, scope, given), key, given);
      if (found.length > 0) return found;
    }
    return isClass ? UNKNOWN : builtinMember("Object", key);
  }
}
