import type { FileFinder } from "../finder.ts";
import { judgeCall, judgeKnownCall } from "./code-calls.ts";
import { evaluatorOf } from "./evaluator-of.ts";
import { FORBIDDEN_MEMBERS, FORBIDDEN_MODULES, FORBIDDEN_PATHS } from "./forbidden-paths.ts";
import { judgeGlobalMember, judgeGlobalValue } from "./global-object.ts";
import { judgeStructure } from "./hidden-structures.ts";
import { isGranted } from "./is-granted.ts";
import { milder, type Judging } from "./judging.ts";
import { knownCallsOf } from "./known-calls.ts";
import { isKnown, pathsOfRequest, requestsOf } from "./module-requests.ts";
import { OccurrenceList } from "./occurrence-list.ts";
import { calledName, isCallee, isCompared, isGivenToWrapper } from "./position.ts";
import { keyOf, type IdentifierNode, type MemberNode, type Place } from "./place.ts";
import { factsOf } from "./program-facts.ts";
import { globalPath, modulePath } from "./runtime-paths.ts";
import { bare, type Node } from "./syntax.ts";

/** References to what runs text as code, starts processes, loads native code, or hides which of the globals is meant. */
export const capabilityFinder: FileFinder = {
  name: "javascript.capabilities",
  find(file, scope) {
    const facts = factsOf(file);
    const evaluator = evaluatorOf(file);
    if (!facts || !evaluator) return [];
    const judging: Judging = { file, facts, evaluator, scope, found: new OccurrenceList(file) };
    judgeRequests(judging);
    for (const place of facts.names) judgeName(judging, place);
    for (const place of facts.members) judgeMember(judging, place);
    for (const call of knownCallsOf(file)) judgeKnownCall(judging, call);
    for (const place of facts.calls) judgeCall(judging, place);
    for (const place of facts.others) judgeStructure(judging, place);
    for (const place of facts.joins) judgeScriptAddress(judging, place);
    if (/javascript:/i.test(file.text)) for (const place of facts.texts) judgeScriptAddress(judging, place);
    return judging.found.all;
  },
};

/** `javascript:…` with something to run behind it; alone it is what honest code looks for. */
function judgeScriptAddress(judging: Judging, { node, scope }: Place): void {
  const isShort =
    node.type === "Literal" && typeof node.value === "string" && !/^\s*javascript:/i.test(node.value);
  if (isShort || node.end - node.start > 4_000) return;
  const isCode = judging.evaluator
    .textsOf(node, scope)
    .some((each) => /^\s*javascript:(?!\s*(?:;|void\b|$))/i.test(each));
  if (isCode) judging.found.add({ start: node.start, rule: "js-script-injection", key: "javascript:" });
}

function judgeRequests(judging: Judging): void {
  for (const request of requestsOf(judging.file)) {
    if (request.typeOnly) continue;
    for (const specifier of request.specifiers) {
      if (!isKnown(specifier) || isGranted(judging.scope.settings, specifier)) continue;
      const path = modulePath(specifier);
      const verdicts = pathsOfRequest(request, path).flatMap((each, index) => {
        const verdict = index === 0 ? FORBIDDEN_MODULES.get(each) : FORBIDDEN_PATHS.get(each);
        return verdict ? [{ verdict, key: each }] : [];
      });
      for (const { verdict, key } of verdicts)
        judging.found.add({
          start: request.start,
          key,
          ...verdict,
          level: request.unused ? "warn" : milder(judging, verdict),
        });
    }
    if (request.oddLoader)
      judging.found.add({
        start: request.start,
        rule: "js-odd-loader",
        key: request.specifiers.join("|"),
        level: "warn",
      });
  }
}

/** Members of `Function` that give nothing to make code with. */
const HARMLESS_OF_FUNCTION: ReadonlySet<string> = new Set(["name", "prototype", "length", "displayName"]);
/** Functions that take a class to compare something with it. */
const MATCHERS =
  /^(?:any|an?|is|isA|isInstance|instanceOf|isInstanceOf|toBeInstanceOf|toEqual|toBe|toStrictEqual|expect|assert\w*|\w*[eE]qual|prop|type|oneOfType|custom|validate|ofType|isPrototypeOf|includes|has|add|Prop|Type|Reflect|instance|isType|inject|get|resolve|getMetadata|metadata|mock|describe)$/;

function judgeName(judging: Judging, { node, scope, parent }: Place<IdentifierNode>): void {
  if (node.name === "require" && isHandedOn(node, parent))
    judging.found.add({ start: node.start, rule: "js-odd-loader", key: "require as a value", level: "warn" });
  const binding = scope.find(node.name);
  if (binding) {
    if (node.name === "eval")
      judging.found.add({
        start: node.start,
        rule: "js-code-from-text",
        key: "eval, declared",
        level: "warn",
      });
    return;
  }
  const path = globalPath(node.name);
  if (path === undefined) {
    if (FORBIDDEN_PATHS.has(node.name)) report(judging, node, parent, node.name);
    return;
  }
  report(judging, node, parent, path);
  if (path === "global") judgeGlobalValue(judging, { node, scope, parent });
}

/** Wrappers of bundlers and module formats get the loader, and are no reason to look. */
const WRAPPERS = /^(?:factory|define|mod|fn|wrapper|createCommonjsModule|__\w+|call|apply|bind)$/;

function isHandedOn(node: Node, parent: Node): boolean {
  if (parent.type !== "CallExpression" || isCallee(node, parent)) return false;
  return !isGivenToWrapper(parent) && !WRAPPERS.test(calledName(parent.callee));
}

function judgeMember(judging: Judging, { node, scope, parent }: Place<MemberNode>): void {
  const paths = judging.evaluator.pathsOf(node, scope);
  for (const path of paths.length > 1 ? new Set(paths) : paths) {
    report(judging, node, parent, path);
    if (path === "global") judgeGlobalValue(judging, { node, scope, parent });
  }
  judgeGlobalMember(judging, { node, scope, parent });
  const key = keyOf(node) ?? judging.evaluator.keysOf(node, scope)[0];
  if (key === undefined || (key !== "constructor" && !FORBIDDEN_MEMBERS.has(key))) return;
  const verdict = FORBIDDEN_MEMBERS.get(key);
  if (verdict && (isCallee(node, parent) || key === "prepareStackTrace"))
    judging.found.add({ start: node.start, key, ...verdict, level: milder(judging, verdict) });
  if (key !== "constructor") return;
  const object = bare(node.object);
  const isTwice =
    object.type === "MemberExpression" &&
    (keyOf(object) ?? judging.evaluator.keysOf(object, scope)[0]) === "constructor";
  if (isTwice) report(judging, node, parent, "Function");
}

function report(judging: Judging, node: Node, parent: Node, path: string): void {
  const verdict = FORBIDDEN_PATHS.get(path);
  if (!verdict || isCompared(node, parent)) return;
  if (path !== "Function") {
    judging.found.add({ start: node.start, key: path, ...verdict, level: milder(judging, verdict) });
    return;
  }
  const level = levelOfFunction(node, parent);
  if (level !== "none") judging.found.add({ start: node.start, key: path, ...verdict, level });
}

/** `Function` is a type to compare with in most programs: what matters is whether it can be called where it goes. */
function levelOfFunction(node: Node, parent: Node): "block" | "warn" | "none" {
  if (isCallee(node, parent)) return "block";
  switch (parent.type) {
    case "MemberExpression":
      return HARMLESS_OF_FUNCTION.has(keyOf(parent) ?? "") ? "none" : "block";
    case "CallExpression":
    case "NewExpression": {
      const name = calledName(parent.callee);
      return MATCHERS.test(name) && !/^Reflect$/.test(name) ? "none" : "warn";
    }
    case "Property":
    case "ArrayExpression":
    case "SwitchCase":
    case "Decorator":
    case "ReturnStatement":
      return "none";
    case "ArrowFunctionExpression":
      return "none";
    case "LogicalExpression":
    case "ConditionalExpression":
    case "ExpressionStatement":
      return "warn";
    default:
      return "block";
  }
}
