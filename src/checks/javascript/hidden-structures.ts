import { isActiveMarkup } from "./code-calls.ts";
import { takenByPattern } from "./global-object.ts";
import { sourceOf, type Judging } from "./judging.ts";
import { keyOf, type Place } from "./place.ts";
import { bare, type Node } from "./syntax.ts";

/** Statements and assignments that lead to code or to the globals without naming them. */
export function judgeStructure(judging: Judging, place: Place): void {
  const { node, scope } = place;
  const { evaluator, found } = judging;
  switch (node.type) {
    case "VariableDeclarator":
      if (node.init && node.id.type !== "Identifier")
        takenByPattern(judging, node.id, place, evaluator.pathsOf(node.init, scope));
      return;
    case "AssignmentPattern":
      if (node.left.type !== "Identifier")
        takenByPattern(judging, node.left, place, evaluator.pathsOf(node.right, scope));
      return;
    case "AssignmentExpression":
      judgeAssignment(judging, node, place);
      return;
    case "WithStatement":
      found.add({ start: node.start, rule: "js-computed-global", key: "with", level: "warn" });
      return;
    case "V8IntrinsicExpression":
      found.add({ start: node.start, rule: "js-code-from-text", key: `%${node.name.name}` });
      return;
    case "JSXElement":
      judgeElement(judging, node);
      return;
    case "JSXAttribute":
      if (node.value?.type === "Literal" && /^\s*javascript:/i.test(node.value.value))
        found.add({ start: node.start, rule: "js-script-injection", key: sourceOf(judging, node) });
      else if (node.name.name === "srcDoc" && node.value?.type === "JSXExpressionContainer") {
        if (evaluator.textsOf(node.value.expression, scope).some((each) => isActiveMarkup(each)))
          found.add({ start: node.start, rule: "js-script-injection", key: sourceOf(judging, node) });
      }
      return;
    default:
  }
}

const MARKUP_PROPERTIES: ReadonlySet<string> = new Set(["innerHTML", "outerHTML", "srcdoc"]);
const ADDRESSES: ReadonlySet<string> = new Set(["href", "src", "location", "action", "data"]);

/** What the next program that starts reads, and runs code for. */
const LOADING_VARIABLES: ReadonlySet<string> = new Set(
  [
    "NODE_OPTIONS",
    "LD_PRELOAD",
    "DYLD_INSERT_LIBRARIES",
    "BASH_ENV",
    "ENV",
    "PYTHONSTARTUP",
    "NODE_PATH",
    "GIT_SSH_COMMAND",
  ].map((name) => `process.env.${name}`),
);

function judgeAssignment(
  judging: Judging,
  node: Extract<Node, { type: "AssignmentExpression" }>,
  { scope }: Place,
): void {
  const { evaluator, found } = judging;
  if (node.left.type === "ObjectPattern" || node.left.type === "ArrayPattern") {
    takenByPattern(judging, node.left, { scope }, evaluator.pathsOf(node.right, scope));
    return;
  }
  const left = bare(node.left);
  if (left.type === "MemberExpression" && evaluator.pathsOf(left, scope).includes("require"))
    found.add({ start: node.start, rule: "js-odd-loader", key: sourceOf(judging, left), level: "warn" });
  if (evaluator.pathsOf(left, scope).some((each) => LOADING_VARIABLES.has(each)))
    found.add({ start: node.start, rule: "js-code-from-text", key: sourceOf(judging, left), level: "warn" });
  const key =
    left.type === "MemberExpression"
      ? (keyOf(left) ?? evaluator.keysOf(left, scope)[0])
      : left.type === "Identifier" && !scope.find(left.name)?.used
        ? left.name
        : undefined;
  if (key === undefined) return;
  const isText = (): readonly string[] => evaluator.textsOf(node.right, scope);
  const isInjected =
    (MARKUP_PROPERTIES.has(key) && isText().some((each) => isActiveMarkup(each))) ||
    (ADDRESSES.has(key) && isText().some((each) => /^\s*(?:javascript:|data:text\/html)/i.test(each))) ||
    (/^on[a-z]{3,20}$/.test(key) && isText().length > 0 && left.type === "MemberExpression");
  if (isInjected) found.add({ start: node.start, rule: "js-script-injection", key: sourceOf(judging, node) });
}

function judgeElement(judging: Judging, node: Extract<Node, { type: "JSXElement" }>): void {
  const { name, attributes } = node.openingElement;
  if (name.type !== "JSXIdentifier" || name.name !== "script") return;
  const isCode = attributes.some(
    (each) =>
      each.type === "JSXSpreadAttribute" ||
      (each.name.type === "JSXIdentifier" && each.name.name === "dangerouslySetInnerHTML"),
  );
  if (isCode)
    judging.found.add({ start: node.start, rule: "js-script-injection", key: sourceOf(judging, node) });
}
