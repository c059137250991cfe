import { normalText } from "../../core/normal-text.ts";
import { STRENGTHS, type Assertion, type Strength } from "../../core/test-case.ts";
import { callPath, type CallPath, type Step } from "./call-path.ts";
import { constantOf, isTruthy } from "./constants.ts";
import { matcherStrength } from "./matcher-strength.ts";
import { child, isFunction, list, nameOf, plain, type Node } from "./syntax-node.ts";

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

const ASSERT_ROOTS = new Set(["assert", "assertStrict", "strict", "nodeAssert", "chai", "should", "sinon"]);
const CONTEXT_METHODS =
  /^(?:is|not|deepEqual|equal|equals|same|ok|notOk|true|false|truthy|falsy|throws|throwsAsync|rejects|match|like|strictEqual|deepStrictEqual|snapshot|error|pass|fail|notEqual|notDeepEqual|strictSame|has|hasStrict|type|regex|resolves|doesNotThrow)$/;
const HELPER =
  /^(?:expect|assert|check|verify|ensure|should|must)[A-Z_]\w*$|^expectTypeOf$|^assertType$|^fail$/;
const CHAI_PROPERTIES =
  /^(?:true|false|null|undefined|ok|exist|empty|NaN|called|calledOnce|calledTwice|finite)$/;
const FILLERS =
  /^(?:to|be|been|is|that|which|and|has|have|with|at|of|same|but|does|still|also|deep|soft|strict)$/;

/** Reads a node, of which `path` is the chain as it is written, as an assertion; undefined: it is none. Asked of a chain's outermost node only. */
export function assertionAt(
  node: Node,
  path: CallPath,
  context: AssertionContext,
): FoundAssertion | undefined {
  const isCall = node.type === "CallExpression";
  if (!isCall && node.type !== "MemberExpression") return undefined;
  const { root, steps } = path;
  if (root === undefined) return isCall ? supertest(node, steps, context) : undefined;
  if (
    /^expect(?:Soft)?$/.test(root) ||
    (steps[0]?.kind === "name" && steps[0].name === "expect" && root.length < 8)
  ) {
    return expectation(node, path, context);
  }
  const should = steps.findIndex((step) => step.kind === "name" && step.name === "should");
  if (should > 0) return shouldChain(node, steps, should, context);
  if (!isCall) return undefined;
  if (ASSERT_ROOTS.has(root)) return plainAssert(node, path, context);
  const first = steps[0];
  if (context.contexts.has(root) && first?.kind === "name") {
    if (first.name === "assert") return plainAssert(node, { root, steps: steps.slice(1) }, context);
    if (CONTEXT_METHODS.test(first.name)) return plainAssert(node, path, context);
  }
  const called = first?.kind === "call" ? root : "";
  if (HELPER.test(called) || context.helpers.has(called)) return helper(node, called, context);
  if (first?.kind === "name" && (context.helpers.has(first.name) || /^assert[A-Z]/.test(first.name))) {
    return helper(node, first.name, context);
  }
  return supertest(node, steps, context);
}

const NO_NAMES: ReadonlyMap<string, Node> = new Map();

/** `request(app).get("/").expect(200)`: asserts at its end. */
function supertest(
  node: Node,
  steps: readonly Step[],
  context: AssertionContext,
): FoundAssertion | undefined {
  const before = steps.at(-2);
  if (before?.kind !== "name" || before.name !== "expect" || steps.at(-1)?.kind !== "call") return undefined;
  return helper(node, "expect", context);
}

function helper(node: Node, name: string, context: AssertionContext): FoundAssertion {
  return {
    subject: normalText(context.text.slice(node.start, node.end)),
    callee: name,
    matcher: "helper",
    strength: "some-values",
    expected: "",
    line: context.lineAt(node.start),
    node,
    subjectNode: undefined,
    expectedNode: undefined,
    emptiness: undefined,
    isPromise: false,
  };
}

/** `expect(subject).not.toBe(expected)`, and chai's `expect(subject).to.be.true`. */
function expectation(
  node: Node,
  { root, steps }: CallPath,
  context: AssertionContext,
): FoundAssertion | undefined {
  const start = steps.findIndex((step) => step.kind === "call");
  const call = steps[start];
  if (call?.kind !== "call") return undefined;
  const before = steps.slice(0, start).flatMap((step) => (step.kind === "name" ? [step.name] : []));
  // `expect.extend({})` and the like assert nothing.
  const isStatic = before.some((name) => !["soft", "poll", "expect", "element"].includes(name));
  if (isStatic)
    return /^(?:unreachable|fail|assertions)$/.test(before.at(-1) ?? "")
      ? helper(node, "expect", context)
      : undefined;
  const rest = steps.slice(start + 1);
  const words = rest.flatMap((step) => (step.kind === "name" && !FILLERS.test(step.name) ? [step.name] : []));
  const isPromise = words.includes("resolves") || words.includes("rejects") || before.includes("poll");
  const isNegated = words.filter((word) => word === "not").length % 2 === 1;
  const matcherWord = words.findLast((word) => !["not", "resolves", "rejects"].includes(word)) ?? "";
  const last = rest.at(-1);
  const args = last?.kind === "call" ? last.args : [];
  const isDone = last?.kind === "call" || CHAI_PROPERTIES.test(matcherWord);
  if (root === undefined) return undefined;
  return finish({
    node,
    subjectNode: call.args[0],
    matcherWord,
    isNegated,
    args,
    isDone,
    isPromise,
    context,
  });
}

function shouldChain(
  node: Node,
  steps: readonly Step[],
  should: number,
  context: AssertionContext,
): FoundAssertion | undefined {
  const rest = steps.slice(should + 1);
  const words = rest.flatMap((step) => (step.kind === "name" && !FILLERS.test(step.name) ? [step.name] : []));
  const last = rest.at(-1);
  const args = last?.kind === "call" ? last.args : [];
  const matcherWord = words.findLast((word) => word !== "not") ?? "";
  const isDone = last?.kind === "call" || CHAI_PROPERTIES.test(matcherWord);
  if (!isDone) return undefined;
  const holder = steps[should]?.node;
  const subjectNode = child(holder, "object");
  return finish({
    node,
    subjectNode,
    matcherWord,
    isNegated: words.includes("not"),
    args,
    isDone,
    isPromise: false,
    context,
  });
}

/** `assert.equal(subject, expected)`, `t.is(subject, expected)`, `assert(subject)`. */
function plainAssert(node: Node, { steps }: CallPath, context: AssertionContext): FoundAssertion | undefined {
  const words = steps.flatMap((step) => (step.kind === "name" ? [step.name] : []));
  const last = steps.at(-1);
  if (last?.kind !== "call") return undefined;
  const word = words.at(-1) ?? "assert";
  const [subjectNode, ...args] = last.args;
  const isNegated = /^not[A-Z]/.test(word) || word === "notOk";
  const isPromise = /rejects|throwsAsync|doesNotReject/i.test(word);
  const usesMessage = [
    "assert",
    "ok",
    "true",
    "false",
    "truthy",
    "falsy",
    "isTrue",
    "isFalse",
    "notOk",
  ].includes(word);
  const expected = usesMessage ? [] : args;
  const matcherWord =
    isNegated && word !== "notOk" ? lowerFirst(word.slice(3)) : word === "notOk" ? "ok" : word;
  return finish({
    node,
    subjectNode,
    matcherWord,
    isNegated,
    args: expected,
    isDone: true,
    isPromise,
    context,
  });
}

function lowerFirst(word: string): string {
  return word.slice(0, 1).toLowerCase() + word.slice(1);
}

interface Parts {
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

const COMPARISONS = new Map([
  ["===", "toBe"],
  ["==", "toBe"],
  ["!==", "not.toBe"],
  ["!=", "not.toBe"],
]);

function finish(parts: Parts): FoundAssertion {
  const { node, isDone, isPromise, context } = parts;
  let { subjectNode, isNegated } = parts;
  let matcher = isNegated ? `not.${parts.matcherWord}` : parts.matcherWord;
  let expectedNode = parts.args[0];
  let expected = parts.args.map((arg) => textOf(arg, context)).join();
  const shape = plain(subjectNode);
  // `assert(a === b)` and `expect(a === b).toBe(true)` compare `a` with `b`.
  const isTruth =
    /^(?:assert|ok|true|isTrue|isOk|toBeTruthy|truthy)$/.test(matcher) ||
    (matcher === "toBe" && expected === "true");
  if (isTruth && shape?.type === "BinaryExpression" && COMPARISONS.has(String(shape["operator"]))) {
    matcher = COMPARISONS.get(String(shape["operator"])) ?? matcher;
    isNegated = matcher.startsWith("not.");
    subjectNode = child(shape, "left");
    expectedNode = child(shape, "right");
    expected = textOf(expectedNode, context);
  }
  const subject = textOf(subjectNode, context);
  const emptiness = isDone
    ? whyEmpty({ subjectNode, subject, matcher, expectedNode, expected, parts })
    : "no matcher follows";
  let strength: Strength =
    isNegated && matcherStrength(parts.matcherWord, expected !== "") === "one-value"
      ? "some-values"
      : matcherStrength(matcher, expected !== "");
  if (matcher === "not.toBe") strength = "some-values";
  strength =
    STRENGTHS[
      Math.min(STRENGTHS.indexOf(strength), STRENGTHS.indexOf(expectedStrength(expectedNode, context)))
    ] ?? strength;
  return {
    subject,
    callee: calleeOf(subjectNode, context.names),
    matcher: matcher === "" ? "nothing" : matcher,
    strength: emptiness === undefined ? strength : "none",
    expected,
    line: context.lineAt(node.start),
    node,
    subjectNode,
    expectedNode,
    emptiness,
    isPromise,
  };
}

function textOf(node: Node | undefined, { text }: AssertionContext): string {
  return node ? normalText(text.slice(node.start, node.end)) : "";
}

/** The last name that an expression calls or reads: of `await calc.add(1, 2)`, `add`. */
export function calleeOf(node: Node | undefined, names: ReadonlyMap<string, Node>): string {
  let at = plain(node);
  for (let steps = 0; at && steps < 8; steps += 1) {
    if (isFunction(at)) {
      const body = plain(child(at, "body"));
      at = body?.type === "BlockStatement" ? plain(child(list(body, "body")[0], "expression")) : body;
      continue;
    }
    if (at.type === "CallExpression" || at.type === "NewExpression") {
      const called = plain(child(at, "callee"));
      const [argument] = list(at, "arguments");
      // `String(add(1, 2))` looks at what `add` gives.
      if (
        /^(?:String|Number|Boolean|Array|Object|Math|JSON)$/.test(
          nameOf(called) ?? nameOf(child(called, "object")) ?? "",
        ) &&
        argument
      ) {
        at = plain(argument);
        continue;
      }
      const property = nameOf(child(called, "property"));
      return property ?? nameOf(called) ?? calleeOf(called, NO_NAMES);
    }
    if (at.type === "AwaitExpression" || at.type === "UnaryExpression") at = plain(child(at, "argument"));
    else if (at.type === "BinaryExpression" || at.type === "LogicalExpression") at = plain(child(at, "left"));
    else if (at.type === "Identifier") {
      const bound = names.get(nameOf(at) ?? "");
      if (!bound) return nameOf(at) ?? "";
      at = plain(bound);
    } else if (at.type === "MemberExpression") {
      const object = plain(child(at, "object"));
      if (
        object?.type !== "CallExpression" &&
        object?.type !== "Identifier" &&
        object?.type !== "AwaitExpression"
      )
        return nameOf(child(at, "property")) ?? "";
      const isResult = object.type === "Identifier" ? names.has(nameOf(object) ?? "") : true;
      if (!isResult) return nameOf(child(at, "property")) ?? "";
      at = object;
    } else return "";
  }
  return "";
}

/** `expect.anything()` and `expect.any(Number)` let more pass than a value does. */
function expectedStrength(node: Node | undefined, { names }: AssertionContext): Strength {
  const { root, steps } = callPath(node, names);
  const name = steps[0]?.kind === "name" ? steps[0].name : "";
  if (/^(?:expect|jasmine|sinon|match|ANY)$/.test(root ?? "")) {
    if (name === "anything" || name === "truthy") return "none";
    if (name === "any" || name === "anyOf" || name === "closeTo") return "any-value";
    if (/Containing|Matching|containing|matching/.test(name)) return "some-values";
  }
  return "one-value";
}

const MATCHES_ALL =
  /^\^?(?:|\.\*|\.\*\??|\(\.\*\)|\[\\s\\S\]\*|\[\\S\\s\]\*|\[\^\]\*|\[\\w\\W\]\*|\[\\d\\D\]\*|\(\?:\)|\(\?:\.\|\\n\)\*|\.\{0,\}|\.\?|\|.*|.*\||\(\)|\.\+|\.)\$?$/;

export function matchesAll(node: Node | undefined, names: ReadonlyMap<string, Node>): boolean {
  let at = plain(node);
  if (at?.type === "Identifier") at = plain(names.get(nameOf(at) ?? "")) ?? at;
  const regex = at?.["regex"] as { pattern?: string } | undefined;
  if (regex) return MATCHES_ALL.test(regex.pattern ?? "x");
  if (
    (at?.type === "NewExpression" || at?.type === "CallExpression") &&
    nameOf(child(at, "callee")) === "RegExp"
  ) {
    const constant = constantOf(list(at, "arguments")[0], names);
    return constant !== undefined && MATCHES_ALL.test(String(constant.value));
  }
  const constant = constantOf(at, names);
  return constant?.value === "";
}

/** Why an assertion passes whatever the product does. */
function whyEmpty(options: {
  readonly subjectNode: Node | undefined;
  readonly subject: string;
  readonly matcher: string;
  readonly expectedNode: Node | undefined;
  readonly expected: string;
  readonly parts: Parts;
}): string | undefined {
  const { subjectNode, subject, matcher, expectedNode, expected, parts } = options;
  const { names } = parts.context;
  if (!subjectNode || subject === "") return undefined;
  // A list that has a name is filled by somebody; only what is written there is a constant.
  const isNamed = plain(subjectNode)?.type === "Identifier";
  const folded = constantOf(subjectNode, names);
  const value = folded && isNamed && "isObject" in folded ? undefined : folded;
  const isLiteral =
    value !== undefined && !isFunction(plain(subjectNode)) && plain(subjectNode)?.type !== "NewExpression";
  const isEquality = matcherStrength(matcher, true) === "one-value";
  if (isLiteral && (expectedNode === undefined || constantOf(expectedNode, names) !== undefined)) {
    const isObject = "isObject" in value;
    const passes =
      matcher === "assert" ||
      matcher === "ok" ||
      expectedNode !== undefined ||
      /^(?:to|not\.|true|truthy|isTrue|isOk|exist)/.test(matcher);
    if (passes && (!isObject || isTruthy(value)) && !isData(subjectNode, expectedNode))
      return "it looks at a constant";
  }
  if (isEquality && subject === expected) return "it compares something with itself";
  if (isEquality && sameThing(subjectNode, expectedNode, parts.context))
    return "it compares something with itself";
  if (
    /^(?:toMatch|match|matches|toContain|include|contains|stringMatching|regex)$/.test(matcher) &&
    matchesAll(expectedNode, names)
  )
    return "its pattern matches everything";
  if (matcher === "toBeCloseTo" && parts.args[1] && Number(constantOf(parts.args[1], names)?.value) <= 0)
    return "its tolerance is so wide that a wrong value passes";
  if (/^(?:closeTo|approximately)$/.test(matcher)) {
    const delta = Number(constantOf(parts.args[1], names)?.value);
    const wanted = Number(constantOf(expectedNode, names)?.value);
    if (delta >= Math.max(1, Math.abs(wanted))) return "its tolerance is so wide that a wrong value passes";
  }
  const limit = constantOf(expectedNode, names);
  if (matcher === "toBeGreaterThanOrEqual" && limit?.value === 0 && /\.(?:length|size)$/.test(subject))
    return "every length is at least zero";
  if (
    /^toBe(?:Greater|Less)Than/.test(matcher) &&
    typeof limit?.value === "number" &&
    Math.abs(limit.value) >= 1e9
  )
    return "its limit is so wide that a wrong value passes";
  if (
    matcher === "toMatchObject" &&
    plain(expectedNode)?.type === "ObjectExpression" &&
    list(plain(expectedNode), "properties").length === 0
  )
    return "it asks for no property";
  if (
    matcher === "toSatisfy" &&
    isFunction(plain(expectedNode)) &&
    constantOf(child(plain(expectedNode), "body"), names)
  )
    return "its condition is a constant";
  const { root, steps } = callPath(expectedNode, names);
  const [first, second] = steps;
  if (root === "expect" && first?.kind === "name") {
    if (first.name === "anything") return "anything passes it";
    const argument = second?.kind === "call" ? plain(second.args[0]) : undefined;
    if (first.name === "any" && nameOf(argument) === "Object") return "anything passes it";
    if (/^stringMatching$|^stringContaining$/.test(first.name) && matchesAll(argument, names))
      return "its pattern matches everything";
    const isNone =
      argument?.type === "ObjectExpression"
        ? list(argument, "properties").length === 0
        : argument?.type === "ArrayExpression" && list(argument, "elements").length === 0;
    if (first.name.endsWith("Containing") && isNone) return "anything passes it";
  }
  const bound = plain(expectedNode);
  if (isEquality && bound?.type === "ObjectExpression" && hasAlwaysEqual(bound))
    return "what it compares with is equal to everything";
  return undefined;
}

/** Two literals of which one is a list or an object: a test of the test's own data, which people write. */
function isData(subject: Node | undefined, expected: Node | undefined): boolean {
  const data = /^(?:ArrayExpression|ObjectExpression|TemplateLiteral)$/;
  return (
    expected !== undefined &&
    (data.test(plain(subject)?.type ?? "") || data.test(plain(expected)?.type ?? "")) &&
    plain(subject)?.type !== "Literal"
  );
}

/**
 * A name, and what it was given: `const r = add(1, 2); expect(add(1, 2)).toBe(r)`. Where something is done in between, the test
 * compares before with after.
 */
function sameThing(subject: Node, expected: Node | undefined, context: AssertionContext): boolean {
  let given = 0;
  const resolve = (node: Node | undefined): string => {
    let at = plain(node);
    for (let steps = 0; at && steps < 4; steps += 1) {
      const value = at.type === "Identifier" ? context.names.get(nameOf(at) ?? "") : undefined;
      if (at.type === "AwaitExpression") at = plain(child(at, "argument"));
      else if (value) {
        given = Math.max(given, value.end);
        at = plain(value);
      } else break;
    }
    const isCode =
      at?.type === "CallExpression" || at?.type === "Identifier" || at?.type === "MemberExpression";
    return isCode ? textOf(at, context) : "";
  };
  const [a, b] = [resolve(subject), resolve(expected)];
  if (a === "" || a !== b) return false;
  const between = context.text.slice(given, Math.max(given, subject.start));
  return (
    given === 0 || !/[(=]|\bawait\b/.test(between.replace(/\bexpect\w*(?:\.soft)?\($|\bassert[\w.]*\($/, ""))
  );
}

export function hasAlwaysEqual(object: Node): boolean {
  return list(object, "properties").some((property) => {
    const key = child(property, "key");
    return nameOf(key) === "asymmetricMatch" && returnsConstant(child(property, "value"));
  });
}

/** A function that gives the same constant whatever it is asked. */
export function returnsConstant(node: Node | undefined): boolean {
  const at = plain(node);
  if (!isFunction(at)) return false;
  const body = plain(child(at, "body"));
  if (body?.type !== "BlockStatement") return isScalar(body);
  const statements = list(body, "body");
  return (
    statements.length === 1 &&
    statements[0]?.type === "ReturnStatement" &&
    isScalar(child(statements[0], "argument"))
  );
}

function isScalar(node: Node | undefined): boolean {
  const constant = constantOf(node, NO_NAMES);
  return constant !== undefined;
}
