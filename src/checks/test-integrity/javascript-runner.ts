import { callPath, type CallPath } from "./call-path.ts";
import { constantOf, isTruthy } from "./constants.ts";
import type { ModuleNames } from "./javascript-names.ts";
import { child, isFunction, list, nameOf, plain, type Node } from "./syntax-node.ts";
import type { TestState } from "../../core/test-case.ts";

/** A call of a test runner: a test or a suite of tests. */
export interface RunnerCall {
  readonly kind: "test" | "suite";
  readonly title: string;
  readonly state: TestState;
  readonly isFocused: boolean;
  readonly isTable: boolean;
  readonly retries: boolean;
  /** The function, or what is in its place. */
  readonly body: Node | undefined;
  readonly tables: readonly Node[];
}

const TESTS = new Set(["test", "it", "specify", "xit", "xtest", "fit", "ftest", "xspecify"]);
const SUITES = new Set(["describe", "suite", "context", "xdescribe", "fdescribe", "xcontext"]);
const SKIPS = new Set(["skip", "ignore", "fixme", "disabled"]);
const INVERTS = new Set(["fails", "failing", "fail"]);
const CONDITIONS = new Set(["skipIf", "runIf", "if", "todoIf"]);
const TABLES = new Set(["each", "for", "cases"]);
const KNOWN = new Set([
  ...SKIPS,
  ...INVERTS,
  ...CONDITIONS,
  ...TABLES,
  "only",
  "todo",
  "concurrent",
  "sequential",
  "serial",
  "shuffle",
  "extend",
  "extends",
  "scoped",
  "override",
  "parallel",
  "effect",
  "live",
  "test",
  "it",
  "describe",
  "suite",
  "default",
  "step",
  "configure",
  "withContext",
]);

/** What runs tests of a module that is imported as a whole. */
const RUNNER_MODULES =
  /^(?:vitest|@jest\/globals|node:test|bun:test|mocha|ava|tap|tape|@playwright\/test|uvu|qunit|@effect\/vitest|jasmine|@japa\/runner|lab)$/;

export function isRunnerModule(source: string): boolean {
  return RUNNER_MODULES.test(source);
}

/** Reads a call as a test or suite; undefined: it is something else. */
export function runnerCall(call: Node, names: ModuleNames): RunnerCall | undefined {
  const path = callPath(call, names.values);
  const chosen = chosenRunner(path, names);
  const { root } = path;
  const steps = chosen ? [...chosen.steps, ...path.steps] : path.steps;
  const last = steps.at(-1);
  if (root === undefined || last?.kind !== "call") return undefined;
  if (chosen) {
    const base = chosen.root ?? "";
    if (!TESTS.has(base) && !SUITES.has(base)) return undefined;
    const modifiers = steps.flatMap((step) => (step.kind === "name" ? [step.name] : []));
    const found = modifiers.every((name) => KNOWN.has(name))
      ? read({ base, modifiers, steps, args: last.args, names })
      : undefined;
    return found && found.state === "runs" && chosen.state ? { ...found, state: chosen.state } : found;
  }
  const imported = names.imports.get(root);
  const modifiers = steps.flatMap((step) => (step.kind === "name" ? [step.name] : []));
  let base = root;
  if (imported && imported.imported !== "*" && imported.imported !== "default") base = imported.imported;
  const isWhole = imported !== undefined && isRunnerModule(imported.source);
  if (!TESTS.has(base) && !SUITES.has(base)) {
    const named = modifiers[0] ?? "";
    if (isWhole && (TESTS.has(named) || SUITES.has(named))) base = modifiers.shift() ?? "";
    else if (isWhole && imported.imported === "default") base = "test";
    else if ((root === "Deno" || root === "QUnit" || root === "Bun") && named === "test")
      base = modifiers.shift() ?? "";
    else if (/^(?:t|tap|tt|st)$/.test(root) && named === "test") base = modifiers.shift() ?? "";
    else return undefined;
  } else if (names.declared.has(root) && !isChainOf(names.values.get(root))) {
    return undefined; // the file has its own of that name: not the runner's
  }
  if (!modifiers.every((name) => KNOWN.has(name))) return undefined;
  const args = last.args;
  // A modifier's own call, `test.each(rows)`, is no test yet; the one that follows it is.
  const lastName = modifiers.at(-1) ?? "";
  const isModifierCall =
    steps.at(-2)?.kind === "name" &&
    (TABLES.has(lastName) ||
      CONDITIONS.has(lastName) ||
      /^extends?$|^scoped$|^override$|^configure$/.test(lastName));
  if (isModifierCall) return undefined;
  return read({ base, modifiers, steps, args, names });
}

/** `const maybe = condition ? test : test.skip`, called by its name. */
function chosenRunner(
  path: CallPath,
  names: ModuleNames,
): (CallPath & { readonly state?: TestState }) | undefined {
  const value = plain(names.values.get(path.root ?? ""));
  if (value?.type !== "ConditionalExpression") return undefined;
  const condition = child(value, "test");
  const constant = constantOf(condition, names.values);
  const branches = [child(value, "consequent"), child(value, "alternate")] as const;
  const paths = branches.map((branch) => callPath(branch, names.values));
  if (constant) return paths[isTruthy(constant) ? 0 : 1];
  const runs = paths.find(({ steps }) => steps.length === 0) ?? paths[0];
  return runs && { ...runs, state: isAboutPlatform(condition, names) ? "on-platform" : "conditional" };
}

function isChainOf(value: Node | undefined): boolean {
  const type = plain(value)?.type;
  return type === "CallExpression" || type === "MemberExpression" || type === "Identifier";
}

function read(options: {
  readonly base: string;
  readonly modifiers: readonly string[];
  readonly steps: ReturnType<typeof callPath>["steps"];
  readonly args: readonly Node[];
  readonly names: ModuleNames;
}): RunnerCall | undefined {
  const { base, modifiers, steps, args, names } = options;
  const kind = SUITES.has(base) || modifiers.some((name) => SUITES.has(name)) ? "suite" : "test";
  const objects = args.map(plain).filter((arg) => arg?.type === "ObjectExpression");
  const body = bodyOf(args, objects, names);
  // `test.skip()` and `test.skip(condition)` in a body are Playwright's way to end it: see the body's own reading.
  if (!body && args.length === 0) return undefined;
  const isSkipped = (name: string): boolean => SKIPS.has(name);
  let state: TestState = "runs";
  if (base.startsWith("x") || modifiers.some(isSkipped)) state = "skipped";
  else if (modifiers.includes("todo")) state = "todo";
  else if (modifiers.some((name) => INVERTS.has(name))) state = "inverted";
  else state = conditionState(steps, names);
  let isFocused = base.startsWith("f") || modifiers.includes("only");
  for (const object of objects) {
    const option = optionState(object, names);
    if (option.state !== undefined && state === "runs") state = option.state;
    isFocused ||= option.isFocused;
  }
  if (!body && state === "runs" && kind === "test") {
    if (args.length !== 1) return undefined;
    state = "todo"; // a title alone: mocha's pending test
  }
  const calls = steps.filter((step) => step.kind === "call");
  return {
    kind,
    title: titleOf(args[0], objects[0], names),
    state,
    isFocused,
    isTable: modifiers.some((name) => TABLES.has(name)),
    retries: objects.some((object) =>
      list(object, "properties").some((property) => /^retry|retries$/.test(keyOf(property))),
    ),
    body,
    tables: calls.slice(0, -1).flatMap(({ args: rows }) => rows),
  };
}

function bodyOf(
  args: readonly Node[],
  objects: readonly (Node | undefined)[],
  names: ModuleNames,
): Node | undefined {
  const functions = args.map((arg) => {
    const at = plain(arg);
    const bound = at?.type === "Identifier" ? names.values.get(nameOf(at) ?? "") : at;
    return isFunction(bound) ? bound : undefined;
  });
  const found = functions.findLast((each) => each !== undefined);
  if (found) return found;
  for (const object of objects) {
    const property = list(object, "properties").find((each) => /^(?:fn|handler)$/.test(keyOf(each)));
    const value = child(property, "value");
    if (isFunction(value)) return value;
  }
  return args
    .slice(1)
    .findLast((arg) => /CallExpression|Identifier|MemberExpression/.test(plain(arg)?.type ?? ""));
}

function titleOf(first: Node | undefined, object: Node | undefined, names: ModuleNames): string {
  const constant = constantOf(first, names.values);
  if (constant && !("isObject" in constant)) return String(constant.value);
  const property = list(object, "properties").find((each) => keyOf(each) === "name");
  const named = constantOf(child(property, "value"), names.values);
  if (named && !("isObject" in named)) return String(named.value);
  return "(a computed name)";
}

export function keyOf(property: Node): string {
  const key = child(property, "key");
  const value = key?.["value"];
  return nameOf(key) ?? (typeof value === "string" ? value : "");
}

/** `skipIf(true)` skips; what a condition of a platform does is nobody's cheat. */
function conditionState(steps: ReturnType<typeof callPath>["steps"], names: ModuleNames): TestState {
  for (const [index, step] of steps.entries()) {
    const named = steps[index - 1];
    if (step.kind !== "call" || named?.kind !== "name" || !CONDITIONS.has(named.name)) continue;
    const constant = constantOf(step.args[0], names.values);
    const runs = named.name === "runIf" || named.name === "if";
    if (constant) {
      if (isTruthy(constant) !== runs) return "skipped";
      continue;
    }
    return isAboutPlatform(step.args[0], names) ? "on-platform" : "conditional";
  }
  return "runs";
}

function optionState(
  object: Node | undefined,
  names: ModuleNames,
): { state?: TestState; isFocused: boolean } {
  let state: TestState | undefined;
  let isFocused = false;
  for (const property of list(object, "properties")) {
    const key = keyOf(property);
    const value = child(property, "value");
    const constant = constantOf(value, names.values);
    if (constant && !isTruthy(constant)) continue;
    if (key === "only" && constant) isFocused = true;
    else if (SKIPS.has(key))
      state = constant ? "skipped" : isAboutPlatform(value, names) ? "on-platform" : "conditional";
    else if (key === "todo") state = "todo";
    else if (key === "fails" || key === "expectFailure") state = "inverted";
  }
  return { ...(state ? { state } : {}), isFocused };
}

const PLATFORM =
  /^(?:platform|arch|version|versions|isWindows|isWin|isWin32|isMac|isMacOS|isLinux|isDarwin|isBun|isDeno|isNode|isBrowser|isAndroid|isArm|nodeVersion|nodeMajor|Bun|Deno|WINDOWS|IS_WINDOWS|isRoot|getuid|browserName)$/;

/** Whether a condition names the platform, or a version of it. */
export function isAboutPlatform(condition: Node | undefined, names: ModuleNames, depth = 0): boolean {
  if (!condition || depth > 3) return false;
  let found = false;
  const stack: Node[] = [condition];
  while (stack.length > 0 && !found) {
    const node = stack.pop();
    if (!node) break;
    const name = nameOf(node);
    if (name !== undefined) {
      const bound = names.values.get(name);
      found = PLATFORM.test(name) || (bound !== undefined && isAboutPlatform(bound, names, depth + 1));
      if (!found && names.imports.has(name))
        found = /platform|environment|runtime/i.test(names.imports.get(name)?.source ?? "");
    }
    for (const value of Object.values(node)) {
      if (Array.isArray(value))
        stack.push(...value.filter((each): each is Node => typeof each?.type === "string"));
      else if (typeof (value as Node | null)?.type === "string") stack.push(value as Node);
    }
  }
  return found;
}
