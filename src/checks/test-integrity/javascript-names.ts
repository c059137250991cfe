import type { SourceFile } from "../source-file.ts";
import { javascriptTree } from "./javascript-tree.ts";
import { child, isFunction, list, nameOf, walk, type Node } from "./syntax-node.ts";

export interface ImportedName {
  /** The name in the module; `*` for all of it, `default` for its default. */
  readonly imported: string;
  readonly source: string;
  readonly line: number;
}

/** What the names at the top of a file, and of its suites, stand for. */
export interface ModuleNames {
  readonly imports: ReadonlyMap<string, ImportedName>;
  /** Constants and functions, by name, where there is one only. */
  readonly values: ReadonlyMap<string, Node>;
  /** Everything that the file declares itself, with the declaring node. */
  readonly declared: ReadonlyMap<string, Node>;
}

export function moduleNames(file: SourceFile): ModuleNames {
  return file.once("test-module-names", () =>
    read(javascriptTree(file).program, (offset) => file.lineAt(offset)),
  );
}

function read(program: Node, lineAt: (offset: number) => number): ModuleNames {
  const imports = new Map<string, ImportedName>();
  const declared = new Map<string, Node>();
  const values = new Map<string, Node>();
  const ambiguous = new Set<string>();
  const declare = (name: string, declaration: Node, value: Node | undefined): void => {
    if (declared.has(name)) ambiguous.add(name);
    declared.set(name, declaration);
    if (value) values.set(name, value);
  };
  walk(program, (node, above) => {
    if (node.type === "ImportDeclaration") {
      const source = sourceOf(node);
      for (const specifier of list(node, "specifiers")) {
        const local = nameOf(child(specifier, "local"));
        if (local === undefined) continue;
        imports.set(local, { imported: importedName(specifier), source, line: lineAt(node.start) });
      }
      return false;
    }
    if (node.type === "VariableDeclarator") {
      const [id, init] = [child(node, "id"), child(node, "init")];
      const required = requiredModule(init);
      const name = nameOf(id);
      if (name !== undefined) {
        if (required === undefined) {
          const isConstant = above.at(-1)?.["kind"] === "const";
          declare(name, node, isConstant ? init : undefined);
          if (!isConstant) ambiguous.add(name);
        } else imports.set(name, { imported: "*", source: required, line: lineAt(node.start) });
      } else {
        for (const property of list(id, "properties")) {
          const [key, local] = [nameOf(child(property, "key")), nameOf(child(property, "value"))];
          if (key === undefined || local === undefined) continue;
          if (required === undefined) declare(local, node, undefined);
          else imports.set(local, { imported: key, source: required, line: lineAt(node.start) });
        }
      }
      return;
    }
    if (node.type === "FunctionDeclaration" || node.type === "ClassDeclaration") {
      const name = nameOf(child(node, "id"));
      if (name !== undefined) declare(name, node, isFunction(node) ? node : undefined);
    }
    // What a test or another function declares is its own.
    return !isFunction(node) || isSuiteBody(node, above);
  });
  for (const name of ambiguous) values.delete(name);
  return { imports, declared, values };
}

/** The names of `outer`, and those that a function declares for itself. */
export function namesWithin(body: Node, outer: ReadonlyMap<string, Node>): ReadonlyMap<string, Node> {
  const own = new Map<string, Node>();
  const ambiguous = new Set<string>();
  walk(body, (node, above) => {
    const id = node.type === "VariableDeclarator" ? nameOf(child(node, "id")) : undefined;
    if (id !== undefined) {
      const init = child(node, "init");
      if (own.has(id) || !init || above.at(-1)?.["kind"] !== "const") ambiguous.add(id);
      else own.set(id, init);
    }
    if (isFunction(node)) for (const param of list(node, "params")) ambiguous.add(nameOf(param) ?? "");
  });
  if (own.size === 0 && ambiguous.size === 0) return outer;
  const names = new Map([...outer, ...own]);
  for (const name of ambiguous) names.delete(name);
  return names;
}

function isSuiteBody(node: Node, above: readonly Node[]): boolean {
  const call = above.at(-1);
  if (call?.type !== "CallExpression" || node.type === "FunctionDeclaration") return false;
  let callee = child(call, "callee");
  for (let steps = 0; callee && steps < 8; steps += 1) {
    if (/^(?:[xf]?describe|suite|context)$/.test(nameOf(callee) ?? "")) return true;
    callee = child(callee, "object") ?? child(callee, "callee");
  }
  return false;
}

function sourceOf(node: Node): string {
  const value = child(node, "source")?.["value"];
  return typeof value === "string" ? value : "";
}

function importedName(specifier: Node): string {
  if (specifier.type === "ImportNamespaceSpecifier") return "*";
  if (specifier.type === "ImportDefaultSpecifier") return "default";
  return nameOf(child(specifier, "imported")) ?? "default";
}

/** The module of `require("x")`, `await import("x")`, `require("x").name`. */
export function requiredModule(init: Node | undefined): string | undefined {
  let at = init;
  for (let steps = 0; at && steps < 4; steps += 1) {
    if (at.type === "AwaitExpression") at = child(at, "argument");
    else if (at.type === "MemberExpression") at = child(at, "object");
    else break;
  }
  if (at?.type === "ImportExpression") return sourceOf(at);
  if (at?.type !== "CallExpression" || nameOf(child(at, "callee")) !== "require") return undefined;
  const value = list(at, "arguments")[0]?.["value"];
  return typeof value === "string" ? value : undefined;
}
