import type { SourceFile } from "../source-file.ts";
import { callPath, NO_NAMES } from "./call-path.ts";
import { calleeOf } from "./callee-of.ts";
import { constantOf } from "./constants.ts";
import { returnsConstant } from "./empty-assertion.ts";
import type { ModuleNames } from "./javascript-names.ts";
import { keyOf } from "./javascript-runner.ts";
import { definesOn } from "./patched-assertions.ts";
import { readJavaScriptTests } from "./read-javascript-tests.ts";
import { child, isFunction, list, nameOf, plain, walk, type Node } from "./syntax-node.ts";
import { RUNNER_NAMES, type Mocked, type ReportTampering } from "./tampering.ts";

interface Called {
  readonly node: Node;
  readonly names: ModuleNames;
  readonly file: SourceFile;
  readonly add: ReportTampering;
  readonly mocked: Mocked[];
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

/** What a call of a test file does to its runner, assertions or subject. */
export function called({ node, names, file, add, mocked, asserted }: Called): void {
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
  mocked: Mocked[],
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
