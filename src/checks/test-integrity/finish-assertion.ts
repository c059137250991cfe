import { STRENGTHS, type Strength } from "../../core/test-case.ts";
import { callPath } from "./call-path.ts";
import { calleeOf } from "./callee-of.ts";
import { whyEmpty } from "./empty-assertion.ts";
import {
  textOf,
  type AssertionContext,
  type AssertionParts,
  type FoundAssertion,
} from "./found-assertion.ts";
import { matcherStrength } from "./matcher-strength.ts";
import { child, plain, type Node } from "./syntax-node.ts";

const COMPARISONS = new Map([
  ["===", "toBe"],
  ["==", "toBe"],
  ["!==", "not.toBe"],
  ["!=", "not.toBe"],
]);

/** The assertion that these are the parts of, and whether anything can fail it. */
export function finishAssertion(parts: AssertionParts): FoundAssertion {
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
