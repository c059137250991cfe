import { callPath, NO_NAMES } from "./call-path.ts";
import { constantOf, isTruthy } from "./constants.ts";
import { textOf, type AssertionContext, type AssertionParts } from "./found-assertion.ts";
import { matcherStrength } from "./matcher-strength.ts";
import { child, isFunction, list, nameOf, plain, type Node } from "./syntax-node.ts";

const MATCHES_ALL =
  /^\^?(?:|\.\*|\.\*\??|\(\.\*\)|\[\\s\\S\]\*|\[\\S\\s\]\*|\[\^\]\*|\[\\w\\W\]\*|\[\\d\\D\]\*|\(\?:\)|\(\?:\.\|\\n\)\*|\.\{0,\}|\.\?|\|.*|.*\||\(\)|\.\+|\.)\$?$/;

function matchesAll(node: Node | undefined, names: ReadonlyMap<string, Node>): boolean {
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
export function whyEmpty(options: {
  readonly subjectNode: Node | undefined;
  readonly subject: string;
  readonly matcher: string;
  readonly expectedNode: Node | undefined;
  readonly expected: string;
  readonly parts: AssertionParts;
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

function hasAlwaysEqual(object: Node): boolean {
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
