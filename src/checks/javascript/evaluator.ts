import { bytesOf, encode, foldGlobalCall, foldListMethod, foldTextMethod, numberOf } from "./fold-method.ts";
import { foldOperator } from "./fold-operator.ts";
import {
  isFunction,
  keyOf,
  type CallNode,
  type FunctionNode,
  type MemberNode,
  type ProgramFacts,
} from "./program-facts.ts";
import { canonicalPath, globalPath, memberPath, modulePath } from "./runtime-paths.ts";
import { EACH, REST, type Binding, type Scope, type Source } from "./scopes.ts";
import { bare, type Node } from "./syntax.ts";
import { asText, HOLE, path, pathsOf, text, textsOf, UNKNOWN, type Value, type Values } from "./values.ts";

const MAX_DEPTH = 120;
const MAX_OPTIONS = 12;
/** Steps in one file. What takes more is left unknown, so that no text makes the check run for long. */
const MAX_STEPS = 400_000;
/** Of them, those inside of functions that are followed. */
const MAX_RUN_STEPS = 40_000;
const MAX_RUN_DEPTH = 5;
const MAX_LIST = 2_000;

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
  private readonly busy = new Set<Node | Binding>();
  private runSteps = 0;
  private steps = 0;
  private depth = 0;

  constructor(facts: ProgramFacts) {
    this.facts = facts;
  }

  /** The values that an expression may have. */
  valuesOf(node: Node, scope: Scope, given?: Given): Values {
    const expression = bare(node);
    if (!given) {
      const known = this.known.get(expression);
      if (known) return known;
    }
    if (this.depth >= MAX_DEPTH || this.steps >= MAX_STEPS) return UNKNOWN;
    if (!given && this.busy.has(expression)) return UNKNOWN;
    if (given && (this.runSteps += 1) > MAX_RUN_STEPS) return UNKNOWN;
    this.steps += 1;
    this.depth += 1;
    if (!given) this.busy.add(expression);
    const values = this.evaluate(expression, scope, given).slice(0, MAX_OPTIONS);
    this.depth -= 1;
    if (!given) {
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
    return elements.slice(0, MAX_LIST).flatMap((each) => {
      if (each === null) return [UNKNOWN];
      if (each.type !== "SpreadElement") return [this.valuesOf(each, scope, given)];
      return this.elementsOf(this.valuesOf(each.argument, scope, given));
    });
  }

  /** What going through a value gives: a list's items, a text's characters. */
  private elementsOf(values: Values): readonly Values[] {
    const [value] = values;
    if (value?.kind === "list") return value.items;
    if (value?.kind === "text") return Array.from(value.text.slice(0, MAX_LIST)).map((each) => [text(each)]);
    if (value?.kind === "bytes")
      return Array.from(value.bytes.slice(0, MAX_LIST), (each): Values => [{ kind: "number", number: each }]);
    return [];
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
      values = source.added === true ? [...add(values, found), ...values] : [...values, ...found];
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
    if (step === EACH) return this.elementsOf(values).flat();
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

  private member(node: MemberNode, scope: Scope, given: Given | undefined): Values {
    const keys = this.keysOf(node, scope, given);
    const object = bare(node.object);
    const binding = object.type === "Identifier" ? scope.find(object.name) : undefined;
    const own = keys
      .flatMap((key) => binding?.properties?.get(key) ?? [])
      .flatMap((each) => this.sourceValues(each));
    const values = this.valuesOf(object, scope, given);
    const found = keys.flatMap((key) => this.memberOf(values, key, given));
    if (found.length > 0 || own.length > 0) return [...own, ...found];
    return values.length === 0 ? keys.flatMap((key) => UNKNOWN_MEMBERS.get(key) ?? []) : UNKNOWN;
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
    return values.flatMap((value): Values => {
      switch (value.kind) {
        case "path":
          return [path(memberPath(value.path, key))];
        case "holder":
          return key === value.key ? value.values : UNKNOWN;
        case "list": {
          if (key === "length") return [{ kind: "number", number: value.items.length }];
          const index = Number(key);
          return Number.isInteger(index) ? (value.items[index] ?? UNKNOWN) : memberOfPlain("Array", key);
        }
        case "text": {
          if (key === "length") return [{ kind: "number", number: value.text.length }];
          const character = Number.isInteger(Number(key)) ? value.text[Number(key)] : undefined;
          return character === undefined ? memberOfPlain("String", key) : [text(character)];
        }
        case "number":
          return memberOfPlain("Number", key);
        case "pattern":
          return key === "source" ? [text(value.pattern)] : memberOfPlain("RegExp", key);
        case "bytes":
          return memberOfPlain("Uint8Array", key);
        case "written":
          return this.writtenMember(value.node, value.scope, key, given);
        default:
          return UNKNOWN;
      }
    });
  }

  private writtenMember(node: Node, scope: Scope, key: string, given: Given | undefined): Values {
    if (node.type === "ObjectExpression") {
      for (const property of node.properties.toReversed()) {
        if (property.type === "SpreadElement") {
          const found = this.memberOf(this.valuesOf(property.argument, scope, given), key, given);
          if (found.length > 0) return found;
        } else if (this.propertyNames(property, scope).includes(key)) {
          if (property.kind !== "get") return this.valuesOf(property.value, scope, given);
          return isFunction(property.value) ? this.run(property.value, [], given) : UNKNOWN;
        }
      }
      return memberOfPlain("Object", key);
    }
    if (node.type === "TSEnumBody") {
      const member = node.members.find(
        (each) =>
          (each.id.type === "Identifier" ? each.id.name : "value" in each.id ? each.id.value : "") === key,
      );
      return member?.initializer ? this.valuesOf(member.initializer, scope, given) : UNKNOWN;
    }
    if (isFunction(node)) {
      if (key === "constructor") return [path("Function")];
      if (key === "__proto__") return [path("Function.prototype")];
      return ["call", "apply", "bind"].includes(key)
        ? [{ kind: "holder", key: "()", values: [{ kind: "written", node, scope }] }]
        : memberOfPlain("Function", key);
    }
    if (node.type === "ClassDeclaration" || node.type === "ClassExpression") {
      for (const member of node.body.body) {
        if (
          member.type !== "PropertyDefinition" &&
          member.type !== "MethodDefinition" &&
          member.type !== "AccessorProperty"
        )
          continue;
        if (!this.propertyNames(member, scope).includes(key) || !member.value) continue;
        if (member.type === "MethodDefinition" && member.kind === "get" && isFunction(member.value))
          return this.run(member.value, [], given);
        if (key !== "constructor") return this.valuesOf(member.value, scope, given);
      }
      if (node.superClass) return this.memberOf(this.valuesOf(node.superClass, scope, given), key, given);
      return key === "constructor" ? [path("Function")] : UNKNOWN;
    }
    return UNKNOWN;
  }

  private propertyNames(
    property: { readonly key: Node; readonly computed: boolean },
    scope: Scope,
  ): readonly string[] {
    const { key } = property;
    if (property.computed) return this.valuesOf(key, scope).flatMap((each) => asText(each) ?? []);
    if (key.type === "Identifier") return [key.name];
    if (key.type === "PrivateIdentifier") return [`#${key.name}`];
    return key.type === "Literal" ? [String(key.value)] : [];
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
        const found = this.callMethod(subject, method, values, given);
        if (found.length > 0) return [...results, ...found];
      }
    }
    return results;
  }

  private callMethod(
    subject: Value,
    method: string,
    values: readonly Values[],
    given: Given | undefined,
  ): Values {
    if (subject.kind === "text" || (subject.kind === "number" && method === "toString")) {
      if (subject.kind === "number") {
        const base = numberOf(values[0]?.[0]) ?? 10;
        return base >= 2 && base <= 36 ? [text(subject.number.toString(base))] : UNKNOWN;
      }
      if ((method === "replace" || method === "replaceAll") && values[1]?.[0]?.kind === "written")
        return [text(HOLE)];
      const folded = foldTextMethod(subject.text, method, values);
      return folded ? [folded] : UNKNOWN;
    }
    if (subject.kind === "list") return this.callListMethod(subject.items, method, values, given);
    if (subject.kind === "bytes") {
      if (method === "toString") return [text(encode(subject.bytes, asText(values[0]?.[0])))];
      if (method === "reverse") return [{ kind: "bytes", bytes: subject.bytes.toReversed() }];
      return this.callListMethod(this.elementsOf([subject]), method, values, given);
    }
    if (subject.kind === "holder" && subject.key === "entries" && method === "get") {
      const [entries] = subject.values;
      const key = asText(values[0]?.[0]);
      const items = entries?.kind === "list" ? entries.items : [];
      return items.flatMap(([entry]) =>
        entry?.kind === "list" && (key === undefined || asText(entry.items[0]?.[0]) === key)
          ? (entry.items[1] ?? [])
          : [],
      );
    }
    return UNKNOWN;
  }

  private callListMethod(
    items: readonly Values[],
    method: string,
    values: readonly Values[],
    given: Given | undefined,
  ): Values {
    const callback = values[0]?.[0];
    if ((method === "map" || method === "flatMap") && callback) {
      const mapped = items.map((item, index) =>
        this.callValue(callback, [item, [{ kind: "number", number: index }]], given),
      );
      return [{ kind: "list", items: mapped }];
    }
    if ((method === "reduce" || method === "reduceRight") && callback) {
      const order = method === "reduce" ? [...items] : items.toReversed();
      let sum = values[1] ?? order.shift() ?? UNKNOWN;
      for (const item of order) sum = this.callValue(callback, [sum, item], given);
      return sum;
    }
    return foldListMethod(items, method, values) ?? UNKNOWN;
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
    return callee.kind === "path" ? this.callPath(callee.path, values, given) : UNKNOWN;
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
    this.busy.add(node);
    const followed = { values: inside, scopes: new Set(given?.scopes).add(scope), depth };
    const results = returns.slice(0, 8).flatMap((each) => this.valuesOf(each, scope, followed));
    this.busy.delete(node);
    return results;
  }

  private callPath(callee: string, values: readonly Values[], given: Given | undefined): Values {
    const first = values[0] ?? UNKNOWN;
    const folded = foldGlobalCall(callee, values);
    if (folded) return [folded];
    switch (callee) {
      case "require":
      case "process.getBuiltinModule":
      case "node:module._load":
      case "vi.importActual":
        return textsOf(first).map((each) => path(modulePath(each)));
      case "node:module.createRequire":
      case "node:module.createRequireFromPath":
        return [path("require")];
      case "require.bind":
        return [path("require")];
      case "Reflect.get":
        return (values[1] ?? []).flatMap((each) => this.memberOf(first, asText(each) ?? HOLE, given));
      case "Reflect.apply":
        return first.flatMap((each) => this.callValue(each, this.elementsOf(values[2] ?? UNKNOWN), given));
      case "Object.getOwnPropertyDescriptor":
      case "Reflect.getOwnPropertyDescriptor": {
        const found = (values[1] ?? []).flatMap((each) => this.memberOf(first, asText(each) ?? HOLE, given));
        return [{ kind: "holder", key: "value", values: found }];
      }
      case "Object.getPrototypeOf":
      case "Reflect.getPrototypeOf":
        return this.memberOf(first, "__proto__", given);
      case "Object":
      case "Object.freeze":
      case "Object.seal":
      case "Promise.resolve":
      case "structuredClone":
        return first;
      case "Object.create":
      case "Object.assign":
        return values.flat();
      case "Array.from":
      case "Array.of": {
        const items = callee === "Array.of" ? values : this.elementsOf(first);
        const map = values[1]?.[0];
        return [
          {
            kind: "list",
            items:
              map && callee === "Array.from"
                ? items.map((each) => this.callValue(map, [each], given))
                : items,
          },
        ];
      }
      case "Object.values":
      case "Object.keys": {
        const [object] = first;
        if (object?.kind !== "written" || object.node.type !== "ObjectExpression") return UNKNOWN;
        const items = object.node.properties.flatMap((each): Values[] => {
          if (each.type === "SpreadElement") return [];
          if (callee === "Object.values") return [this.valuesOf(each.value, object.scope, given)];
          return this.propertyNames(each, object.scope).map((name) => [text(name)]);
        });
        return [{ kind: "list", items }];
      }
      case "Buffer.from":
      case "Uint8Array.from":
      case "Uint8Array.of": {
        const bytes = bytesOf(
          callee === "Uint8Array.of" ? { kind: "list", items: values } : first[0],
          asText(values[1]?.[0]),
        );
        return bytes ? [{ kind: "bytes", bytes }] : UNKNOWN;
      }
      case "new TextDecoder.decode": {
        const bytes = bytesOf(first[0], undefined);
        return bytes ? [text(encode(bytes, undefined))] : UNKNOWN;
      }
      case "new TextEncoder.encode": {
        const bytes = bytesOf(first[0], undefined);
        return bytes ? [{ kind: "bytes", bytes }] : UNKNOWN;
      }
      case "node:os.homedir":
        return [text("~")];
      case "process.cwd":
        return [text(".")];
      case "node:os.tmpdir":
        return [text("/tmp/")];
      case "node:path.join":
      case "node:path.resolve": {
        const parts = values.map((each) => asText(each[0]) ?? HOLE);
        return [text(joinPaths(parts, callee.endsWith("resolve")))];
      }
      case "node:path.normalize":
      case "node:fs.realpathSync":
      case "node:url.fileURLToPath":
      case "node:url.pathToFileURL":
        return first;
      default:
    }
    const invoker = /^(.+)\.(call|apply|bind)$/.exec(callee);
    if (invoker?.[1] !== undefined) {
      const target = canonicalPath(invoker[1]);
      if (invoker[2] === "bind") return [path(target)];
      const passed = invoker[2] === "call" ? values.slice(1) : this.elementsOf(values[1] ?? UNKNOWN);
      return this.callPath(target, passed, given);
    }
    return UNKNOWN;
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

/** A member of an ordinary value: its builtin methods are functions, and their constructor makes code. */
function memberOfPlain(type: string, key: string): Values {
  if (key === "constructor") return [path(type)];
  if (key === "__proto__") return [path(`${type}.prototype`)];
  return [path(`${type}.prototype.${key}`)];
}

function add(left: Values, right: Values): Values {
  const sums: Value[] = [];
  if (left.length === 0 && right.length === 0) return UNKNOWN;
  const unknown: readonly (Value | undefined)[] = [undefined];
  for (const a of left.length > 0 ? left : unknown) {
    for (const b of right.length > 0 ? right : unknown) {
      if (sums.length >= MAX_OPTIONS) return sums;
      if (a?.kind === "number" && b?.kind === "number")
        sums.push({ kind: "number", number: a.number + b.number });
      else if (a?.kind === "text" || b?.kind === "text" || a?.kind === "list" || b?.kind === "list")
        sums.push(text((asText(a) ?? HOLE) + (asText(b) ?? HOLE)));
    }
  }
  return sums;
}

function joinPaths(parts: readonly string[], fromLast: boolean): string {
  const absolute = fromLast ? parts.findLastIndex((each) => each.startsWith("/") || each.startsWith("~")) : 0;
  return parts.slice(Math.max(0, absolute)).join("/").replaceAll(/\/+/g, "/");
}

function isInside(scope: Scope, scopes: ReadonlySet<Scope>): boolean {
  for (let at: Scope | undefined = scope; at; at = at.parent) if (scopes.has(at)) return true;
  return false;
}
