import { FORBIDDEN_PATHS, GUARDED_OBJECTS } from "./forbidden-paths.ts";
import { sourceOf, type Judging } from "./judging.ts";
import { calledName, isCallee, isGivenToWrapper } from "./position.ts";
import { keyOf, type MemberNode, type Place } from "./place.ts";
import { memberPath } from "./runtime-paths.ts";
import type { Scope } from "./scopes.ts";
import { bare, type Node } from "./syntax.ts";
import { HOLE } from "./values.ts";

/** A member of a guarded object by a name that is not written down. */
export function judgeGlobalMember(judging: Judging, { node, scope, parent }: Place<MemberNode>): void {
  if (!node.computed || keyOf(node) !== undefined) return;
  const guarded = judging.evaluator.pathsOf(node.object, scope).find((each) => GUARDED_OBJECTS.has(each));
  if (guarded === undefined) return;
  const key = bare(node.property);
  if (isSymbol(key, scope)) return;
  const values = judging.evaluator.valuesOf(key, scope);
  const keys = judging.evaluator.keysOf(node, scope);
  if (values.length > 0 && values.every((each) => each.kind === "number")) return;
  const isPlain =
    keys.length > 0 && keys.every((each) => !each.includes(HOLE) || !mayBeForbidden(guarded, each));
  if (isPlain) {
    // Known after all, and nothing that is forbidden: odd only if it was decoded.
    return;
  }
  const isAssigned = parent.type === "AssignmentExpression" && bare(parent.left) === node;
  judging.found.add({
    start: node.start,
    rule: "js-computed-global",
    key: sourceOf(judging, node),
    level: isCallee(node, parent) ? "block" : isAssigned ? "info" : "warn",
  });
}

/** Whether a name with unknown parts could be one of those that are forbidden. */
function mayBeForbidden(object: string, name: string): boolean {
  const parts = name.split(HOLE);
  const [head = "", tail = ""] = [parts[0], parts.at(-1)];
  if (head + tail === "") return true;
  const base = object === "global" ? "" : `${object}.`;
  for (const path of FORBIDDEN_PATHS.keys()) {
    if (!path.startsWith(base)) continue;
    const own = path.slice(base.length);
    if (own.startsWith(head) && own.endsWith(tail)) return true;
  }
  return false;
}

function isSymbol(key: Node, scope: Scope): boolean {
  const at = key.type === "CallExpression" ? bare(key.callee) : key;
  const object = at.type === "MemberExpression" ? bare(at.object) : at;
  if (object.type !== "Identifier") return false;
  if (object.name === "Symbol") return true;
  const sources = key.type === "Identifier" ? (scope.find(key.name)?.sources ?? []) : [];
  return (
    sources.length > 0 && sources.every((each) => each.way.length === 0 && isSymbolItself(bare(each.node)))
  );
}

function isSymbolItself(node: Node): boolean {
  const at = node.type === "CallExpression" ? bare(node.callee) : node;
  const object = at.type === "MemberExpression" ? bare(at.object) : at;
  return object.type === "Identifier" && object.name === "Symbol";
}

const ENUMERATIONS: ReadonlySet<string> = new Set([
  "getOwnPropertyNames",
  "getOwnPropertyDescriptors",
  "ownKeys",
  "entries",
  "keys",
  "values",
]);
/** Functions that get the global object in honest programs: to add to it, listen to it, replace a part of it for a test. */
const USUAL =
  /^(?:defineProperty|defineProperties|assign|spyOn|stub|mock\w*|replace\w*|hasOwn|hasOwnProperty|setGlobalOrigin|call|apply|bind|on|off|\$|jQuery|use[A-Z]\w*|fireEvent|dispatchEvent|add\w*|remove\w*|fromEvent|expect|is\w*|get[A-Z]\w*|deleteProperty|setPrototypeOf|install\w*|inject\w*|register\w*|create[A-Z]\w*|patch\w*|wrap\w*|observe|listen|\w*[lL]istener|set[A-Z]\w*|render|test)$/;

/** The global object handed on as a value: what gets it gets everything. */
export function judgeGlobalValue(judging: Judging, { node, parent }: Place): void {
  const level = levelOfValue(node, parent);
  if (level === undefined) return;
  judging.found.add({
    start: node.start,
    rule: "js-global-as-value",
    key: sourceOf(judging, parent).slice(0, 120),
    level,
  });
}

function levelOfValue(node: Node, parent: Node): "block" | "warn" | undefined {
  const isWindow = node.type === "Identifier" && node.name === "window";
  switch (parent.type) {
    case "CallExpression":
    case "NewExpression": {
      if (isCallee(node, parent) || isGivenToWrapper(parent)) return undefined;
      const name = calledName(parent.callee);
      if (name === "Proxy" || ENUMERATIONS.has(name)) return "warn";
      const isDescriptor = name === "getOwnPropertyDescriptor" || name === "get";
      const key = parent.arguments[1];
      if (isDescriptor) return key && bare(key).type === "Literal" ? undefined : "warn";
      return isWindow || USUAL.test(name) ? undefined : "warn";
    }
    case "ArrayExpression":
    case "SpreadElement":
      return "warn";
    case "Property":
      return isWindow ? undefined : "warn";
    case "ForInStatement":
      return bare(parent.right) === node ? "warn" : undefined;
    case "WithStatement":
      return "block";
    default:
      return undefined;
  }
}

/** The forbidden things that a pattern takes out of objects with these paths, and whether it takes one by a computed name. */
export function takenByPattern(
  judging: Judging,
  pattern: Node,
  place: Pick<Place, "scope">,
  from: readonly string[],
): void {
  const stack: { node: Node; paths: readonly string[] }[] = [{ node: pattern, paths: from }];
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { paths } = next;
    const node = bare(next.node);
    if (node.type === "AssignmentPattern") stack.push({ node: node.left, paths });
    if (node.type !== "ObjectPattern") continue;
    for (const property of node.properties) {
      if (property.type === "RestElement") continue;
      const written =
        !property.computed && property.key.type === "Identifier"
          ? property.key.name
          : property.key.type === "Literal"
            ? String(property.key.value)
            : undefined;
      const keys = written === undefined ? judging.evaluator.textsOf(property.key, place.scope) : [written];
      const taken = paths.flatMap((path) => keys.map((key) => memberPath(path, key)));
      for (const path of taken) {
        const verdict = FORBIDDEN_PATHS.get(path);
        if (verdict) judging.found.add({ start: property.start, key: path, ...verdict });
      }
      const isUnknown = keys.length === 0 || keys.some((each) => each.includes(HOLE));
      if (isUnknown && paths.some((path) => GUARDED_OBJECTS.has(path)))
        judging.found.add({
          start: property.start,
          rule: "js-computed-global",
          key: sourceOf(judging, property),
          level: "warn",
        });
      stack.push({ node: property.value, paths: taken });
    }
  }
}
