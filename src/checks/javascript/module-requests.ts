import type { SourceFile } from "../source-file.ts";
import type { Evaluator } from "./evaluator.ts";
import { evaluatorOf } from "./evaluator-of.ts";
import { knownCallsOf, type KnownCall } from "./known-calls.ts";
import { keyOf } from "./place.ts";
import { factsOf, type ProgramFacts } from "./program-facts.ts";
import { memberPath } from "./runtime-paths.ts";
import type { Scope } from "./scopes.ts";
import { bare, eachChild, type Node } from "./syntax.ts";
import { HOLE, type Values } from "./values.ts";

/** One place where a file asks for a module. */
export interface ModuleRequest {
  readonly start: number;
  /** What it asks for, with `HOLE` for parts that are not known. Empty: nothing is known of it. */
  readonly specifiers: readonly string[];
  readonly how: "import" | "re-export" | "dynamic" | "require" | "resolve" | "worker";
  /** Gone when the program runs. */
  readonly typeOnly: boolean;
  /** Nothing of it is used as a value: a compiler most likely drops it. */
  readonly unused: boolean;
  /** Names that are taken from it; `*` is all. */
  readonly names: readonly string[];
  /** The specifier is no text that is written down in one piece. */
  readonly made: boolean;
  /** It is put together in a way that has no reason but to hide it. */
  readonly hidden: boolean;
  /** The loader is not reached by its own name. */
  readonly oddLoader: boolean;
}

export function requestsOf(file: SourceFile): readonly ModuleRequest[] {
  return file.tree("javascript.requests", () => {
    const facts = factsOf(file);
    const evaluator = evaluatorOf(file);
    if (!facts || !evaluator) return [];
    const known = knownCallsOf(file);
    const nodes = new Set(known.map(({ node }) => node));
    const byName = facts.calls.flatMap((place) =>
      !nodes.has(place.node) && isNamedLoader(bare(place.node.callee))
        ? [{ ...place, paths: [], args: place.node.arguments, isIndirect: false }]
        : [],
    );
    return collect(facts, evaluator, {
      calls: [...known, ...byName],
      isTypeScript: file.language !== "javascript",
    });
  });
}

function isNamedLoader(callee: Node): boolean {
  if (callee.type === "Identifier") return callee.name === "require";
  return callee.type === "MemberExpression" && REAL_MODULES.has(keyOf(callee) ?? "");
}

function collect(
  facts: ProgramFacts,
  evaluator: Evaluator,
  { calls, isTypeScript }: { readonly calls: readonly KnownCall[]; readonly isTypeScript: boolean },
): ModuleRequest[] {
  const requests: ModuleRequest[] = [];
  const literal = (
    node: Node,
    specifier: string,
    rest: Pick<ModuleRequest, "how" | "typeOnly" | "names"> & { readonly unused?: boolean },
  ): void => {
    requests.push({
      start: node.start,
      specifiers: [specifier],
      made: false,
      hidden: false,
      oddLoader: false,
      unused: false,
      ...rest,
    });
  };
  const computed = (
    node: Node,
    source: Node | undefined,
    scope: Scope,
    how: ModuleRequest["how"],
    oddLoader = false,
  ): void => {
    if (!source || source.type === "SpreadElement") {
      const spread = source ? evaluator.argumentsOf([source], scope)[0] : undefined;
      if (!source || !spread) return;
      requests.push(madeRequest(node, spread, { how, oddLoader, hidden: true }));
      return;
    }
    const found = evaluator.valuesOf(source, scope);
    const values = found.flatMap((each) => (each.kind === "list" ? (each.items[0] ?? []) : [each]));
    const hidden = isHidden(source, scope);
    requests.push(madeRequest(node, values, { how, oddLoader, hidden }));
  };

  for (const { node, scope } of facts.others) {
    switch (node.type) {
      case "ImportDeclaration": {
        const inline =
          node.specifiers.length > 0 &&
          node.specifiers.every((each) => "importKind" in each && each.importKind === "type");
        const unused =
          isTypeScript &&
          node.specifiers.length > 0 &&
          node.specifiers.every((each) => scope.find(each.local.name)?.used !== true);
        const names = node.specifiers.map((each) =>
          each.type === "ImportSpecifier"
            ? each.imported.type === "Literal"
              ? each.imported.value
              : each.imported.name
            : "*",
        );
        literal(node, node.source.value, {
          how: "import",
          typeOnly: node.importKind === "type" || inline,
          unused,
          names,
        });
        break;
      }
      case "ExportNamedDeclaration": {
        if (!node.source) break;
        const types =
          node.exportKind === "type" ||
          (node.specifiers.length > 0 && node.specifiers.every((each) => each.exportKind === "type"));
        const names = node.specifiers.map((each) =>
          each.local.type === "Literal" ? each.local.value : each.local.name,
        );
        literal(node, node.source.value, { how: "re-export", typeOnly: types, names });
        break;
      }
      case "ExportAllDeclaration":
        literal(node, node.source.value, {
          how: "re-export",
          typeOnly: node.exportKind === "type",
          names: ["*"],
        });
        break;
      case "TSImportEqualsDeclaration":
        if (node.moduleReference.type === "TSExternalModuleReference")
          literal(node, node.moduleReference.expression.value, {
            how: "require",
            typeOnly: node.importKind === "type",
            names: ["*"],
          });
        break;
      case "ImportExpression":
        computed(node, node.source, scope, "dynamic");
        break;
      default:
    }
  }
  for (const { node, scope, paths, args, isIndirect } of calls) {
    for (const { how, odd } of loadersOf(bare(node.callee), paths))
      computed(node, args[0], scope, how, odd || (isIndirect && how === "require"));
  }
  return requests;
}

function madeRequest(
  node: Node,
  values: Values,
  rest: Pick<ModuleRequest, "how" | "oddLoader" | "hidden">,
): ModuleRequest {
  const texts = values.filter((each) => each.kind === "text");
  return {
    start: node.start,
    specifiers: texts.map((each) => each.text),
    typeOnly: false,
    unused: false,
    names: ["*"],
    made: texts.length === 0 || texts.some((each) => each.made),
    ...rest,
  };
}

interface Loader {
  readonly how: ModuleRequest["how"];
  readonly odd: boolean;
}

const LOADERS: ReadonlyMap<string, ModuleRequest["how"]> = new Map([
  ["require", "require"],
  ["process.getBuiltinModule", "require"],
  ["node:module._load", "require"],
  ["module.load", "require"],
  ["require.resolve", "resolve"],
  ["meta.resolve", "resolve"],
  ["vi.importActual", "dynamic"],
  ["importScripts", "require"],
  ["Worker", "worker"],
  ["SharedWorker", "worker"],
  ["navigator.serviceWorker.register", "worker"],
  ["node:worker_threads.Worker", "worker"],
]);
/** Methods of test runners that give the real module. */
const REAL_MODULES: ReadonlySet<string> = new Set(["importActual", "requireActual", "unstable_importModule"]);

function loadersOf(callee: Node, paths: readonly string[]): Loader[] {
  const found = paths.flatMap((path): Loader[] => {
    const how = LOADERS.get(path);
    return how ? [{ how, odd: path === "require" && callee.type !== "Identifier" }] : [];
  });
  if (paths.length > 0) return found;
  // A loader that a scope declares under its own name and that nothing explains is one all the same.
  if (callee.type === "Identifier") return [{ how: "require", odd: false }];
  return [{ how: "dynamic", odd: false }];
}

const HIDING_METHODS: ReadonlySet<string> = new Set([
  "reverse",
  "fromCharCode",
  "fromCodePoint",
  "charAt",
  "charCodeAt",
  "codePointAt",
  "reduce",
  "reduceRight",
  "atob",
  "unescape",
  "decodeURIComponent",
  "decodeURI",
]);
const MAX_LOOKED_AT = 200;

/** Whether an expression, or what its names stand for, decodes something: no honest specifier does. */
function isHidden(node: Node, scope: Scope): boolean {
  const stack: { node: Node; scope: Scope }[] = [{ node, scope }];
  const seen = new Set<Node>();
  while (seen.size < MAX_LOOKED_AT) {
    const next = stack.pop();
    if (!next) return false;
    if (seen.has(next.node)) continue;
    seen.add(next.node);
    const at = next.node;
    if (at.type === "TaggedTemplateExpression") return true;
    if (at.type === "Identifier") {
      if (HIDING_METHODS.has(at.name) && !next.scope.find(at.name)) return true;
      for (const source of next.scope.find(at.name)?.sources ?? [])
        if (!source.node.type.startsWith("Import")) stack.push({ node: source.node, scope: source.scope });
    }
    if (
      at.type === "MemberExpression" &&
      !at.computed &&
      at.property.type === "Identifier" &&
      HIDING_METHODS.has(at.property.name)
    )
      return true;
    if (at.type === "CallExpression" && isBase64(at)) return true;
    if (at.type === "FunctionDeclaration" || at.type === "ClassDeclaration") continue;
    eachChild(at, (child) => stack.push({ node: child, scope: next.scope }));
  }
  return false;
}

function isBase64(call: Extract<Node, { type: "CallExpression" }>): boolean {
  return call.arguments.some(
    (each) =>
      each.type === "Literal" &&
      (each.value === "base64" || each.value === "hex" || each.value === "base64url"),
  );
}

/** The rules' name of what a request gives: `node:fs`, and each thing that is taken from it by name. */
export function pathsOfRequest(request: ModuleRequest, module: string): readonly string[] {
  return [module, ...request.names.filter((name) => name !== "*").map((name) => memberPath(module, name))];
}

export function isKnown(specifier: string): boolean {
  return !specifier.includes(HOLE);
}
