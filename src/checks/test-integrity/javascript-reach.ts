import { callPath } from "./call-path.ts";
import { constantOf, isTruthy } from "./constants.ts";
import { child, isFunction, list, nameOf, plain, walk, type Node } from "./syntax-node.ts";

export interface Hindrance {
  readonly kind: "dead" | "swallowed" | "unawaited" | "conditional" | "turned-round";
  readonly why: string;
  /** Of a condition, what it asks. */
  readonly condition?: Node;
}

export interface ReachContext {
  readonly names: ReadonlyMap<string, Node>;
  /** How often the file has a word. */
  readonly countOf: (word: string) => number;
  /** The test has a callback to call when it is done: what comes later is waited for. */
  readonly hasDone: boolean;
}

/**
 * What keeps an assertion from failing its test. `above` are the nodes from the test's function, first, to the assertion's parent.
 */
export function hindrance(node: Node, above: readonly Node[], context: ReachContext): Hindrance | undefined {
  let found: Hindrance | undefined;
  for (let index = above.length - 1; index >= 0; index -= 1) {
    const parent = above[index];
    if (!parent) break;
    const inner = above[index + 1] ?? node;
    const next = ofParent({
      parent,
      inner,
      above: above.slice(Math.max(0, index - 6), index),
      isRoot: index === 0,
      context,
    });
    if (next && (next.kind !== "conditional" || !found)) {
      if (next.kind !== "conditional") return next;
      found = next;
    }
  }
  return found;
}

interface Step {
  readonly parent: Node;
  readonly inner: Node;
  /** The nearest nodes above `parent`. */
  readonly above: readonly Node[];
  /** `parent` is the test's own function. */
  readonly isRoot: boolean;
  readonly context: ReachContext;
}

function ofParent(step: Step): Hindrance | undefined {
  const { parent, inner, context } = step;
  switch (parent.type) {
    case "TryStatement":
      return ofTry(parent, inner, context);
    case "IfStatement":
    case "ConditionalExpression": {
      if (inner === child(parent, "test")) return undefined;
      const constant = constantOf(child(parent, "test"), context.names);
      const isAlternate = inner === child(parent, "alternate");
      if (constant) return isTruthy(constant) === isAlternate ? dead("its branch is never taken") : undefined;
      return conditional(child(parent, "test"));
    }
    case "LogicalExpression": {
      if (inner !== child(parent, "right")) return undefined;
      const constant = constantOf(child(parent, "left"), context.names);
      if (!constant) return conditional(child(parent, "left"));
      return isTruthy(constant) === (parent["operator"] === "||")
        ? dead("its branch is never taken")
        : undefined;
    }
    case "ForOfStatement":
    case "ForInStatement":
      return inner === child(parent, "body") && isEmptyList(child(parent, "right"), context.names)
        ? dead("its loop has nothing to go through")
        : undefined;
    case "WhileStatement":
    case "ForStatement": {
      const test = constantOf(child(parent, "test"), context.names) ?? firstTurn(parent);
      return test && !isTruthy(test) ? dead("its loop never begins") : undefined;
    }
    case "SwitchCase":
      return ofCase(step);
    case "Program":
    case "BlockStatement":
      if (inner.type === "FunctionDeclaration") return undefined;
      return endOf(parent, context) < inner.start ? dead("the test has ended before it") : undefined;
    default:
      return isFunction(parent) && !step.isRoot ? ofFunction(step, parent) : undefined;
  }
}

function conditional(condition: Node | undefined): Hindrance {
  return {
    kind: "conditional",
    why: "it is only made under a condition",
    ...(condition ? { condition } : {}),
  };
}

/** A statement of its own, or `void`: nobody has the promise. */
function isDropped(holder: Node | undefined): boolean {
  return (
    holder?.type === "ExpressionStatement" ||
    (holder?.type === "UnaryExpression" && holder["operator"] === "void")
  );
}

function ofCase({ parent, inner, above, context }: Step): Hindrance | undefined {
  const test = child(parent, "test");
  if (inner === test) return undefined;
  const asked = child(above.at(-1), "discriminant");
  const [value, wanted] = [constantOf(asked, context.names), constantOf(test, context.names)];
  if (value && wanted) return value.value === wanted.value ? undefined : dead("its branch is never taken");
  return test ? conditional(asked) : undefined;
}

function dead(why: string): Hindrance {
  return { kind: "dead", why };
}

function ofTry(node: Node, inner: Node, context: ReachContext): Hindrance | undefined {
  if (inner !== child(node, "block")) return undefined;
  const finalizer = child(node, "finalizer");
  if (finalizer && list(finalizer, "body").some(({ type }) => type === "ReturnStatement"))
    return { kind: "swallowed", why: "its failure ends in a finally that returns" };
  const handler = child(node, "handler");
  if (!handler || complains(child(handler, "body"), context)) return undefined;
  return { kind: "swallowed", why: "its failure is caught" };
}

/** Whether what catches a failure says so: throws, rejects, asserts, fails. */
function complains(body: Node | undefined, { names }: ReachContext): boolean {
  let found = false;
  if (!body) return false;
  walk(body, (node) => {
    if (found) return false;
    if (node.type === "ThrowStatement") found = true;
    if (node.type === "CallExpression") {
      const { root, steps } = callPath(node, names);
      const last = steps.findLast((step) => step.kind === "name");
      const text = `${root ?? ""} ${last?.kind === "name" ? last.name : ""}`;
      if (
        /^(?:expect|assert|t|chai|done|reject|fail|cb|next|callback|end|resolve)\b|fail|reject|assert|should|throw|exit/i.test(
          text,
        )
      )
        found = true;
    }
    return undefined;
  });
  return found;
}

/** `for (let i = 0; i < 0; i++)`. */
function firstTurn(node: Node): ReturnType<typeof constantOf> {
  const names = new Map<string, Node>();
  for (const declarator of list(child(node, "init"), "declarations")) {
    const [name, init] = [nameOf(child(declarator, "id")), child(declarator, "init")];
    if (name !== undefined && init) names.set(name, init);
  }
  const constant = names.size === 0 ? undefined : constantOf(child(node, "test"), names);
  return constant && !isTruthy(constant) ? constant : undefined;
}

export function isEmptyList(node: Node | undefined, names: ReadonlyMap<string, Node>, depth = 0): boolean {
  const at = plain(node);
  if (!at || depth > 4) return false;
  if (at.type === "ArrayExpression") return list(at, "elements").length === 0;
  if (at.type === "ObjectExpression") return list(at, "properties").length === 0;
  if (at.type === "Literal") return at["value"] === "";
  if (at.type === "Identifier") return isEmptyList(names.get(nameOf(at) ?? ""), names, depth + 1);
  if (at.type === "NewExpression" || at.type === "CallExpression") {
    const callee = plain(child(at, "callee"));
    const args = list(at, "arguments");
    if (/^(?:Array|Set|Map)$/.test(nameOf(callee) ?? ""))
      return (
        args.length === 0 || constantOf(args[0], names)?.value === 0 || isEmptyList(args[0], names, depth + 1)
      );
    const method = nameOf(child(callee, "property"));
    if (
      /^(?:keys|values|entries|from|of)$/.test(method ?? "") &&
      nameOf(child(callee, "object")) !== undefined &&
      args.length > 0
    )
      return isEmptyList(args[0], names, depth + 1);
    if (/^(?:map|filter|slice|entries|keys|values|flat)$/.test(method ?? "")) {
      const [from, to] = args.map((arg) => constantOf(arg, names)?.value);
      return (
        (method === "slice" && from === 0 && to === 0) ||
        isEmptyList(child(callee, "object"), names, depth + 1)
      );
    }
  }
  return false;
}

const ends = new WeakMap<Node, number>();

/** Where the first statement of a block ends after which nothing of it runs. */
export function endOf(block: Node, context: Pick<ReachContext, "names">): number {
  const known = ends.get(block);
  if (known !== undefined) return known;
  const statement = list(block, "body").find((each) => isEnd(each, context, 0));
  const end = statement?.end ?? Number.POSITIVE_INFINITY;
  ends.set(block, end);
  return end;
}

function isEnd(statement: Node, context: Pick<ReachContext, "names">, depth: number): boolean {
  if (depth > 6) return false;
  switch (statement.type) {
    case "ReturnStatement":
    case "ThrowStatement":
    case "BreakStatement":
    case "ContinueStatement":
      return true;
    case "BlockStatement":
      return list(statement, "body").some((each) => isEnd(each, context, depth + 1));
    case "IfStatement": {
      const constant = constantOf(child(statement, "test"), context.names);
      const [yes, no] = [child(statement, "consequent"), child(statement, "alternate")];
      const ended = (branch: Node | undefined): boolean =>
        branch !== undefined && isEnd(branch, context, depth + 1);
      if (constant) return ended(isTruthy(constant) ? yes : no);
      return ended(yes) && ended(no);
    }
    case "TryStatement":
      return isEnd(child(statement, "block") ?? statement, context, depth + 1);
    case "ExpressionStatement": {
      const { root, steps } = callPath(child(statement, "expression"), context.names);
      const names = steps.map((step) => (step.kind === "name" ? step.name : "()")).join(".");
      return (
        (root === "process" && /^(?:exit|abort|reallyExit)\.\(\)$/.test(names)) ||
        (root === "Deno" && names === "exit.()")
      );
    }
    default:
      return false;
  }
}

const LATER =
  /^(?:setTimeout|setImmediate|setInterval|queueMicrotask|requestAnimationFrame|requestIdleCallback)$/;

/** A function between the test and the assertion: who calls it, and does anybody wait? */
function ofFunction({ parent, above, context }: Step, fn: Node): Hindrance | undefined {
  const holder = above.at(-1);
  const isUnused = (name: string | undefined): boolean => name !== undefined && context.countOf(name) <= 1;
  if (above.some(({ type }) => type.startsWith("Export"))) return undefined;
  if (fn.type === "FunctionDeclaration")
    return isUnused(nameOf(child(fn, "id"))) ? dead("its function is never called") : undefined;
  if (!holder) return undefined;
  if (holder.type === "ExpressionStatement") return dead("its function is never called");
  if (holder.type === "VariableDeclarator")
    return isUnused(nameOf(child(holder, "id"))) ? dead("its function is never called") : undefined;
  if (holder.type !== "CallExpression") return undefined;
  const callee = plain(child(holder, "callee"));
  if (callee === plain(parent)) {
    const isLost = fn["async"] === true && isDropped(above.at(-2)) && !context.hasDone;
    return isLost ? { kind: "unawaited", why: "nobody waits for it" } : undefined;
  }
  const method = nameOf(child(callee, "property"));
  const name = nameOf(callee) ?? "";
  if (
    /^(?:forEach|map|every|some|filter|reduce|flatMap)$/.test(method ?? "") &&
    isEmptyList(child(callee, "object"), context.names)
  )
    return dead("its loop has nothing to go through");
  const { root } = callPath(callee, context.names);
  const { root: wrapped, steps } = callPath(callChainAround(above), context.names);
  const isThrows =
    steps.some(
      (each) => each.kind === "name" && /^(?:toThrow|toThrowError|throws?|rejects)$/.test(each.name),
    ) && !steps.some((each) => each.kind === "name" && each.name === "not");
  if (isThrows && /^(?:expect|assert|t)$/.test(wrapped ?? root ?? ""))
    return { kind: "turned-round", why: "its failure is what is expected" };
  if (context.hasDone) return undefined;
  const isWithinPromise = above.some(
    ({ type }) => type === "NewExpression" || type === "AwaitExpression" || type === "ReturnStatement",
  );
  if (
    (LATER.test(name) || (method === "nextTick" && nameOf(child(callee, "object")) === "process")) &&
    !isWithinPromise
  )
    return { kind: "unawaited", why: "it is made after the test has ended" };
  if (/^(?:then|catch|finally)$/.test(method ?? "")) return chainEnd(above, holder);
  return undefined;
}

function callChainAround(above: readonly Node[]): Node | undefined {
  let at: Node | undefined;
  for (let index = above.length - 1; index >= 0; index -= 1) {
    const node = above[index];
    if (node?.type !== "CallExpression" && node?.type !== "MemberExpression") break;
    at = node;
  }
  return at;
}

/** A chain of promises that is a statement of its own is waited for by nobody; one that ends in an empty catch never fails. */
function chainEnd(above: readonly Node[], call: Node): Hindrance | undefined {
  let index = above.length - 1;
  for (; index >= 0; index -= 1) {
    const node = above[index];
    if (
      node?.type !== "CallExpression" &&
      node?.type !== "MemberExpression" &&
      node?.type !== "ChainExpression"
    )
      break;
    if (
      node !== call &&
      node.type === "CallExpression" &&
      nameOf(child(plain(child(node, "callee")), "property")) === "catch"
    ) {
      const handler = plain(list(node, "arguments")[0]);
      const isSilent =
        isFunction(handler) &&
        !complains(child(handler, "body"), { names: new Map(), countOf: () => 0, hasDone: false });
      if (isSilent) return { kind: "swallowed", why: "its failure is caught" };
    }
  }
  const holder = above[index];
  const isVoid = holder?.type === "UnaryExpression" && holder["operator"] === "void";
  return holder?.type === "ExpressionStatement" || isVoid
    ? { kind: "unawaited", why: "nobody waits for it" }
    : undefined;
}
