import { normalText } from "../../core/normal-text.ts";
import type { Occurrence } from "../finder.ts";
import type { SourceFile } from "../source-file.ts";
import { callPath } from "./call-path.ts";
import { constantOf } from "./constants.ts";
import { calleeOf } from "./callee-of.ts";
import { returnsConstant } from "./empty-assertion.ts";
import { moduleNames, requiredModule, type ModuleNames } from "./javascript-names.ts";
import { isRunnerModule, keyOf } from "./javascript-runner.ts";
import { javascriptTree } from "./javascript-tree.ts";
import { readJavaScriptTests } from "./read-javascript-tests.ts";
import { child, isFunction, list, nameOf, plain, walk, type Node } from "./syntax-node.ts";

const RUNNER_NAMES = new Set(
  "test it describe expect assert xtest xit fit xdescribe fdescribe beforeEach afterEach vi jest".split(" "),
);
const EQUALITY_NAMES = /^(?:equals?|isEqual|valueOf|toJSON|asymmetricMatch|\$\$asymmetricMatch)$/;
const LIBRARY = /^(?:node:)?assert(?:\/strict)?$|^chai$|^should$|^expect$|^sinon$/;

/** What makes a test file's runner, assertions or subject something else than what they are. */
export function findJavaScriptTampering(file: SourceFile): Occurrence[] {
  const { program, bare } = javascriptTree(file);
  const names = moduleNames(file);
  const found: Occurrence[] = [];
  const asserted = new Set<string>();
  const mocked: { readonly names: readonly string[]; readonly node: Node }[] = [];
  const textOf = (node: Node | undefined): string =>
    node ? normalText(bare.slice(node.start, node.end)) : "";
  const add = (rule: string, node: Node, message?: string, level?: "warn"): void => {
    const key = textOf(node).slice(0, 300);
    found.push({
      rule,
      key,
      line: file.lineAt(node.start),
      ...(message ? { message } : {}),
      ...(level ? { level } : {}),
    });
  };
  walk(program, (node, above) => {
    switch (node.type) {
      case "VariableDeclarator":
        shadowedBy(node, above, names, add);
        break;
      case "FunctionDeclaration":
        if (RUNNER_NAMES.has(nameOf(child(node, "id")) ?? "") && above.length <= 2) {
          add(
            "test-runner-shadowed",
            node,
            `The file has its own "${nameOf(child(node, "id")) ?? ""}" in place of the runner's.`,
          );
        }
        break;
      case "ImportSpecifier":
        shadowedImport(node, above.at(-1), add);
        break;
      case "MemberExpression":
        skipAsValue(node, above.at(-1), names, add);
        break;
      case "AssignmentExpression":
        assigned(node, names, add, mocked);
        break;
      case "CallExpression":
        called({ node, names, file, add, mocked, asserted });
        break;
      case "Property":
      case "MethodDefinition":
      case "PropertyDefinition":
        if (
          (EQUALITY_NAMES.test(keyOf(node)) || isWellKnown(node)) &&
          returnsConstant(child(node, "value")) &&
          !isMatcherResult(node)
        ) {
          add("always-equal", node);
        }
        break;
      default:
    }
    return undefined;
  });
  for (const { names: all, node } of mocked) {
    const hit = all.find((name) => asserted.has(name));
    if (hit !== undefined) {
      add(
        "tested-code-mocked",
        node,
        `What this file tests, "${hit}", is replaced by the test's own answer.`,
      );
    }
  }
  return found;
}

/** `test.skip` that is not called where it stands: it will be, by another name. */
function skipAsValue(node: Node, parent: Node | undefined, names: ModuleNames, add: Add): void {
  if (parent?.type === "MemberExpression" && child(parent, "object") === node) return;
  if (parent?.type === "CallExpression" && child(parent, "callee") === node) return;
  if (
    parent?.type === "TaggedTemplateExpression" ||
    parent?.type === "VariableDeclarator" ||
    parent?.type === "ChainExpression"
  )
    return;
  const { root, steps } = callPath(node, names.values);
  const last = steps.at(-1);
  const isRunner = root !== undefined && /^(?:test|it|describe|suite)$/.test(root);
  if (!isRunner || last?.kind !== "name" || !/^(?:skip|todo|fails|failing)$/.test(last.name)) return;
  add("test-runner-shadowed", node, "A name stands here for a runner that skips.", "warn");
}

type Add = (rule: string, node: Node, message?: string, level?: "warn") => void;

function isWellKnown(node: Node): boolean {
  const key = child(node, "key");
  return (
    node["computed"] === true &&
    nameOf(child(key, "object")) === "Symbol" &&
    /^(?:toPrimitive|hasInstance)$/.test(nameOf(child(key, "property")) ?? "")
  );
}

/** `valueOf() { return 3 }` of an ordinary class gives something of its own; a constant truth does not. */
function isMatcherResult(node: Node): boolean {
  if (!/^(?:valueOf|toJSON)$/.test(keyOf(node))) return false;
  return node.type === "Property";
}

/** `const test = () => {}`. What is made by calling something, `base.extend({})`, is the runner still. */
function shadowedBy(node: Node, above: readonly Node[], names: ModuleNames, add: Add): void {
  const init = plain(child(node, "init"));
  const id = child(node, "id");
  const own = nameOf(id);
  if (own !== undefined && RUNNER_NAMES.has(own) && init && above.length <= 3) {
    const isOwn =
      isFunction(init) ||
      init.type === "ObjectExpression" ||
      init.type === "NewExpression" ||
      init.type === "ClassExpression";
    if (isOwn && requiredModule(init) === undefined)
      add("test-runner-shadowed", node, `The file has its own "${own}" in place of the runner's.`);
    else if (
      init.type === "Identifier" &&
      !RUNNER_NAMES.has(nameOf(init) ?? "") &&
      !names.imports.has(nameOf(init) ?? "")
    ) {
      add("test-runner-shadowed", node, `"${own}" is something else than the runner's here.`, "warn");
    }
  }
  // `const maybe = test.skip`, in any value's place.
  const branches =
    init?.type === "ConditionalExpression" ? [child(init, "consequent"), child(init, "alternate")] : [init];
  const isSkip = branches.some((branch) => {
    const { root, steps } = callPath(branch, names.values);
    const last = steps.at(-1);
    return (
      root !== undefined &&
      /^(?:test|it|describe|suite)$/.test(root) &&
      last?.kind === "name" &&
      /^(?:skip|todo|fails|failing)$/.test(last.name)
    );
  });
  if (isSkip) add("test-runner-shadowed", node, "A name stands here for a runner that skips.", "warn");
}

function shadowedImport(node: Node, declaration: Node | undefined, add: Add): void {
  const local = nameOf(child(node, "local")) ?? "";
  const imported = nameOf(child(node, "imported")) ?? "";
  const from = child(declaration, "source")?.["value"];
  const source = typeof from === "string" ? from : "";
  if (!RUNNER_NAMES.has(local)) return;
  if (source.startsWith(".") || source.startsWith("#") || source.startsWith("@/")) {
    add(
      "test-runner-shadowed",
      node,
      `"${local}" comes from a file of the repository, and no longer from the runner.`,
      "warn",
    );
  } else if (imported !== local && !RUNNER_NAMES.has(imported) && isRunnerModule(source)) {
    add("test-runner-shadowed", node, `"${local}" stands for another function of the runner.`);
  }
}

function assigned(
  node: Node,
  names: ModuleNames,
  add: Add,
  mocked: { names: readonly string[]; node: Node }[],
): void {
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

const NO_NAMES: ReadonlyMap<string, Node> = new Map();

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

interface Called {
  readonly node: Node;
  readonly names: ModuleNames;
  readonly file: SourceFile;
  readonly add: Add;
  readonly mocked: { names: readonly string[]; node: Node }[];
  readonly asserted: Set<string>;
}

/** What every call begins with that is worth a look, and what the others end with. */
const WORTH_A_LOOK: ReadonlySet<string> = new Set(
  (
    "expect assert process Deno Bun exit vi vitest jest sinon this test before after beforeEach afterEach beforeAll afterAll setup teardown " +
    "Object Reflect mock td t esmock rewiremock import_vitest proxyquire rewire sandbox spy bun"
  ).split(" "),
);
const CONFIGURES: ReadonlySet<string> = new Set(["setConfig", "configure"]);

function called({ node, names, file, add, mocked, asserted }: Called): void {
  const { root, steps } = callPath(node, NO_NAMES);
  const last = steps.at(-1);
  if (last?.kind !== "call") return;
  const words = steps.flatMap((step) => (step.kind === "name" ? [step.name] : []));
  if (!WORTH_A_LOOK.has(root ?? "") && !CONFIGURES.has(words.at(-1) ?? "")) return;
  const whole = [root ?? "", ...words].join(".");
  if (root === "expect" || root === "assert") readSubject(steps, asserted);
  if (
    /^(?:process\.(?:exit|reallyExit|abort|kill)|Deno\.exit|Bun\.exit)$/.test(whole) ||
    (root === "exit" && names.imports.get("exit")?.source.includes("process") === true)
  ) {
    const isItself = !whole.endsWith("kill") || isOwnProcess(last.args[0]);
    // A program that tests start may end itself as it likes.
    const isProgram = !/setup/i.test(file.path) && readJavaScriptTests(file).tests.length === 0;
    if (isItself) add("test-exits", node, undefined, isProgram ? "warn" : undefined);
  } else if (whole === "process.on" || whole === "process.once") {
    const event = String(constantOf(last.args[0], names.values)?.value ?? "");
    if (/^(?:exit|beforeExit|uncaughtException|unhandledRejection)$/.test(event)) {
      add(
        "test-exits",
        node,
        `The test listens to the process's "${event}", where it can hide a failure.`,
        "warn",
      );
    }
  } else if (/^(?:vi|vitest|jest|sinon)\.(?:stubGlobal|replaceProperty)$/.test(whole)) {
    if (RUNNER_NAMES.has(String(constantOf(last.args[0], names.values)?.value ?? "")))
      add("assertions-patched", node);
  } else if (
    /^(?:jest\.retryTimes|this\.retries|test\.retries)$/.test(whole) ||
    (/\.(?:setConfig|configure)$/.test(whole) && last.args.some((arg) => hasKey(arg, /^retr(?:y|ies)$/)))
  ) {
    add("test-retried", node);
  } else if (/^(?:before|after)(?:Each|All)?$|^(?:setup|teardown)$/.test(root ?? "") && words.length === 0) {
    if (last.args.some(skipsAll)) add("collection-changed", node, "A hook skips every test of its suite.");
  } else if (whole === "expect.extend") {
    const matchers = list(plain(last.args[0]), "properties");
    if (
      matchers.some(
        (matcher) =>
          /^to[BCEHMT]\w*$/.test(keyOf(matcher)) &&
          /^(?:toBe|toEqual|toStrictEqual|toThrow|toMatch|toContain|toHaveLength|toHaveBeenCalled\w*|toMatchObject|toBeDefined|toBeTruthy)$/.test(
            keyOf(matcher),
          ),
      )
    )
      add("assertions-patched", node, "A matcher of the runner is given another meaning.");
    else if (matchers.some((matcher) => alwaysPasses(child(matcher, "value"))))
      add("assertions-patched", node, "A matcher passes whatever it is given.");
  } else if (whole === "expect.addEqualityTesters" || whole === "expect.addEqualityTester") {
    add(
      "assertions-patched",
      node,
      "Equality is given another meaning.",
      list(plain(last.args[0]), "elements").some(returnsConstant) ? undefined : "warn",
    );
  } else if (
    /^(?:Object\.defineProperty|Object\.assign|Reflect\.set|Reflect\.defineProperty|Object\.defineProperties)$/.test(
      whole,
    )
  ) {
    definesOn(node, last.args, names, add, mocked);
  } else if (
    /^(?:mock|doMock|setMock|unstable_mockModule|mockModule|module|replace|replaceEsm)$/.test(
      words.at(-1) ?? "",
    ) &&
    /^(?:vi|vitest|jest|mock|td|t|esmock|rewiremock|import_vitest)$/.test(root ?? "")
  ) {
    mocksModule(node, last.args, { names, file, add });
  } else if (/^(?:proxyquire|esmock|rewire)$/.test(root ?? "") && words.length === 0) {
    if (root !== "rewire" && last.args.length > 1)
      mocked.push({ names: list(plain(last.args[1]), "properties").map(keyOf), node });
  } else if (
    steps.some(
      (step) => step.kind === "name" && /^(?:spyOn|stub|method|replace|replaceProperty)$/.test(step.name),
    ) &&
    /^(?:vi|jest|sinon|mock|td|t|sandbox|spy|bun)$/.test(root ?? "")
  ) {
    spies(node, steps, names, mocked);
  }
}

function hasKey(node: Node | undefined, key: RegExp): boolean {
  return list(plain(node), "properties").some((property) => key.test(keyOf(property)));
}

/** A hook's function that calls `skip()`, its context's or its own parameter's, and asks nothing before. */
function skipsAll(node: Node): boolean {
  let [skips, asks] = [false, false];
  if (!isFunction(plain(node))) return false;
  walk(node, (each) => {
    if (
      each.type === "IfStatement" ||
      each.type === "ConditionalExpression" ||
      each.type === "LogicalExpression"
    )
      asks = true;
    if (each.type !== "CallExpression") return;
    const { root, steps } = callPath(each, NO_NAMES);
    const [first] = steps;
    if (root === "skip" && first?.kind === "call") skips = true;
    if (
      /^(?:ctx|context|t|task|this|test|it)$/.test(root ?? "") &&
      first?.kind === "name" &&
      first.name === "skip"
    )
      skips = true;
  });
  return skips && !asks;
}

/** `process.kill(process.pid)`: another process is a test's own business. */
function isOwnProcess(node: Node | undefined): boolean {
  const { root, steps } = callPath(node, NO_NAMES);
  return root === "process" && steps.some((step) => step.kind === "name" && /^p?pid$/.test(step.name));
}

function readSubject(steps: ReturnType<typeof callPath>["steps"], asserted: Set<string>): void {
  const call = steps.find((step) => step.kind === "call");
  if (call?.kind !== "call") return;
  const subject = plain(call.args[0]);
  const name = calleeOf(subject, NO_NAMES);
  const isCalled =
    subject?.type === "CallExpression" || subject?.type === "AwaitExpression" || isFunction(subject);
  if (name !== "" && isCalled) asserted.add(name);
}

/** A matcher whose body says `pass: true`, and nothing else. */
function alwaysPasses(node: Node | undefined): boolean {
  const at = plain(node);
  if (!isFunction(at)) return false;
  let [passes, others] = [0, 0];
  walk(at, (each) => {
    if (each.type === "Property" && keyOf(each) === "pass") {
      if (constantOf(child(each, "value"), NO_NAMES)?.value === true) passes += 1;
      else others += 1;
    }
    return undefined;
  });
  return passes > 0 && others === 0;
}

function definesOn(
  node: Node,
  args: readonly Node[],
  names: ModuleNames,
  add: Add,
  mocked: Called["mocked"],
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

/** `vi.mock("./add")` in `add.test.ts`. */
function mocksModule(
  node: Node,
  args: readonly Node[],
  { names, file, add }: Pick<Called, "names" | "file" | "add">,
): void {
  const first = plain(args[0]);
  const value =
    first?.type === "ImportExpression"
      ? constantOf(child(first, "source"), names.values)
      : constantOf(first, names.values);
  if (!value || "isObject" in value) return;
  const target = String(value.value);
  const isOwn = stem(target) !== "" && stem(target) === stem(file.path) && /^[.#@~/]/.test(target);
  if (!isOwn) return;
  // A mock that keeps the actual module changes a part of it only.
  const keeps = /importActual|requireActual|importOriginal|\bspy:\s*true/.test(
    file.text.slice(node.start, node.end),
  );
  add(
    "tested-code-mocked",
    node,
    `The module that this file tests, "${target}", is replaced by the test's own answers.`,
    keeps ? "warn" : undefined,
  );
}

function stem(path: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const bare = name
    .replace(/\.(?:[cm]?[jt]sx?)$/, "")
    .replace(/[.\-_](?:test|tests|spec|unit|e2e|int|integration)$/, "");
  return bare === "index" ? (path.split("/").at(-2) ?? "") : bare.toLowerCase();
}

/** `vi.spyOn(calc, "add").mockReturnValue(3)`. */
function spies(
  node: Node,
  steps: ReturnType<typeof callPath>["steps"],
  names: ModuleNames,
  mocked: Called["mocked"],
): void {
  const at = steps.findIndex(
    (step) => step.kind === "name" && /^(?:spyOn|stub|method|replace|replaceProperty)$/.test(step.name),
  );
  const call = steps[at + 1];
  if (call?.kind !== "call") return;
  const target = nameOf(plain(call.args[0])) ?? "";
  const key = String(constantOf(call.args[1], names.values)?.value ?? "");
  const answers =
    steps
      .slice(at + 2)
      .some(
        (step) =>
          step.kind === "name" &&
          /^(?:mock(?:Return|Resolved|Implementation|Rejected)\w*|returns|resolves|callsFake|yields|value)$/.test(
            step.name,
          ),
      ) || call.args.length > 2;
  const source = names.imports.get(target)?.source ?? "";
  if (answers && key !== "" && /^[.#@~/]/.test(source)) mocked.push({ names: [key], node });
}
