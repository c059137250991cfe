import { CallEvaluation } from "./evaluate-calls.ts";
import { MemberEvaluation } from "./evaluate-members.ts";
import type { Evaluation, Given } from "./evaluation.ts";
import { numberOf } from "./fold-method.ts";
import { foldOperator } from "./fold-operator.ts";
import { keyOf, type FunctionNode, type MemberNode } from "./place.ts";
import type { ProgramFacts } from "./program-facts.ts";
import { globalPath, modulePath } from "./runtime-paths.ts";
import { EACH, REST, type Binding, type Scope, type Source } from "./scopes.ts";
import { bare, type Node } from "./syntax.ts";
import { add, elementsOf, MAX_LIST, MAX_OPTIONS } from "./value-parts.ts";
import { asText, HOLE, path, pathsOf, text, textsOf, UNKNOWN, type Values } from "./values.ts";

const MAX_DEPTH = 120;
/** Steps in one file. What takes more is left unknown, so that no text makes the check run for long. */
const MAX_STEPS = 200_000;
const MIN_STEPS = 20_000;
/** Of them, those inside of functions that are followed. */
const MAX_RUN_STEPS = 15_000;

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

/**
 * Says what is known of an expression's value without running it: texts that are put together, and which of the runtime's
 * things it is, through aliases, destructuring, calls of the file's own functions. Not knowing is an empty list.
 */
export class Evaluator implements Evaluation {
  readonly facts: ProgramFacts;
  private readonly known = new Map<Node, Values>();
  private readonly knownNames = new Map<Binding, Values>();
  private readonly members = new MemberEvaluation(this);
  private readonly calls = new CallEvaluation(this);
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
    if (expression.type === "MemberExpression" && this.members.leadsNowhere(expression, scope, given))
      return UNKNOWN;
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
        return this.members.member(node, scope, given);
      case "CallExpression":
        return this.calls.call(node, scope, given);
      case "NewExpression":
        return this.calls.construct(node, scope, given);
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

  sourceValues(source: Source, given?: Given): Values {
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

  /** The names that a member's key may have. */
  keysOf(node: MemberNode, scope: Scope, given?: Given): readonly string[] {
    const key = keyOf(node);
    if (key !== undefined) return [key];
    return node.computed
      ? this.valuesOf(node.property, scope, given).flatMap((each) => asText(each) ?? [])
      : [];
  }

  memberOf(values: Values, key: string, given: Given | undefined): Values {
    // An object may be spread into itself: its members are looked for as deep as anything else.
    if (this.depth >= MAX_DEPTH || (this.steps += 1) >= this.maxSteps) return UNKNOWN;
    this.depth += 1;
    const found = this.members.membersOf(values, key, given);
    this.depth -= 1;
    return found.length > MAX_OPTIONS ? found.slice(0, MAX_OPTIONS) : found;
  }

  run(node: FunctionNode, values: readonly Values[], given: Given | undefined): Values {
    return this.calls.run(node, values, given);
  }

  /** What each argument may be, spread ones taken apart. */
  argumentsOf(nodes: readonly Node[], scope: Scope, given?: Given): readonly Values[] {
    return this.items(nodes, scope, given);
  }
}

function isInside(scope: Scope, scopes: ReadonlySet<Scope>): boolean {
  for (let at: Scope | undefined = scope; at; at = at.parent) if (scopes.has(at)) return true;
  return false;
}
