import { isTooling } from "./is-tooling.ts";
import { FORBIDDEN_PATHS } from "./forbidden-paths.ts";
import { milder, sourceOf, type Judging } from "./judging.ts";
import type { KnownCall } from "./known-calls.ts";
import { calledName } from "./position.ts";
import type { CallNode, Place } from "./place.ts";
import type { Scope } from "./scopes.ts";
import { bare, type Node } from "./syntax.ts";
import type { Value, Values } from "./values.ts";

const TIMERS: ReadonlySet<string> = new Set([
  "setTimeout",
  "setInterval",
  "setImmediate",
  "requestAnimationFrame",
  "execScript",
  "queueMicrotask",
]);
const WORKERS: ReadonlySet<string> = new Set(["Worker", "SharedWorker", "node:worker_threads.Worker"]);
/** Members that put text into a page as markup. */
const MARKUP: ReadonlySet<string> = new Set([
  "write",
  "writeln",
  "insertAdjacentHTML",
  "setHTMLUnsafe",
  "parseHTMLUnsafe",
  "append",
  "html",
]);

const STARTERS: ReadonlySet<string> = new Set(
  ["exec", "execFile", "execFileSync", "execSync", "fork", "spawn", "spawnSync"].map(
    (name) => `node:child_process.${name}`,
  ),
);

/** Calls of the runtime's functions that make code of what they are given. */
export function judgeKnownCall(judging: Judging, { node, scope, paths, args }: KnownCall): void {
  const { evaluator, found } = judging;
  const first = args[0];
  for (const path of paths) {
    const verdict = FORBIDDEN_PATHS.get(path);
    if (verdict) found.add({ start: node.start, key: path, ...verdict, level: milder(judging, verdict) });
    // The import may be older than the call: what is started now is for a person to see.
    if (STARTERS.has(path)) {
      const level = isTooling(judging.file) ? "info" : "warn";
      found.add({ start: node.start, rule: "js-process-execution", key: `${path}()`, level });
    }
    if (TIMERS.has(path) && first && isText(evaluator.valuesOf(first, scope), first))
      found.add({ start: node.start, rule: "js-code-from-text", key: `${path}(text)` });
    if (WORKERS.has(path)) judgeWorker(judging, { node, args, scope });
    if (path === "document.createElement") judgeElement(judging, node, scope);
  }
}

/** Calls that make code of what they are given, by the name of what is called. */
export function judgeCall(judging: Judging, { node, scope }: Place<CallNode>): void {
  const { found } = judging;
  const callee = bare(node.callee);
  const name = calledName(callee);
  if (callee.type === "MemberExpression" && name.startsWith("createElement"))
    judgeElement(judging, node, scope);
  if (name === "Worker") judgeWorker(judging, { node, args: node.arguments, scope });
  const isConstructor =
    name === "constructor" && callee.type === "MemberExpression" && node.type === "CallExpression";
  if (isConstructor && bare(callee.object).type !== "Super") {
    const level = node.arguments.length > 0 ? "block" : "warn";
    found.add({ start: node.start, rule: "js-code-from-text", key: "constructor()", level });
  }
  if (MARKUP.has(name)) judgeMarkup(judging, node, scope);
  if (name.startsWith("setAttribute")) judgeAttribute(judging, node, scope);
  if (name === "globalEval") found.add({ start: node.start, rule: "js-code-from-text", key: name });
}

/** Whether an argument is a text: written, put together, or decoded. */
function isText(values: Values, node: Node): boolean {
  if (values.some((each) => each.kind === "text")) return true;
  const at = bare(node);
  return at.type === "TemplateLiteral";
}

function judgeWorker(
  judging: Judging,
  { node, args, scope }: { readonly node: CallNode; readonly args: readonly Node[]; readonly scope: Scope },
): void {
  const [source, options] = args;
  const { evaluator, found } = judging;
  if (options && isEvalOption(judging, options, scope))
    found.add({ start: node.start, rule: "js-code-from-text", key: "Worker(eval)" });
  if (!source) return;
  const at = bare(source);
  const isMade = at.type === "CallExpression" && calledName(at.callee) === "createObjectURL";
  const texts = evaluator.textsOf(source, scope);
  const made =
    isMade ||
    texts.some((each) => /^(?:data|blob|javascript):/i.test(each)) ||
    leadsToObjectUrl(judging, at, scope);
  if (made) found.add({ start: node.start, rule: "js-code-from-text", key: "Worker(text)" });
}

function leadsToObjectUrl(judging: Judging, node: Node, scope: Scope): boolean {
  return (
    judging.evaluator
      .valuesOf(node, scope)
      .some((each) => each.kind === "path" && each.path === "new Blob") ||
    (node.type === "Identifier" &&
      (scope.find(node.name)?.sources ?? []).some((each) => {
        const from = bare(each.node);
        return from.type === "CallExpression" && calledName(from.callee) === "createObjectURL";
      }))
  );
}

/** Whether the options of a worker ask for its text to be run, or may ask for it. */
function isEvalOption(judging: Judging, options: Node, scope: Scope): boolean {
  const written = judging.evaluator
    .valuesOf(options, scope)
    .filter((each): each is Extract<Value, { kind: "written" }> => each.kind === "written");
  return written.some(({ node, scope: home }) => {
    if (node.type !== "ObjectExpression") return false;
    return node.properties.some((property) => {
      if (property.type === "SpreadElement") return isEvalOption(judging, property.argument, home);
      const names = property.computed
        ? judging.evaluator.textsOf(property.key, home)
        : [
            property.key.type === "Identifier"
              ? property.key.name
              : property.key.type === "Literal"
                ? String(property.key.value)
                : "",
          ];
      const isOff = property.value.type === "Literal" && property.value.value === false;
      return names.includes("eval") && !isOff;
    });
  });
}

function judgeElement(judging: Judging, node: CallNode, scope: Scope): void {
  for (const argument of node.arguments.slice(0, 2)) {
    if (judging.evaluator.textsOf(argument, scope).some((each) => /^(?:svg:)?script$/i.test(each.trim())))
      judging.found.add({ start: node.start, rule: "js-script-injection", key: "createElement(script)" });
  }
}

const ACTIVE_MARKUP = /<script|<iframe|<object|<embed|javascript:|\bon[a-z]{4,20}\s*=/i;

export function isActiveMarkup(text: string): boolean {
  return ACTIVE_MARKUP.test(text);
}

function judgeMarkup(judging: Judging, node: CallNode, scope: Scope): void {
  const texts = node.arguments.flatMap((each) => judging.evaluator.textsOf(each, scope));
  if (texts.some((each) => each.includes("<") && isActiveMarkup(each)))
    judging.found.add({ start: node.start, rule: "js-script-injection", key: sourceOf(judging, node) });
}

function judgeAttribute(judging: Judging, node: CallNode, scope: Scope): void {
  const [name, value] = node.arguments.slice(-2);
  if (!name || !value) return;
  const names = judging.evaluator.textsOf(name, scope).map((each) => each.toLowerCase());
  const texts = judging.evaluator.textsOf(value, scope);
  const isHandler = names.some((each) => /^on[a-z]+$/.test(each) || each === "srcdoc");
  if (isHandler || texts.some((each) => /^\s*javascript:/i.test(each)))
    judging.found.add({ start: node.start, rule: "js-script-injection", key: sourceOf(judging, node) });
}
