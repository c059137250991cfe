import { callPath } from "./call-path.ts";
import { requiredModule, type ModuleNames } from "./javascript-names.ts";
import { isRunnerModule } from "./javascript-runner.ts";
import { child, isFunction, nameOf, plain, type Node } from "./syntax-node.ts";
import { RUNNER_NAMES, type ReportTampering } from "./tampering.ts";

/** `test.skip` that is not called where it stands: it will be, by another name. */
export function skipAsValue(
  node: Node,
  parent: Node | undefined,
  names: ModuleNames,
  add: ReportTampering,
): void {
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

/** `const test = () => {}`. What is made by calling something, `base.extend({})`, is the runner still. */
export function shadowedBy(
  node: Node,
  above: readonly Node[],
  names: ModuleNames,
  add: ReportTampering,
): void {
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

/** `import { x as test }` of something that is no runner. */
export function shadowedImport(node: Node, declaration: Node | undefined, add: ReportTampering): void {
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
