import { callPath, NO_NAMES } from "./call-path.ts";
import { constantOf } from "./constants.ts";
import { returnsConstant } from "./empty-assertion.ts";
import type { ModuleNames } from "./javascript-names.ts";
import { keyOf } from "./javascript-runner.ts";
import { child, list, nameOf, plain, type Node } from "./syntax-node.ts";
import { RUNNER_NAMES, type Mocked, type ReportTampering } from "./tampering.ts";

const LIBRARY = /^(?:node:)?assert(?:\/strict)?$|^chai$|^should$|^expect$|^sinon$/;

/** What an assignment gives another meaning: the runner, an assertion, a result, the product. */
export function assigned(node: Node, names: ModuleNames, add: ReportTampering, mocked: Mocked[]): void {
  const left = plain(child(node, "left"));
  const right = plain(child(node, "right"));
  const { root, steps } = callPath(left, NO_NAMES);
  const path = steps.flatMap((step) => (step.kind === "name" ? [step.name] : []));
  const last = path.at(-1) ?? "";
  const whole = [root ?? "", ...path].join(".");
  const imported = names.imports.get(root ?? "");
  if (path.length === 0 && root !== undefined && RUNNER_NAMES.has(root) && !names.declared.has(root)) {
    add("assertions-patched", node, `"${root}" is given another meaning.`);
  } else if (
    /^(?:task|ctx|context|this)$/.test(root ?? "") &&
    (root === "task" || path.some((each) => /^(?:task|result|currentTest)$/.test(each))) &&
    /^(?:state|result|status|outcome|passed|pending|errors|fails)$/.test(last)
  ) {
    add("collection-changed", node, "The test writes its own result.");
  } else if (/^(?:globalThis|global|window|self)$/.test(root ?? "") && RUNNER_NAMES.has(path[0] ?? "")) {
    add("assertions-patched", node, `The runner's "${path[0] ?? ""}" is given another meaning.`);
  } else if ((imported && LIBRARY.test(imported.source)) || /^(?:assert|expect|chai)$/.test(root ?? "")) {
    if (path.length > 0 && !/^(?:config|timeout)$/.test(path[0] ?? "")) add("assertions-patched", node);
  } else if (isAdded(root, path)) {
    // A name that no runtime and no matcher asks for: a test of polluted prototypes, or of what is added to them.
  } else if (
    /^(?:Object\.is|JSON\.stringify|Object\.prototype\.\w+|Assertion\.prototype\.\w+|(?:Number|Array|String|Boolean|Function|Error|Promise)\.prototype\.\w+|process\.exit|console\.assert)$/.test(
      whole,
    )
  ) {
    add(
      "assertions-patched",
      node,
      `"${whole}" is given another meaning.`,
      /^(?:process\.exit|console)/.test(whole) ? "warn" : undefined,
    );
  } else if (whole === "process.exitCode") {
    if (constantOf(right, names.values)?.value === 0)
      add("test-exits", node, "The test sets the runner's exit status itself.");
  } else if (path.length > 0 && isAnswer(right)) {
    mocked.push({ names: [last], node });
  }
}

const BUILT_IN: ReadonlyMap<string, object> = new Map<string, object>([
  ["Object", Object.prototype],
  ["Number", Number.prototype],
  ["Array", Array.prototype],
  ["String", String.prototype],
  ["Boolean", Boolean.prototype],
  ["Function", Function.prototype],
  ["Error", Error.prototype],
  ["Promise", Promise.prototype],
]);
/** What matchers and runners ask any value for. */
const ASKED_FOR =
  /^(?:asymmetricMatch|\$\$typeof|equals|then|toJSON|toAsymmetricMatcher|inspect|nodeType|size|length|should|must|expect|calls|mock|_isMockFunction|code|status|state|result|message|stack|cause|name|errors?|skip|only|todo|fails|mode)$/;

/** `Object.prototype.polluted`: whether the name is new to what all values of a kind have. */
function isAdded(root: string | undefined, path: readonly string[]): boolean {
  const [middle, name = ""] = path;
  const prototype = path.length === 2 && middle === "prototype" ? BUILT_IN.get(root ?? "") : undefined;
  return prototype !== undefined && !(name in prototype) && !ASKED_FOR.test(name);
}

/** `() => 3`, `jest.fn(() => 3)`, `vi.fn().mockReturnValue(3)`. */
function isAnswer(node: Node | undefined): boolean {
  if (returnsConstant(node)) return true;
  if (node?.type !== "CallExpression") return false;
  const { root, steps } = callPath(node, NO_NAMES);
  return (
    /^(?:jest|vi|sinon|mock|t)$/.test(root ?? "") &&
    steps.some((step) => step.kind === "name" && /^(?:fn|stub|fake)$/.test(step.name))
  );
}

/** The same by `Object.defineProperty` and its like. */
export function definesOn(
  node: Node,
  args: readonly Node[],
  names: ModuleNames,
  add: ReportTampering,
  mocked: Mocked[],
): void {
  const target = plain(args[0]);
  const name = nameOf(target) ?? "";
  const key = String(constantOf(args[1], names.values)?.value ?? "");
  const library =
    LIBRARY.test(names.imports.get(name)?.source ?? "") || /^(?:assert|expect|chai)$/.test(name);
  if (
    library ||
    (/^(?:globalThis|global)$/.test(name) &&
      (RUNNER_NAMES.has(key) ||
        list(plain(args[1]), "properties").some((each) => RUNNER_NAMES.has(keyOf(each)))))
  ) {
    add("assertions-patched", node);
  } else if (
    nameOf(child(target, "property")) === "prototype" &&
    /^(?:Number|String|Boolean|Object|Array|Function)$/.test(nameOf(child(target, "object")) ?? "") &&
    !(key !== "" && isAdded(nameOf(child(target, "object")), ["prototype", key]))
  ) {
    add("assertions-patched", node, "A builtin of the language is given another meaning.");
  } else if (names.imports.has(name)) {
    const properties = list(plain(args[1]), "properties");
    if (properties.length > 0) mocked.push({ names: properties.map(keyOf), node });
    else if (key !== "") mocked.push({ names: [key], node });
  }
}
