import { normalText } from "../../core/normal-text.ts";
import { splitTopLevel, stringEnd, topLevel } from "../../core/python-lines.ts";
import type { Assertion, Strength } from "../../core/test-case.ts";

export interface PythonAssertion extends Omit<Assertion, "line"> {
  /** Why nothing can fail it, whatever the product does. */
  readonly emptiness?: string;
}

const UNITTEST: Readonly<Record<string, Strength>> = {
  Equal: "one-value",
  Equals: "one-value",
  Is: "one-value",
  ListEqual: "one-value",
  DictEqual: "one-value",
  TupleEqual: "one-value",
  SetEqual: "one-value",
  SequenceEqual: "one-value",
  MultiLineEqual: "one-value",
  CountEqual: "one-value",
  AlmostEqual: "one-value",
  IsNone: "one-value",
  QuerySetEqual: "one-value",
  HTMLEqual: "one-value",
  JSONEqual: "one-value",
  True: "any-value",
  False: "any-value",
  IsNotNone: "any-value",
  IsInstance: "any-value",
  NotEqual: "some-values",
};

/** What a statement asserts; none where it is no assertion. `values` are the names that the test gives a value once. */
export function pythonAssertions(statement: string, values: ReadonlyMap<string, string>): PythonAssertion[] {
  if (/^assert\b/.test(statement)) return assertStatement(statement.slice(6).trim(), values);
  const called = /^(?:await\s+)?([\w.]+)\s*\(/.exec(statement);
  if (!called) {
    if (/^raise\s+AssertionError\b/.test(statement)) return [helper(statement, "raise")];
    const within = /^(?:async\s+)?with\s+(.*)$/s.exec(statement)?.[1] ?? "";
    const raises =
      /(?:^|[\s,])(?:[\w]+\.)?(raises|warns|deprecated_call|assertRaises\w*|assertWarns\w*|assertLogs|RaisesGroup|assert_raises\w*)\s*\(/.exec(
        within,
      );
    return raises
      ? [{ ...helper(within, raises[1] ?? ""), matcher: raises[1] ?? "", expected: normalText(within) }]
      : [];
  }
  const name = called[1] ?? "";
  const last = name.slice(name.lastIndexOf(".") + 1);
  const unit = /^assert(\w+)$/.exec(last)?.[1];
  if (
    unit !== undefined &&
    (name.startsWith("self.") || name.startsWith("cls.") || name.startsWith("case."))
  ) {
    return [unittestAssertion(unit, argumentsOf(statement), values)];
  }
  if (
    /^(?:assert|check|expect|verify|ensure|should)_?\w+$/.test(last) &&
    !/^(?:expect_\w*|checkout\w*|check_call|check_output)$/.test(last)
  )
    return [helper(statement, last)];
  if (/(?:^|\.)(?:fail|raises|assert_\w+)$/.test(name)) return [helper(statement, last)];
  return [];
}

function helper(statement: string, name: string): PythonAssertion {
  return {
    subject: normalText(statement),
    callee: name,
    matcher: "helper",
    strength: "some-values",
    expected: "",
  };
}

function argumentsOf(statement: string): string[] {
  const open = statement.indexOf("(");
  const close = statement.lastIndexOf(")");
  return splitTopLevel(statement.slice(open + 1, close === -1 ? undefined : close), ",").filter(
    (part) => part !== "",
  );
}

function unittestAssertion(
  unit: string,
  args: readonly string[],
  values: ReadonlyMap<string, string>,
): PythonAssertion {
  const strength = UNITTEST[unit] ?? "some-values";
  const [first = "", second = ""] = args;
  if (unit === "True" || unit === "False") {
    const [inner] = assertExpression(first, values);
    if (inner && unit === "True") return inner.matcher === "assert" ? { ...inner, matcher: "True" } : inner;
  }
  const isPair = /Equal|^Is$|^IsNot$|In$|Greater|Less|Regex|IsInstance|Almost/.test(unit);
  const found = pair({ left: first, right: isPair ? second : "", matcher: unit, strength, values });
  const rest = args.slice(2).filter((part) => /^(?:delta|places|msg)?=?/.test(part) && !/^msg\b/.test(part));
  const delta = args.find((part) => /^delta\s*=/.test(part))?.split("=")[1];
  const places =
    args.find((part) => /^places\s*=/.test(part))?.split("=")[1] ??
    (unit.includes("Almost") && /^-?\d+$/.test(args[2] ?? "") ? args[2] : undefined);
  const isWide =
    (delta !== undefined && isWideTolerance(delta, second)) || (places !== undefined && Number(places) <= 0);
  return {
    ...found,
    expected: [found.expected, ...rest.map(normalText)].join(),
    ...(isWide ? { emptiness: WIDE, strength: "none" as const } : {}),
  };
}

const WIDE = "its tolerance is so wide that a wrong value passes";

function isWideTolerance(tolerance: string, wanted: string): boolean {
  const [size, about] = [numberOf(tolerance), numberOf(wanted)];
  if (size === undefined) return /inf/.test(tolerance);
  return size >= Math.max(1, Math.abs(about ?? 1));
}

function numberOf(text: string): number | undefined {
  const value = Number(text.replaceAll("_", "").trim());
  return text.trim() === "" || Number.isNaN(value) ? undefined : value;
}

function assertStatement(code: string, values: ReadonlyMap<string, string>): PythonAssertion[] {
  const isGroup = code.startsWith("(") && closesAtEnd(code);
  const parts = isGroup ? splitTopLevel(code.slice(1, -1), ",") : [];
  if (parts.length > 1) return [empty(code, "a tuple that is not empty is always true")];
  const expression = splitTopLevel(code, ",")[0] ?? "";
  return splitTopLevel(unwrap(expression), " and ").flatMap((part) => assertExpression(part, values));
}

/** Without the brackets around all of it. */
export function unwrap(code: string): string {
  let at = code.trim();
  for (let turns = 0; turns < 8; turns += 1) {
    if (!at.startsWith("(") || !at.endsWith(")") || !closesAtEnd(at)) return at;
    const inner = at.slice(1, -1).trim();
    if (inner === "" || topLevel(inner, ",").length > 0) return at;
    at = inner;
  }
  return at;
}

function closesAtEnd(code: string): boolean {
  let depth = 0;
  for (let at = 0; at < code.length; at += 1) {
    if (code[at] === '"' || code[at] === "'") at = stringEnd(code, at) - 1;
    else if ("([{".includes(code[at] ?? "")) depth += 1;
    else if (")]}".includes(code[at] ?? "")) depth -= 1;
    if (depth === 0) return at === code.length - 1;
  }
  return false;
}

function empty(code: string, emptiness: string): PythonAssertion {
  return {
    subject: normalText(code),
    callee: "",
    matcher: "assert",
    strength: "none",
    expected: "",
    emptiness,
  };
}

const OPERATORS: readonly (readonly [string, Strength])[] = [
  [" not in ", "some-values"],
  [" is not ", "any-value"],
  ["==", "one-value"],
  ["!=", "some-values"],
  [">=", "some-values"],
  ["<=", "some-values"],
  [" is ", "one-value"],
  [" in ", "some-values"],
  [">", "some-values"],
  ["<", "some-values"],
];

function assertExpression(code: string, values: ReadonlyMap<string, string>): PythonAssertion[] {
  const expression = unwrap(code);
  const alternatives = splitTopLevel(expression, " or ");
  if (alternatives.length > 1) {
    const always = alternatives.find((part) => truthOf(part, values) === true || isSelf(part));
    if (always !== undefined) return [empty(expression, "one of its alternatives is always true")];
    const [first] = assertExpression(alternatives[0] ?? "", values);
    return first
      ? [
          {
            ...first,
            matcher: `${first.matcher} or`,
            strength: "some-values",
            expected: normalText(expression),
          },
        ]
      : [];
  }
  const truth = truthOf(expression, values);
  if (truth === true) return [empty(expression, "it looks at a constant")];
  if (truth === false) return [helper(expression, "")]; // it always fails: what is not to be reached
  for (const [operator, strength] of OPERATORS) {
    const parts = splitTopLevel(expression, operator);
    if (parts.length !== 2 || parts.some((part) => part === "")) continue;
    const [left = "", right = ""] = parts;
    return [pair({ left, right, matcher: operator.trim(), strength, values })];
  }
  if (/^isinstance\s*\(/.test(expression)) {
    const [subject = "", type = ""] = argumentsOf(expression);
    if (type.trim() === "object") return [empty(expression, "everything is an object")];
    return [
      {
        subject: normalText(subject),
        callee: calleeOf(subject, values),
        matcher: "isinstance",
        strength: "any-value",
        expected: normalText(type),
      },
    ];
  }
  if (/^callable\s*\(|^hasattr\s*\(/.test(expression)) {
    const [subject = ""] = argumentsOf(expression);
    return [
      {
        subject: normalText(subject),
        callee: calleeOf(subject, values),
        matcher: "assert",
        strength: "any-value",
        expected: "",
      },
    ];
  }
  const matched = /^(?:re\.)(?:match|search|fullmatch)\s*\(/.test(expression) ? argumentsOf(expression) : [];
  if (matched.length > 1 && /^r?["'](?:\^?(?:\.\*|\[\\s\\S\]\*|)\$?|)["']$/.test(matched[0] ?? ""))
    return [empty(expression, "its pattern matches everything")];
  if (/^(?:any|all)\s*\(\s*(?:\[\s*\]|\(\s*\))\s*\)$/.test(expression))
    return [empty(expression, "it looks at an empty list")];
  const negated = /^not\s+/.test(expression);
  const subject = negated ? expression.slice(4) : expression;
  return [
    {
      subject: normalText(subject),
      callee: calleeOf(subject, values),
      matcher: negated ? "not" : "assert",
      strength: "any-value",
      expected: "",
    },
  ];
}

function pair(options: {
  readonly left: string;
  readonly right: string;
  readonly matcher: string;
  readonly strength: Strength;
  readonly values: ReadonlyMap<string, string>;
}): PythonAssertion {
  const { matcher, values } = options;
  let { left, right, strength } = options;
  if (isLiteral(left) && !isLiteral(right) && right !== "") [left, right] = [right, left];
  let why: string | undefined;
  const isEquality = strength === "one-value" || matcher === ">=" || matcher === "<=";
  const [a, b] = [resolve(left, values), resolve(right, values)];
  if (
    isEquality &&
    right !== "" &&
    (normalText(left) === normalText(right) || (a === b && /[\w)]$/.test(a) && !isLiteral(a)))
  )
    why = "it compares something with itself";
  else if (isLiteral(left) && isLiteral(right)) why = "it looks at a constant";
  else if (
    /^(?:mock\.|unittest\.mock\.|m\.)?ANY$/.test(right.trim()) ||
    /^(?:AlwaysEqual|ALWAYS_EQ|IsAnything|Anything)\b/i.test(right.trim())
  )
    why = "anything passes it";
  else if (matcher === ">=" && left.trim().startsWith("len(") && right.trim() === "0")
    why = "every length is at least zero";
  else if (matcher === "is not" && right.trim() !== "None" && isLiteral(right))
    why = "it compares with a value that is made for it";
  else if (matcher === "in" && containsItself(left, right)) why = "it compares something with itself";
  else if (/^""$|^''$/.test(left.trim()) && matcher === "in") why = "every text has it";
  const approx = /\bapprox\s*\(/.exec(right);
  if (approx) {
    const args = argumentsOf(right.slice(approx.index));
    const option = (name: string): string | undefined =>
      args.find((part) => new RegExp(`^${name}\\s*=`).test(part))?.split("=")[1];
    const [abs, rel] = [option("abs"), option("rel") ?? args[1]];
    if (abs !== undefined && isWideTolerance(abs, args[0] ?? "")) why = WIDE;
    if (rel !== undefined && !rel.includes("=") && (numberOf(rel) ?? (/inf/.test(rel) ? 9 : 0)) >= 0.5)
      why = WIDE;
  }
  if (left.trim().startsWith("abs(") && /^<=?$/.test(matcher) && isWideTolerance(right, "1000")) why = WIDE;
  if (/\binf\b|float\(["']inf/.test(right) && /^[<>]=?$/.test(matcher))
    why = "its limit is so wide that a wrong value passes";
  if (matcher === "is not" && right.trim() === "None") strength = "any-value";
  return {
    subject: normalText(left),
    callee: calleeOf(left, values),
    matcher,
    strength: why === undefined ? strength : "none",
    expected: normalText(right),
    ...(why === undefined ? {} : { emptiness: why }),
  };
}

/** `assert r in (3, r)`. */
function containsItself(left: string, right: string): boolean {
  const inner = /^[([{](.*)[)\]}]$/s.exec(right.trim())?.[1];
  return (
    inner !== undefined && splitTopLevel(inner, ",").some((part) => normalText(part) === normalText(left))
  );
}

function isSelf(code: string): boolean {
  const parts = splitTopLevel(unwrap(code), "==");
  return parts.length === 2 && normalText(parts[0] ?? "") === normalText(parts[1] ?? "x");
}

function resolve(code: string, values: ReadonlyMap<string, string>): string {
  let at = code.trim();
  for (let turns = 0; turns < 4; turns += 1) {
    const value = values.get(at);
    if (value === undefined) break;
    at = value.trim();
  }
  return normalText(at.replace(/^await\s+/, ""));
}

export function isLiteral(code: string): boolean {
  const at = unwrap(code);
  if (/^-?(?:\d[\w.]*|True|False|None|\.\.\.)$/.test(at)) return true;
  if (/^(?:[rbfuRBFU]{0,2})(?:"[^"\\\n]*"|'[^'\\\n]*')$/.test(at)) return !/^[rR]?[fF]/.test(at);
  const inner = /^[([{](.*)[)\]}]$/s.exec(at)?.[1];
  if (inner === undefined || !closesAtEnd(at) || at.length > 2000) return false;
  return splitTopLevel(inner, ",").every(
    (part) => part === "" || splitTopLevel(part, ":").every((each) => isLiteral(each)),
  );
}

/** Whether an expression is known to be true, or false. */
export function truthOf(code: string, values: ReadonlyMap<string, string>): boolean | undefined {
  let at = unwrap(code);
  let isNot = false;
  while (/^not\s/.test(at)) {
    isNot = !isNot;
    at = unwrap(at.slice(4));
  }
  const bound = values.get(at);
  if (bound !== undefined && isLiteral(bound)) at = unwrap(bound);
  const bool = /^bool\s*\((.*)\)$/s.exec(at)?.[1];
  if (bool !== undefined) at = unwrap(bool);
  const truth = literalTruth(at);
  return truth === undefined ? undefined : truth !== isNot;
}

function literalTruth(at: string): boolean | undefined {
  if (/^(?:lambda\b|\.\.\.$|NotImplemented$|__debug__$)/.test(at)) return true;
  if (/^(?:TYPE_CHECKING|typing\.TYPE_CHECKING)$/.test(at)) return false;
  const compared = /^(-?\d+)\s*(==|!=|<|>|<=|>=)\s*(-?\d+)$/.exec(at);
  if (compared) {
    const [a, b] = [Number(compared[1]), Number(compared[3])];
    const results: Readonly<Record<string, boolean>> = {
      "==": a === b,
      "!=": a !== b,
      "<": a < b,
      ">": a > b,
      "<=": a <= b,
      ">=": a >= b,
    };
    return results[compared[2] ?? ""];
  }
  if (!isLiteral(at)) return /^(?:object|Exception|type)\(\)$/.test(at) ? true : undefined;
  if (/^-?\d/.test(at)) return Number(at.replaceAll("_", "")) !== 0;
  if (at === "True") return true;
  if (at === "False" || at === "None") return false;
  return !/^(?:[rbuRBU]?(?:""|''|""""""|'''''')|\[\s*\]|\(\s*\)|\{\s*\}|set\(\)|dict\(\)|list\(\))$/.test(at);
}

/** The name of what an expression calls last, or reads: of `calc.add(1, 2)`, `add`. */
export function calleeOf(code: string, values: ReadonlyMap<string, string>): string {
  let at = unwrap(code).replace(/^await\s+/, "");
  for (let turns = 0; turns < 4; turns += 1) {
    const builtin =
      /^(?:str|int|float|list|sorted|len|set|tuple|dict|repr|bool|abs|sum|round|next|type|isinstance)\s*\(/.exec(
        at,
      );
    if (builtin) at = argumentsOf(at)[0] ?? "";
    const value = values.get(/^[A-Za-z_]\w*/.exec(at)?.[0] ?? "");
    if (value === undefined || /^[A-Za-z_]\w*\s*\(/.test(at)) break;
    at = value.replace(/^await\s+/, "");
  }
  const chain = /^(?:[A-Za-z_]\w*\s*\.\s*)*([A-Za-z_]\w*)/.exec(at);
  return chain?.[1] ?? "";
}
