import { normalText } from "../../core/normal-text.ts";
import type { Assertion, TestCase, TestState } from "../../core/test-case.ts";
import type { Occurrence } from "../finder.ts";
import type { SourceFile } from "../source-file.ts";
import { callPath, NO_NAMES, type CallPath } from "./call-path.ts";
import type { AssertionContext } from "./found-assertion.ts";
import { assertionAt } from "./javascript-assertions.ts";
import { moduleNames, namesWithin, type ModuleNames } from "./javascript-names.ts";
import { hindrance, isEmptyList, type ReachContext } from "./javascript-reach.ts";
import { isAboutPlatform, runnerCall, type RunnerCall } from "./javascript-runner.ts";
import { javascriptTree } from "./javascript-tree.ts";
import { child, list, nameOf, plain, walk, type Node } from "./syntax-node.ts";
import type { TestFacts } from "./test-facts.ts";

interface OpenTest {
  readonly call: RunnerCall;
  readonly id: string;
  readonly line: number;
  state: TestState;
  readonly body: Node;
  readonly context: AssertionContext;
  readonly reach: ReachContext;
  readonly assertions: Assertion[];
  readonly calls: Set<string>;
  readonly literals: string[];
}

/** The tests of a JavaScript or TypeScript file, and the assertions in it that can fail nothing. */
export function readJavaScriptTests(file: SourceFile): TestFacts {
  return file.once("test-facts", () => new Reader(file).read());
}

class Reader {
  private readonly tests: TestCase[] = [];
  private readonly smells: Occurrence[] = [];
  private readonly open = new Map<Node, OpenTest>();
  private readonly around: { readonly test: OpenTest; readonly depth: number }[] = [];
  private readonly suites = new Map<Node, RunnerCall>();
  private readonly names: ModuleNames;
  private readonly tree;
  private readonly helpers = new Set<string>();
  private readonly file: SourceFile;
  private readonly lineAt: (offset: number) => number;

  constructor(file: SourceFile) {
    this.file = file;
    this.tree = javascriptTree(file);
    this.lineAt = (offset) => file.lineAt(offset);
    this.names = moduleNames(file);
    for (const [name, declaration] of this.names.declared) {
      const text = this.tree.bare.slice(declaration.start, declaration.end);
      if (/\bexpect\(|\bassert|\bshould\b/.test(text)) this.helpers.add(name);
    }
  }

  read(): TestFacts {
    walk(this.tree.program, (node, above) => {
      const test = this.open.get(node);
      if (test) this.around.push({ test, depth: above.length });
      switch (node.type) {
        case "CallExpression":
          this.readCall(node, above);
          break;
        case "MemberExpression":
          this.readMember(node, above);
          break;
        case "ThrowStatement":
          this.readThrow(node, above);
          break;
        case "IfStatement":
          this.readEarlyReturn(node, above);
          break;
        case "Literal":
          if (typeof node["value"] === "string" || typeof node["value"] === "number") {
            this.testAround(above)?.literals.push(String(node["value"]));
          }
          break;
        default:
      }
      return undefined;
    });
    for (const test of this.open.values()) this.tests.push(this.close(test));
    return { tests: this.tests, smells: this.smells };
  }

  private readCall(node: Node, above: readonly Node[]): void {
    const call = isChained(node, above) ? undefined : runnerCall(node, this.names);
    if (call) {
      this.readRunner(node, call, above);
      return;
    }
    const test = this.testAround(above);
    const path = callPath(node, NO_NAMES);
    if (test) {
      const { root, steps } = path;
      const last = steps.findLast((step) => step.kind === "name");
      const name = last?.kind === "name" ? last.name : "";
      test.calls.add(root === undefined || name === "" ? (root ?? name) : `${root}.${name}`);
      if (name !== "") test.calls.add(name);
      if (!isChained(node, above)) this.readSkip(path, node, above, test);
    }
    this.readAssertion(path, node, above);
  }

  private readRunner(node: Node, call: RunnerCall, above: readonly Node[]): void {
    const line = this.lineAt(node.start);
    const suites = above.flatMap((each) => this.suites.get(each) ?? []);
    const id = [...suites.map(({ title }) => title), call.title].join(" > ");
    const add = (rule: string, key: string, message?: string): void => {
      this.smells.push({ rule, key, line, ...(message === undefined ? {} : { message }) });
    };
    if (call.isFocused) add("test-focused", id);
    if (call.retries) add("test-retried", id);
    let state = suites.reduce<TestState>((sum, suite) => (sum === "runs" ? suite.state : sum), call.state);
    if (state === "runs") state = this.stateByPlace(node, above);
    if (state === "runs" && call.tables.length > 0 && isEmptyList(call.tables[0], this.names.values))
      state = "skipped";
    if (call.kind === "suite") {
      if (call.body) this.suites.set(call.body, { ...call, state });
      return;
    }
    if (!call.body) {
      this.tests.push(this.bare({ id, title: call.title, line, state }));
      return;
    }
    const names = namesWithin(call.body, this.names.values);
    const params = list(call.body, "params").flatMap((param) => [
      ...(nameOf(param) === undefined ? [] : [nameOf(param) ?? ""]),
      ...list(param, "properties").flatMap((property) => nameOf(child(property, "value")) ?? []),
    ]);
    const hasDone = /^(?:done|cb|end|callback|next|fin)$/.test(params[0] ?? "");
    const open: OpenTest = {
      call,
      id,
      line,
      state,
      body: call.body,
      context: {
        text: this.tree.bare,
        names,
        lineAt: this.lineAt,
        helpers: this.helpers,
        contexts: new Set(params),
      },
      reach: { names, countOf: this.tree.countOf, hasDone },
      assertions: [],
      calls: new Set(),
      literals: [],
    };
    for (const table of call.tables) this.readTable(table, open.literals);
    this.open.set(call.body, open);
  }

  /** What is around a test: a branch that is not taken, a suite that has returned before it. */
  private stateByPlace(node: Node, above: readonly Node[]): TestState {
    const reach = { names: this.names.values, countOf: this.tree.countOf, hasDone: true };
    const found = hindrance(node, above, reach);
    if (found?.kind === "dead") return "unreachable";
    if (found?.kind !== "conditional") return "runs";
    return isAboutPlatform(found.condition, this.names) ? "on-platform" : "conditional";
  }

  private readTable(table: Node, literals: string[]): void {
    const at = plain(table);
    const rows = at?.type === "Identifier" ? this.names.values.get(nameOf(at) ?? "") : at;
    if (!rows) return;
    walk(rows, (node) => {
      if (node.type === "Literal") literals.push(String(node["value"]));
      if (node.type !== "TemplateElement") return;
      const { cooked } = node["value"] as { cooked?: string };
      literals.push(...(cooked ?? "").split(/[|\s]+/).filter((word) => word !== ""));
    });
  }

  private bare(parts: Pick<TestCase, "id" | "title" | "line" | "state">): TestCase {
    return {
      ...parts,
      path: this.file.path,
      body: "",
      calls: [],
      assertions: [],
      isTable: false,
      literals: [],
    };
  }

  private close({ call, id, line, state, body, assertions, calls, literals }: OpenTest): TestCase {
    const rows = rowsOf(call.tables[0], this.names);
    return {
      path: this.file.path,
      id,
      title: call.title,
      line,
      state,
      body: normalText(this.tree.bare.slice(body.start, body.end)),
      calls: [...calls],
      assertions,
      isTable: call.isTable,
      ...(rows === undefined ? {} : { rows }),
      ...(body.type === "CallExpression"
        ? {
            wrappers: [
              normalText(this.tree.bare.slice(body.start, child(body, "callee")?.end ?? body.start)),
            ],
          }
        : {}),
      literals,
    };
  }

  /** The innermost test around a node. Its body is noted as the walk comes to it: chains may be very deep. */
  private testAround(above: readonly Node[]): OpenTest | undefined {
    for (let last = this.around.at(-1); last; last = this.around.at(-1)) {
      if (above[last.depth] === last.test.body) return last.test;
      this.around.pop();
    }
    return undefined;
  }

  private readMember(node: Node, above: readonly Node[]): void {
    if (!isChained(node, above)) this.readAssertion(callPath(node, NO_NAMES), node, above);
  }

  /** `path` is the node's own, as it is written. */
  private readAssertion(path: CallPath, node: Node, above: readonly Node[]): void {
    if (isChained(node, above)) return;
    const test = this.testAround(above);
    const context = test?.context ?? {
      text: this.tree.bare,
      names: NO_NAMES,
      lineAt: this.lineAt,
      helpers: NO_HELPERS,
      contexts: NO_HELPERS,
    };
    const found = assertionAt(node, path, context);
    if (!found || (node.type === "MemberExpression" && found.matcher === "helper")) return;
    const { line, emptiness } = found;
    const key = (): string => normalText(this.tree.bare.slice(node.start, node.end));
    // A bare `expect(x)` that is given on to somebody is asserted elsewhere.
    const isStatement = /^(?:ExpressionStatement|AwaitExpression|UnaryExpression)$/.test(
      above.at(-1)?.type ?? "",
    );
    if (found.matcher === "nothing" && !isStatement) return;
    if (emptiness !== undefined) {
      const isSoft =
        emptiness === "it compares something with itself" && found.subjectNode?.type === "CallExpression";
      this.smells.push({
        rule: "assertion-empty",
        key: key(),
        line,
        message: `This assertion passes whatever the code does: ${emptiness}.`,
        ...(isSoft ? { level: "warn" as const } : {}),
      });
    }
    if (!test) return;
    const {
      node: _node,
      subjectNode: _subject,
      expectedNode: _expected,
      emptiness: _why,
      isPromise,
      ...assertion
    } = found;
    test.assertions.push(assertion);
    const inner = above.slice(above.indexOf(test.body));
    const problem = hindrance(node, inner, test.reach) ?? (isPromise && isLost(inner) ? LOST : undefined);
    if (!problem) return;
    this.smells.push({
      rule: "assertion-unreached",
      key: `${problem.kind} ${key()}`,
      line,
      message: `This assertion cannot fail its test: ${problem.why}.`,
      ...(problem.kind === "conditional" ? { level: "warn" as const } : {}),
    });
  }

  /** `throw` in a test is how tests without a library assert. */
  private readThrow(node: Node, above: readonly Node[]): void {
    const line = this.lineAt(node.start);
    this.testAround(above)?.assertions.push({
      subject: "",
      callee: "",
      matcher: "helper",
      strength: "some-values",
      expected: "",
      line,
    });
  }

  /** `if (...) return;` in a test's own body, before an assertion. */
  private readEarlyReturn(node: Node, above: readonly Node[]): void {
    const test = this.testAround(above);
    if (!test || above.at(-1) !== child(test.body, "body")) return;
    const branch = child(node, "consequent");
    const first = branch?.type === "BlockStatement" ? list(branch, "body").at(-1) : branch;
    if (first?.type !== "ReturnStatement" || isAboutPlatform(child(node, "test"), this.names)) return;
    const condition = child(node, "test");
    this.smells.push({
      rule: "assertion-unreached",
      key: `return ${test.call.title} ${condition ? normalText(this.tree.bare.slice(condition.start, condition.end)) : ""}`,
      line: this.lineAt(node.start),
      level: "warn",
      message: "This test may end before it has asserted anything.",
    });
  }

  /** `t.skip()`, `this.skip()`, `pending()` in a test's body. */
  private readSkip({ root, steps }: CallPath, node: Node, above: readonly Node[], test: OpenTest): void {
    const [first, second] = steps;
    const isPending = root === "pending" && first?.kind === "call";
    const isSkip =
      first?.kind === "name" && /^(?:skip|todo|fixme|fail)$/.test(first.name) && second?.kind === "call";
    const isRunner =
      root === "this" ||
      root === "test" ||
      root === "it" ||
      root === "ctx" ||
      root === "context" ||
      root === "task" ||
      test.context.contexts.has(root ?? "");
    const isOwn =
      steps.some((step) => step.kind === "name" && step.name === "skip") &&
      (root === "ctx" || root === "t" || root === "context");
    const isGiven = root === "skip" && first?.kind === "call" && test.context.contexts.has("skip");
    if (!isPending && !(isSkip && isRunner) && !isOwn && !isGiven) return;
    if (first?.kind === "name" && first.name === "fail" && root !== "test") return;
    if (test.state !== "runs") return;
    const condition = second?.kind === "call" && root === "test" ? second.args[0] : undefined;
    const found = hindrance(node, above.slice(above.indexOf(test.body)), test.reach);
    if (found?.kind === "dead") return;
    const asked = found?.condition ?? condition;
    if (!asked) test.state = first?.kind === "name" && first.name === "fail" ? "inverted" : "skipped";
    else test.state = isAboutPlatform(asked, this.names) ? "on-platform" : "conditional";
  }
}

const NO_HELPERS: ReadonlySet<string> = new Set();
const LOST = { kind: "unawaited", why: "nobody waits for it" } as const;

/** A link of a chain that its parent goes on with. */
function isChained(node: Node, above: readonly Node[]): boolean {
  const parent = above.at(-1);
  if (parent?.type === "MemberExpression") return child(parent, "object") === node;
  if (parent?.type === "CallExpression") return child(parent, "callee") === node;
  return (
    parent?.type === "ChainExpression" ||
    parent?.type === "TSNonNullExpression" ||
    parent?.type === "TaggedTemplateExpression"
  );
}

/** A promise that is a statement of its own. */
function isLost(inner: readonly Node[]): boolean {
  const parent = inner.at(-1);
  if (parent?.type === "ExpressionStatement") return true;
  return parent?.type === "UnaryExpression" && parent["operator"] === "void";
}

function rowsOf(table: Node | undefined, names: ModuleNames): number | undefined {
  const at = plain(table);
  const rows = at?.type === "Identifier" ? plain(names.values.get(nameOf(at) ?? "")) : at;
  if (rows?.type === "TemplateLiteral")
    return list(rows, "quasis").reduce(
      (sum, quasi) => sum + ((quasi["value"] as { raw?: string }).raw?.split("\n").length ?? 1) - 1,
      0,
    );
  if (rows?.type !== "ArrayExpression") return undefined;
  const elements = list(rows, "elements");
  return elements.some(({ type }) => type === "SpreadElement") ? undefined : elements.length;
}
