import type { SgNode } from "@ast-grep/napi";

/** One module that a statement names, and what it binds. */
export interface PythonImport {
  /** The module's full name; for a relative import what follows the dots, which may be nothing. */
  readonly module: string;
  readonly relative: boolean;
  /** The names that it takes from the module, each with the name that it gets here. */
  readonly names: readonly { readonly name: string; readonly as: string }[];
  /** `import x.y` binds `x`; `import x.y as z` binds `z` to the whole. */
  readonly binds: { readonly as: string; readonly path: string } | undefined;
  readonly star: boolean;
  /** The module's absence is handled: the import stands in a `try` that catches it. */
  readonly guarded: boolean;
  /** It is only there for type checkers. */
  readonly typeOnly: boolean;
  readonly node: SgNode;
}

export const IMPORT_KINDS = ["import_statement", "import_from_statement"] as const;

/** What an import statement imports. */
export function importsOf(statement: SgNode): PythonImport[] {
  const context = { ...surroundings(statement), node: statement };
  const plain = plainImport(statement.text());
  if (plain) return importsFrom(plain, context);
  const isFrom = statement.kind() === "import_from_statement";
  const children = statement.children();
  const named = children.slice(children.findIndex((child) => child.text() === "import") + 1);
  const bound = named.flatMap((child) => {
    if (child.kind() === "dotted_name") return [{ name: nameOf(child), as: nameOf(child), aliased: false }];
    if (child.kind() !== "aliased_import") return [];
    return [{ name: nameOf(child.field("name")), as: nameOf(child.field("alias")), aliased: true }];
  });
  if (!isFrom) return importsFrom({ from: undefined, bound, star: false }, context);
  const from = statement.field("module_name");
  const relative = from?.kind() === "relative_import";
  const module = relative
    ? nameOf(from?.children().find((child) => child.kind() === "dotted_name"))
    : nameOf(from);
  const star = named.some((child) => child.kind() === "wildcard_import");
  return importsFrom({ from: { module, relative }, bound, star }, context);
}

interface ReadImport {
  readonly from: { readonly module: string; readonly relative: boolean } | undefined;
  readonly bound: readonly { readonly name: string; readonly as: string; readonly aliased: boolean }[];
  readonly star: boolean;
}

const PLAIN = /^(?:from +(\.*)([\w.]*) +)?import +([\w., ]+)$/;
const PLAIN_NAME = /^([\w.]+)(?: +as +(\w+))?$/;

/** A statement on one line, as nearly all of them are: its text is enough, and nodes are dear. */
function plainImport(text: string): ReadImport | undefined {
  const [whole, dots = "", module = "", list = ""] = PLAIN.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const bound: ReadImport["bound"][number][] = [];
  for (const part of list.split(",")) {
    const [, name, as] = PLAIN_NAME.exec(part.trim()) ?? [];
    if (name === undefined) return undefined;
    bound.push({ name, as: as ?? name, aliased: as !== undefined });
  }
  const from = text.startsWith("from") ? { module, relative: dots !== "" } : undefined;
  return { from, bound, star: false };
}

function importsFrom(
  { from, bound, star }: ReadImport,
  context: Pick<PythonImport, "guarded" | "typeOnly" | "node">,
): PythonImport[] {
  if (!from) {
    return bound.map(({ name, as, aliased }) => ({
      ...context,
      module: name,
      relative: false,
      names: [],
      binds: aliased ? { as, path: name } : { as: topOf(name), path: topOf(name) },
      star: false,
    }));
  }
  return [{ ...context, ...from, names: bound, binds: undefined, star }];
}

/** The first part of a module's name. */
export function topOf(module: string): string {
  return module.split(".", 1)[0] ?? module;
}

function nameOf(node: SgNode | null | undefined): string {
  return (node?.text() ?? "").replace(/\s|\\\n/g, "").normalize("NFKC");
}

function surroundings(statement: SgNode): { guarded: boolean; typeOnly: boolean } {
  let [guarded, typeOnly] = [false, false];
  for (let node = statement.parent(); node && node.kind() !== "module"; node = node.parent()) {
    if (node.kind() === "try_statement") {
      guarded ||= node
        .children()
        .some(
          (child) =>
            child.kind() === "except_clause" &&
            /^except\s*:|\b(?:ImportError|ModuleNotFoundError|Exception)\b/.test(child.text().slice(0, 200)),
        );
    }
    if (node.kind() === "if_statement")
      typeOnly ||= /\bTYPE_CHECKING\b/.test(node.field("condition")?.text() ?? "");
  }
  return { guarded, typeOnly };
}
