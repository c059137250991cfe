import { bytesOf, numberOf } from "./fold-method.ts";
import { callMethod } from "./call-method.ts";
import { callRuntime } from "./call-runtime.ts";
import { foldOperator } from "./fold-operator.ts";
import type { Follow } from "./follow.ts";
import { isFunction, keyOf, type CallNode, type FunctionNode, type MemberNode } from "./place.ts";
import type { ProgramFacts } from "./program-facts.ts";
import { globalPath, memberPath, modulePath } from "./runtime-paths.ts";
import { EACH, REST, type Binding, type Scope, type Source } from "./scopes.ts";
import { bare, type Node } from "./syntax.ts";
import { add, builtinMember, elementsOf, MAX_LIST, MAX_OPTIONS, plainMember } from "./value-parts.ts";
import { asText, HOLE, path, pathsOf, text, textsOf, UNKNOWN, type Value, type Values } from "./values.ts";
import { writtenMembers } from "./written-members.ts";

const MAX_DEPTH = 120;
/** Steps in one file. What takes more is left unknown, so that no text makes the check run for long. */
const MAX_STEPS = 200_000;
const MIN_STEPS = 20_000;
/** Of them, those inside of functions that are followed. */
const MAX_RUN_STEPS = 15_000;
const MAX_RUN_DEPTH = 5;

const REMEMBERED: ReadonlySet<string> = new Set([
  "MemberExpression",
  "CallExpression",
  "NewExpression",
  "BinaryExpression",
  "TemplateLiteral",
  "ArrayExpression",
  "ConditionalExpression",
  "LogicalExpression",
]);

/** What a function's parameters are while a call of it is followed. */
interface Given {
  readonly values: ReadonlyMap<Binding, Values>;
  /** The scopes of the functions that are followed: what is declared outside of them does not depend on the call. */
  readonly scopes: ReadonlySet<Scope>;
  readonly depth: number;
}

/**
 * Says what is known of an expression's value without running it: texts that are put together, and which of the runtime's
 * things it is, through aliases, destructuring, calls of the file's own functions. Not knowing is an empty list.
 */
export class Evaluator {
  private readonly facts: ProgramFacts;
  private readonly known = new Map<Node, Values>();
  private readonly knownNames = new Map<Binding, Values>();
  private readonly pathMembers = new Map<string, Map<string, Values>>();
  private readonly follow: Follow = this.makeFollow(undefined);
  /** What functions give that are called with nothing known. */
  private readonly plainRuns = new Map<FunctionNode, Values>();
  private readonly busy = new Set<Node | Binding>();
  private runSteps = 0;
  private readonly maxSteps: number;
  private steps = 0;
  private depth = 0;

  constructor(facts: ProgramFacts) {
    this.facts = facts;
    // In proportion to the text, so that no kind of text takes much longer than another of its size.
    this.maxSteps = Math.min(MAX_STEPS, Math.max(MIN_STEPS, facts.syntax.program.end));
  }

  /** The values that an expression may have. */
  valuesOf(node: Node, scope: Scope, given?: Given): Values {
    const expression = bare(node);
    // What is cheap to find is not worth remembering: most nodes are names and texts.
    if (expression.type === "Identifier") return this.name(expression.name, scope, given);
    if (expression.type === "MemberExpression" && this.leadsNowhere(expression, scope, given)) return UNKNOWN;
    const isLong = REMEMBERED.has(expression.type) && !given;
    const known = isLong ? this.known.get(expression) : undefined;
    if (known) return known;
    if (this.depth >= MAX_DEPTH || this.steps >= this.maxSteps) return UNKNOWN;
    if (given && (this.runSteps += 1) > MAX_RUN_STEPS) return UNKNOWN;
    if (isLong && this.busy.has(expression)) return UNKNOWN;
    if (isLong) this.busy.add(expression);
    this.steps += 1;
    this.depth += 1;
    const found = this.evaluate(expression, scope, given);
    this.depth -= 1;
    const values = found.length > MAX_OPTIONS ? found.slice(0, MAX_OPTIONS) : found;
    if (isLong) {
      this.busy.delete(expression);
      this.known.set(expression, values);
    }
    return values;
  }

  /** The runtime's things that an expression may be. */
  pathsOf(node: Node, scope: Scope): readonly string[] {
    return pathsOf(this.valuesOf(node, scope));
  }

  textsOf(node: Node, scope: Scope): readonly string[] {
    return textsOf(this.valuesOf(node, scope));
  }

  private evaluate(node: Node, scope: Scope, given: Given | undefined): Values {
    switch (node.type) {
      case "Literal":
        if (typeof node.value === "string") return [text(node.value, false)];
        if (typeof node.value === "number") return [{ kind: "number", number: node.value }];
        return "regex" in node ? [{ kind: "pattern", ...node.regex }] : UNKNOWN;
      case "TemplateLiteral":
        return this.template(
          node.quasis.map((each) => each.value.cooked ?? ""),
          node.expressions,
          scope,
          given,
        );
      case "TaggedTemplateExpression": {
        const isRaw = this.valuesOf(node.tag, scope, given).some(
          (each) => each.kind === "path" && each.path === "String.raw",
        );
        if (isRaw)
          return this.template(
            node.quasi.quasis.map((each) => each.value.raw),
            node.quasi.expressions,
            scope,
            given,
          );
        return [text(HOLE)];
      }
      case "Identifier":
        return this.name(node.name, scope, given);
      case "ThisExpression":
        return this.thisValue(scope, given);
      case "MemberExpression":
        return this.member(node, scope, given);
      case "CallExpression":
        return this.call(node, scope, given);
      case "NewExpression":
        return this.construct(node, scope, given);
      case "BinaryExpression":
        return this.binary(node, scope, given);
      case "UnaryExpression": {
        const number = numberOf(this.valuesOf(node.argument, scope, given)[0]);
        if (number === undefined) return UNKNOWN;
        if (node.operator === "-") return [{ kind: "number", number: -number }];
        if (node.operator === "~") return [{ kind: "number", number: ~number }];
        return node.operator === "+" ? [{ kind: "number", number }] : UNKNOWN;
      }
      case "LogicalExpression":
        return [...this.valuesOf(node.left, scope, given), ...this.valuesOf(node.right, scope, given)];
      case "ConditionalExpression":
        return [
          ...this.valuesOf(node.consequent, scope, given),
          ...this.valuesOf(node.alternate, scope, given),
        ];
      case "SequenceExpression": {
        const last = node.expressions.at(-1);
        return last ? this.valuesOf(last, scope, given) : UNKNOWN;
      }
      case "AssignmentExpression":
        return this.valuesOf(node.right, scope, given);
      case "AwaitExpression":
        return this.valuesOf(node.argument, scope, given);
      case "ArrayExpression":
        return [{ kind: "list", items: this.items(node.elements, scope, given) }];
      case "ImportExpression":
        return textsOf(this.valuesOf(node.source, scope, given)).map((each) => path(modulePath(each)));
      case "TSExternalModuleReference":
        return [path(modulePath(node.expression.value))];
      case "ImportDeclaration":
        return [path(modulePath(node.source.value))];
      case "MetaProperty":
        return node.meta.name === "import" ? [path("meta")] : UNKNOWN;
      case "ObjectExpression":
      case "ClassDeclaration":
      case "ClassExpression":
      case "FunctionDeclaration":
      case "FunctionExpression":
      case "ArrowFunctionExpression":
      case "TSEnumBody":
        return [{ kind: "written", node, scope }];
      default:
        return UNKNOWN;
    }
  }

  private template(
    parts: readonly string[],
    expressions: readonly Node[],
    scope: Scope,
    given: Given | undefined,
  ): Values {
    let results = [parts[0] ?? ""];
    for (const [index, expression] of expressions.entries()) {
      const options = this.valuesOf(expression, scope, given);
      const words = options.length > 0 ? options.map((each) => asText(each) ?? HOLE) : [HOLE];
      const tail = parts[index + 1] ?? "";
      results = results.flatMap((each) => words.map((word) => each + word + tail)).slice(0, MAX_OPTIONS);
    }
    return results.map((each) => text(each, expressions.length > 0));
  }

  private binary(
    node: Extract<Node, { type: "BinaryExpression" }>,
    scope: Scope,
    given: Given | undefined,
  ): Values {
    if (node.left.type === "PrivateIdentifier") return UNKNOWN;
    // A long sum is a chain to the left: taken as a loop, its length costs no depth.
    const parts: Node[] = [];
    let left: Node = node;
    while (
      left.type === "BinaryExpression" &&
      left.operator === "+" &&
      node.operator === "+" &&
      parts.length < MAX_LIST
    ) {
      parts.push(left.right);
      left = bare(left.left);
    }
    if (parts.length === 0) {
      const [a] = this.valuesOf(node.left, scope, given);
      const [b] = this.valuesOf(node.right, scope, given);
      const folded = foldOperator(node.operator, a, b);
      return folded ? [folded] : UNKNOWN;
    }
    let sums = this.valuesOf(left, scope, given);
    for (const part of parts.toReversed()) sums = add(sums, this.valuesOf(part, scope, given));
    return sums;
  }

  private items(elements: readonly (Node | null)[], scope: Scope, given: Given | undefined): Values[] {
    const items: Values[] = [];
    for (const each of elements.length > MAX_LIST ? elements.slice(0, MAX_LIST) : elements) {
      if (each === null) items.push(UNKNOWN);
      else if (each.type !== "SpreadElement") items.push(this.valuesOf(each, scope, given));
      else for (const item of elementsOf(this.valuesOf(each.argument, scope, given))) items.push(item);
    }
    return items;
  }

  private name(name: string, scope: Scope, given: Given | undefined): Values {
    const binding = scope.find(name);
    if (!binding) {
      const known = globalPath(name);
      return known === undefined ? UNKNOWN : [path(known)];
    }
    const passed = given?.values.get(binding);
    if (passed) return passed;
    return this.bindingValues(binding, given && isInside(binding.home, given.scopes) ? given : undefined);
  }

  private bindingValues(binding: Binding, given: Given | undefined): Values {
    const known = given ? undefined : this.knownNames.get(binding);
    if (known) return known;
    if (this.busy.has(binding)) return UNKNOWN;
    this.busy.add(binding);
    let values: Values = [];
    for (const source of binding.sources) {
      const found = this.sourceValues(source, given);
      // How often it is added is not known: a sum that is made in a loop may be anything.
      values = source.added === true ? [...add(values, found), text(HOLE), ...values] : [...values, ...found];
      if (values.length > MAX_OPTIONS) break;
    }
    this.busy.delete(binding);
    if (!given) this.knownNames.set(binding, values);
    return values;
  }

  private sourceValues(source: Source, given?: Given): Values {
    let values = this.valuesOf(source.node, source.scope, given);
    for (const step of source.way) {
      if (values.length === 0) return UNKNOWN;
      values = this.stepInto(values, step, source.scope, given);
    }
    return values;
  }

  private stepInto(values: Values, step: string | Node, scope: Scope, given: Given | undefined): Values {
    if (step === EACH) return elementsOf(values).flat();
    if (step === REST || step === "key in") return step === REST ? values : UNKNOWN;
    const keys =
      typeof step === "string"
        ? [step]
        : this.valuesOf(step, scope, given).flatMap((each) => asText(each) ?? []);
    return keys.flatMap((key) => this.memberOf(values, key, given));
  }

  private thisValue(scope: Scope, given: Given | undefined): Values {
    for (let at: Scope | undefined = scope; at; at = at.parent) {
      const { owner } = at;
      if (!owner || owner.type === "ArrowFunctionExpression") continue;
      if (owner.type === "ClassDeclaration" || owner.type === "ClassExpression")
        return [{ kind: "written", node: owner, scope: this.facts.homes.get(owner) ?? scope }];
      if (owner.type === "FunctionExpression" || owner.type === "FunctionDeclaration") {
        const parent = at.parent?.owner;
        // A method's `this` is its class; a plain function's, when it is called as such, is the global object.
        if (parent && (parent.type === "ClassDeclaration" || parent.type === "ClassExpression")) continue;
        return given ? [path("global")] : UNKNOWN;
      }
      return UNKNOWN;
    }
    return UNKNOWN;
  }

  /** Whether a member is one of something of which nothing is known: most are, and it is not worth remembering. */
  private leadsNowhere(node: MemberNode, scope: Scope, given: Given | undefined): boolean {
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
    return !binding.properties && this.name(object.name, scope, given).length === 0;
  }

  private member(node: MemberNode, scope: Scope, given: Given | undefined): Values {
    const object = bare(node.object);
    const binding = object.type === "Identifier" ? scope.find(object.name) : undefined;
    const values = this.valuesOf(object, scope, given);
    const written = keyOf(node);
    if (values.length === 0 && !binding?.properties)
      return (written === undefined ? undefined : UNKNOWN_MEMBERS.get(written)) ?? UNKNOWN;
    const keys = written === undefined ? this.keysOf(node, scope, given) : [written];
    // The constructor of an instance is its class, and not what makes functions.
    if (object.type === "ThisExpression" || object.type === "NewExpression") {
      if (keys.includes("constructor"))
        return object.type === "ThisExpression" ? UNKNOWN : this.valuesOf(object.callee, scope, given);
    }
    const found = keys.flatMap((key) => this.memberOf(values, key, given));
    if (!binding?.properties) return found;
    const own = keys.flatMap((key) => binding.properties?.get(key) ?? []);
    return [...own.flatMap((each) => this.sourceValues(each)), ...found];
  }

  /** The names that a member's key may have. */
  keysOf(node: MemberNode, scope: Scope, given?: Given): readonly string[] {
    const key = keyOf(node);
    if (key !== undefined) return [key];
    return node.computed
      ? this.valuesOf(node.property, scope, given).flatMap((each) => asText(each) ?? [])
      : [];
  }

  private memberOf(values: Values, key: string, given: Given | undefined): Values {
    // An object may be spread into itself: its members are looked for as deep as anything else.
    if (this.depth >= MAX_DEPTH || (this.steps += 1) >= this.maxSteps) return UNKNOWN;
    this.depth += 1;
    const found = this.membersOf(values, key, given);
    this.depth -= 1;
    return found.length > MAX_OPTIONS ? found.slice(0, MAX_OPTIONS) : found;
  }

  private membersOf(values: Values, key: string, given: Given | undefined): Values {
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
    const member = named ?? members.computed.find((each) => this.textsOf(each.key, scope).includes(key));
    if (member) {
      if (!member.isGetter) return this.valuesOf(member.value, scope, given);
      return isFunction(member.value) ? this.run(member.value, [], given) : UNKNOWN;
    }
    const isClass = node.type === "ClassDeclaration" || node.type === "ClassExpression";
    if (isClass && key === "constructor") return [path("Function")];
    for (const from of members.from) {
      const found = this.memberOf(this.valuesOf(from, scope, given), key, given);
      if (found.length > 0) return found;
    }
    return isClass ? UNKNOWN : builtinMember("Object", key);
  }

  /** What each argument may be, spread ones taken apart. */
  argumentsOf(nodes: readonly Node[], scope: Scope, given?: Given): readonly Values[] {
    return this.items(nodes, scope, given);
  }

  private construct(
    node: Extract<CallNode, { type: "NewExpression" }>,
    scope: Scope,
    given: Given | undefined,
  ): Values {
    const callees = this.valuesOf(node.callee, scope, given);
    return callees.flatMap((callee): Values => {
      if (callee.kind === "written" && !isFunction(callee.node)) return [callee];
      if (callee.kind !== "path") return UNKNOWN;
      const values = this.argumentsOf(node.arguments, scope, given);
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

  private call(
    node: Extract<CallNode, { type: "CallExpression" }>,
    scope: Scope,
    given: Given | undefined,
  ): Values {
    const callee = bare(node.callee);
    const methods = callee.type === "MemberExpression" ? this.keysOf(callee, scope, given) : [];
    const called = this.valuesOf(callee, scope, given);
    const subjects =
      callee.type === "MemberExpression" ? this.valuesOf(callee.object, scope, given) : UNKNOWN;
    // Of a call of something unknown nothing is known, whatever it is given.
    if (called.length === 0 && subjects.length === 0) return UNKNOWN;
    // What a package gives back is not known, whatever it is given.
    if (subjects.every(isOfPackage) && called.every(isOfPackage)) return UNKNOWN;
    const values = this.argumentsOf(node.arguments, scope, given);
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
        ([name, { value }]) => [name, this.valuesOf(value, object.scope, given)] as const,
      );
    };
    return {
      call: (callee, values) => this.callValue(callee, values, given),
      memberOf: (values, key) => this.memberOf(values, key, given),
      keysOf: (values) => membersIn(values).map(([name]) => [text(name)]),
      valuesIn: (values) => membersIn(values).map(([, value]) => value),
    };
  }

  /** Follows a function of the file that only computes: the values of its `return`. */
  private run(node: FunctionNode, values: readonly Values[], given: Given | undefined): Values {
    const scope = this.facts.scopes.get(node);
    const returns = this.facts.returns.get(node) ?? [];
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
    const results = returns.slice(0, 8).flatMap((each) => this.valuesOf(each, scope, followed));
    this.busy.delete(node);
    if (inside.size === 0 && depth === 1) this.plainRuns.set(node, results);
    return results;
  }
}

/** Members that mean the same thing on whatever object they are found. */
const UNKNOWN_MEMBERS: ReadonlyMap<string, Values> = new Map(
  Object.entries({
    contentWindow: [path("global")],
    defaultView: [path("global")],
    mainModule: [path("module")],
  }),
);

function isOfPackage(value: Value): boolean {
  if (value.kind !== "path" || !value.path.startsWith("npm:")) return false;
  const { path: of } = value;
  return !of.endsWith(".call") && !of.endsWith(".apply") && !of.endsWith(".bind");
}

function isInside(scope: Scope, scopes: ReadonlySet<Scope>): boolean {
  for (let at: Scope | undefined = scope; at; at = at.parent) if (scopes.has(at)) return true;
  return false;
}
