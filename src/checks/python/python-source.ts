import type { SgNode } from "@ast-grep/napi";
import type { SourceFile } from "../source-file.ts";
import { CAPABILITY_NAMES_BY_MODULE } from "./capabilities.ts";
import { ConstantFolder } from "./fold-constant.ts";
import { IMPORT_KINDS, importsOf, type PythonImport } from "./imports.ts";
import { Names } from "./names.ts";

/** Each name costs a search through the tree. */
const MAX_NAMES_FOLLOWED = 200;
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
  private readonly given = new Map<string, readonly SgNode[]>();
  private readonly assigned = new Map<string, SgNode | undefined>();

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

  /** The expressions that the file gives to a name: by assignment, loop, `with`, or as a parameter's default. */
  givenTo(name: string): readonly SgNode[] {
    const known = this.given.get(name);
    if (known) return known;
    const named = { kind: "identifier", regex: `^${name}$` };
    const nodes =
      /^\w+$/.test(name) && this.given.size < MAX_NAMES_FOLLOWED
        ? this.root.findAll({
            rule: {
              any: [
                { kind: "assignment", has: { field: "left", any: [named, { has: named }] } },
                { kind: "named_expression", has: { field: "name", ...named } },
                { kind: "for_statement", has: { field: "left", any: [named, { has: named }] } },
                { kind: "for_in_clause", has: { field: "left", any: [named, { has: named }] } },
                { kind: "as_pattern", has: { field: "alias", has: named } },
              ],
            },
          })
        : [];
    const given = nodes
      .flatMap((node) => node.field("right") ?? node.field("value") ?? node.children()[0] ?? [])
      .slice(0, 8);
    this.given.set(name, given);
    return given;
  }

  private assignedTo(name: string): SgNode | undefined {
    if (!this.assigned.has(name)) {
      this.assigned.set(name, undefined);
      const regex = `^${name}$`;
      const node = this.root.find({
        rule: {
          any: [
            { kind: "assignment", has: { field: "left", kind: "identifier", regex } },
            { kind: "named_expression", has: { field: "name", kind: "identifier", regex } },
          ],
        },
      });
      this.assigned.set(name, node?.field("right") ?? node?.field("value") ?? undefined);
    }
    return this.assigned.get(name);
  }
}
