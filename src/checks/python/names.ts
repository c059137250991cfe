import type { SgNode } from "@ast-grep/napi";
import { CAPABLE_BUILTINS, POWERFUL_MODULES } from "./capabilities.ts";
import { expressionsIn, type ConstantFolder } from "./fold-constant.ts";

/**
 * What an expression stands for. `object`: what has this full name. `members`: a mapping from the names of an object's
 * members to them; of the file's own names if the path is empty. `getter`: called with a name, gives that member of
 * the path. `applied`: called with an object, gives the named member of it. `computed`: a member of the path that only
 * the run decides.
 */
export type Value =
  | { readonly kind: "object" | "members" | "getter" | "computed"; readonly path: string }
  | { readonly kind: "applied"; readonly names: readonly string[] };

/** Builtins that lead to others. */
const LEADING_BUILTINS = [
  "__import__",
  "__builtins__",
  "getattr",
  "setattr",
  "delattr",
  "vars",
  "globals",
  "locals",
];
const ROOT_BUILTINS: ReadonlySet<string> = new Set([
  ...LEADING_BUILTINS,
  ...CAPABLE_BUILTINS,
  "object",
  "type",
  "open",
]);

/** What imports the module that its first argument names. */
export const IMPORTERS: ReadonlySet<string> = new Set([
  "builtins.__import__",
  "importlib.__import__",
  "importlib.import_module",
  "pkgutil.resolve_name",
  "pydoc.locate",
  "pydoc.resolve",
  "django.utils.module_loading.import_string",
  "werkzeug.utils.import_string",
]);

const MAPPING_READERS: ReadonlySet<string> = new Set(["get", "pop", "setdefault", "__getitem__"]);
const MEMBER_READERS: ReadonlySet<string> = new Set(["__getattribute__", "__getattr__"]);
const MAX_DEPTH = 12;
const MAX_LINKS = 500;

/** Follows names, members, calls of `getattr` and its like, to what they stand for. */
export class Names {
  private readonly bound = new Map<string, Value>();
  private readonly folder: ConstantFolder;

  constructor(folder: ConstantFolder) {
    this.folder = folder;
  }

  /** Whether the name was not bound before. The first binding stays: a later one may be there to hide it. */
  bind(name: string, value: Value): boolean {
    if (name === "" || this.bound.has(name)) return false;
    this.bound.set(name, value);
    return true;
  }

  lookUp(name: string): Value | undefined {
    const bound = this.bound.get(name);
    if (bound) return bound;
    if (name === "__builtins__") return { kind: "object", path: "builtins" };
    return ROOT_BUILTINS.has(name) ? { kind: "object", path: `builtins.${name}` } : undefined;
  }

  /** What an expression stands for, from its innermost name outwards. */
  resolve(expression: SgNode | null | undefined, depth = 0): Value | undefined {
    const links: SgNode[] = [];
    let node = expression;
    if (depth >= MAX_DEPTH) return undefined;
    while (node && links.length < MAX_LINKS) {
      const inner = innerOf(node);
      if (!inner) break;
      links.push(node);
      node = inner;
    }
    if (!node) return undefined;
    let value = node.kind() === "identifier" ? this.lookUp(identifierText(node)) : this.oneOf(node, depth);
    for (const link of links.toReversed()) value = this.extend(value, link, depth);
    return value;
  }

  /** What a link of a chain stands for, given what the part below it stands for. */
  extend(value: Value | undefined, link: SgNode, depth = 0): Value | undefined {
    switch (link.kind()) {
      case "attribute": {
        const attribute = link.field("attribute");
        return attribute ? this.member(value, identifierText(attribute)) : undefined;
      }
      case "subscript":
        return this.item(value, link.field("subscript"));
      case "call":
        return value && this.result(value, argumentsOf(link), depth);
      case "parenthesized_expression":
      case "named_expression":
      case "await":
        return value;
      default:
        return undefined;
    }
  }

  /** The member of that name of what `value` stands for. */
  member(value: Value | undefined, name: string): Value | undefined {
    const bare = name.replace(/^_+/, "");
    if (!value) return LEAKED_MODULES.has(bare) ? { kind: "object", path: bare } : undefined;
    if (value.kind === "members")
      return MAPPING_READERS.has(name) ? { kind: "getter", path: value.path } : undefined;
    if (value.kind !== "object") return undefined;
    if (name === "__dict__") return { kind: "members", path: value.path };
    if (MEMBER_READERS.has(name) && value.path !== "builtins.object" && value.path !== "builtins.type") {
      return { kind: "getter", path: value.path };
    }
    if (MAPPING_READERS.has(name) && value.path === "sys.modules")
      return { kind: "getter", path: "sys.modules" };
    if (value.path === "sys.modules") return undefined;
    // A module that another one imports is that module.
    const leaks = LEAKED_MODULES.has(bare) && value.path !== "asyncio" && value.path !== "";
    return { kind: "object", path: leaks ? bare : `${value.path}.${name}` };
  }

  private named(path: string, name: string | undefined): Value | undefined {
    if (name === undefined) return { kind: "computed", path };
    if (path === "") return this.lookUp(name);
    if (path === "sys.modules") return { kind: "object", path: name };
    return this.member({ kind: "object", path }, name);
  }

  private item(value: Value | undefined, key: SgNode | null): Value | undefined {
    if (!value || value.kind === "applied" || value.kind === "computed") return undefined;
    const holds = value.kind === "members" || value.path === "sys.modules" || value.path === "builtins";
    return holds ? this.named(value.path, this.folder.text(key)) : undefined;
  }

  private result(value: Value, args: readonly SgNode[], depth: number): Value | undefined {
    const [first, second] = args;
    const text = (node: SgNode | undefined): string | undefined => this.folder.text(node ?? null);
    if (value.kind === "getter") return first && this.named(value.path, text(first));
    if (value.kind === "applied") {
      let object = this.resolve(first, depth + 1);
      for (const name of value.names) {
        object = object?.kind === "members" ? this.named(object.path, name) : this.member(object, name);
      }
      return object;
    }
    if (value.kind !== "object") return undefined;
    const { path } = value;
    if (IMPORTERS.has(path)) return this.imported(path, args);
    switch (path) {
      case "builtins.getattr":
      case "inspect.getattr_static":
      case "builtins.object.__getattribute__":
      case "builtins.type.__getattribute__": {
        const object = this.resolve(first, depth + 1);
        const name = text(second);
        if (!object) return name === undefined ? undefined : this.member(undefined, name);
        if (object.kind === "members" || object.kind === "object") {
          return name === undefined ? { kind: "computed", path: object.path } : this.member(object, name);
        }
        return undefined;
      }
      case "builtins.vars": {
        const object = this.resolve(first, depth + 1);
        if (!first) return { kind: "members", path: "" };
        return object?.kind === "object" ? { kind: "members", path: object.path } : undefined;
      }
      case "builtins.globals":
      case "builtins.locals":
        return { kind: "members", path: "" };
      case "operator.attrgetter":
      case "operator.methodcaller":
      case "operator.itemgetter": {
        const name = text(first);
        return name === undefined ? undefined : { kind: "applied", names: name.split(".") };
      }
      case "operator.getitem": {
        const object = this.resolve(first, depth + 1);
        return this.item(object, second ?? null);
      }
      case "functools.partial":
      case "importlib.reload":
      case "copy.copy":
        return this.resolve(first, depth + 1);
      default:
        return undefined;
    }
  }

  private imported(importer: string, args: readonly SgNode[]): Value | undefined {
    const named = args.find(
      (argument) => argument.kind() === "keyword_argument" && argument.field("name")?.text() === "name",
    );
    const name = this.folder.text(named?.field("value") ?? args[0] ?? null)?.replace(":", ".");
    if (name === undefined) return { kind: "computed", path: "" };
    if (name.startsWith(".")) return undefined;
    const gives =
      importer.endsWith("__import__") &&
      args.length < 4 &&
      !args.some((a) => a.text().startsWith("fromlist"));
    return { kind: "object", path: gives ? (name.split(".", 1)[0] ?? name) : name };
  }

  /** The first of alternatives that stands for something. */
  private oneOf(node: SgNode, depth: number): Value | undefined {
    const kind = node.kind();
    if (kind !== "conditional_expression" && kind !== "boolean_operator") return undefined;
    for (const child of expressionsIn(node)) {
      const value = this.resolve(child, depth + 1);
      if (value) return value;
    }
    return undefined;
  }
}

/** Modules that count wherever they are read from: as a name that another module imported. */
const LEAKED_MODULES: ReadonlySet<string> = new Set(
  [...POWERFUL_MODULES].filter((name) => !/^(?:code|commands|gc|imp)$/.test(name)),
);

/** An identifier as Python reads it: other forms of the same letters are the same name. */
export function identifierText(node: SgNode): string {
  return node.text().normalize("NFKC");
}

/** The part of a chain's link that the link starts from. */
export function innerOf(node: SgNode): SgNode | null {
  switch (node.kind()) {
    case "attribute":
      return node.field("object");
    case "subscript":
    case "named_expression":
      return node.field("value");
    case "call":
      return node.field("function");
    case "parenthesized_expression":
    case "await":
      return expressionsIn(node)[0] ?? null;
    default:
      return null;
  }
}

/** The arguments of a call. */
export function argumentsOf(call: SgNode): SgNode[] {
  const list = call.field("arguments");
  if (!list) return [];
  return list.kind() === "argument_list" ? expressionsIn(list) : [list];
}
