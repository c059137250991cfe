import type { SgNode } from "@ast-grep/napi";
import type { SourceFile } from "../source-file.ts";
import { CAPABILITY_NAMES_BY_MODULE } from "./capabilities.ts";
import { ConstantFolder } from "./fold-constant.ts";
import { IMPORT_KINDS, importsOf, type PythonImport } from "./imports.ts";
import { Names } from "./names.ts";

/** How many assignments of a file are looked at, and how many of one name. */
const MAX_GIVEN = 20_000;
const MAX_GIVEN_TO_ONE = 8;
/** How many steps the expressions of one file may take to be worked out. */
const FOLD_STEPS = 20_000;

/** One Python file as the rules look at it: its tree, what it imports, what its names stand for. */
export class PythonSource {
  readonly file: SourceFile;
  readonly root: SgNode;
  readonly imports: PythonImport[];
  readonly folder: ConstantFolder;
  readonly names: Names;
  readonly isTest: boolean;
  /** As Python reads it, see `syntaxTree`. */
  readonly text: string;
  private given: ReadonlyMap<string, readonly SgNode[]> | undefined;

  constructor(file: SourceFile, root: SgNode) {
    this.file = file;
    this.root = root;
    this.text = /[^\0-\x7f]/.test(file.text) ? root.text() : file.text;
    this.isTest = file.role === "test";
    this.imports = root.findAll({ rule: { any: IMPORT_KINDS.map((kind) => ({ kind })) } }).flatMap(importsOf);
    this.folder = new ConstantFolder((name) => this.assignedTo(name), { steps: FOLD_STEPS });
    this.names = new Names(this.folder);
  }

  /** The identifiers with one of these names. */
  identifiers(words: readonly string[]): SgNode[] {
    const regex = `^(?:${words.map((word) => word.replace(/[^\w]/gu, "\\$&")).join("|")})$`;
    return this.root.findAll({ rule: { kind: "identifier", regex } });
  }

  /** A module that a call imports, as if a statement did. */
  addImport(module: string, node: SgNode): void {
    const relative = false;
    this.imports.push({
      module,
      relative,
      names: [],
      binds: undefined,
      star: false,
      guarded: false,
      typeOnly: false,
      node,
    });
  }

  starNames(module: string): readonly string[] {
    return CAPABILITY_NAMES_BY_MODULE.get(module) ?? [];
  }

  /** Whether the file gives the name a meaning of its own somewhere. */
  defines(name: string): boolean {
    return new RegExp(`\\bdef ${name}\\b|^${name} *=|\\bimport ${name}\\b`, "m").test(this.file.text);
  }

  /** The expressions that the file gives to a name: by assignment, loop, or `with`. */
  givenTo(name: string): readonly SgNode[] {
    return this.index().get(name) ?? [];
  }

  private assignedTo(name: string): SgNode | undefined {
    return this.givenTo(name).find(
      (node) => !/^(?:for_statement|for_in_clause)$/.test(String(node.parent()?.kind())),
    );
  }

  /** What the file gives to each of its names. Made at the first question: most files are asked none. */
  private index(): ReadonlyMap<string, readonly SgNode[]> {
    if (this.given) return this.given;
    const given = new Map<string, SgNode[]>();
    this.given = given;
    const kinds = ["assignment", "named_expression", "for_statement", "for_in_clause", "as_pattern"];
    for (const node of this.root
      .findAll({ rule: { any: kinds.map((kind) => ({ kind })) } })
      .slice(0, MAX_GIVEN)) {
      const value = node.field("right") ?? node.field("value") ?? node.children()[0];
      const target = node.field("left") ?? node.field("name") ?? node.field("alias");
      if (!value || !target) continue;
      for (const name of target
        .text()
        .slice(0, 200)
        .match(/(?<![.\w])[^\W\d]\w*(?![\w.([])/g) ?? []) {
        const nodes = given.get(name) ?? [];
        if (nodes.length < MAX_GIVEN_TO_ONE) nodes.push(value);
        given.set(name, nodes);
      }
    }
    return given;
  }
}
