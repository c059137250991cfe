import { normalText } from "../../core/normal-text.ts";
import type { CallPath, Step } from "./call-path.ts";
import { finishAssertion } from "./finish-assertion.ts";
import type { AssertionContext, FoundAssertion } from "./found-assertion.ts";
import { child, type Node } from "./syntax-node.ts";

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
  return finishAssertion({
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
  return finishAssertion({
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
  return finishAssertion({
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
