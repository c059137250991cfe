import type { SgNode } from "@ast-grep/napi";
import type { SourceFile } from "../source-file.ts";
import { keepErrors } from "../syntax/unparsed.ts";
import { CAPABILITY_NAMES_BY_MODULE } from "./capabilities.ts";
import { ConstantFolder } from "./fold-constant.ts";
import { importsOf, IMPORT_KINDS, type PythonImport } from "./imports.ts";
import { tellingStrings } from "./judge-text.ts";
import { likelyWords } from "./likely-words.ts";
import { mayGive } from "./may-give.ts";
import { Names } from "./names.ts";

/** How many assignments of one name are looked at. */
const MAX_GIVEN_TO_ONE = 50;
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
  /** The strings that may name what must not be named. */
  readonly strings: readonly SgNode[];
  /** Names that lead to a capability in any file, and that this one has. */
  readonly firstWords: readonly string[];
  /** Last names of calls that may be dangerous. */
  readonly dangerousWords: readonly string[];
  private readonly walkedFor: ReadonlySet<string>;
  private readonly walked: readonly { readonly node: SgNode; readonly name: string }[];
  private given: ReadonlyMap<string, readonly SgNode[]> | undefined;

  constructor(file: SourceFile, root: SgNode) {
    this.file = file;
    this.root = root;
    this.text = /[^\0-\x7f]/.test(file.text) ? root.text() : file.text;
    this.isTest = file.role === "test";
    const { first, dangerous, imported } = likelyWords(this.text);
    this.firstWords = first;
    this.dangerousWords = dangerous;
    this.walkedFor = new Set([...first, ...dangerous, ...imported]);
    // A walk through the tree costs more than what is done with the few nodes that it gives: one for all of these.
    const statements: SgNode[] = [];
    const strings: SgNode[] = [];
    const errors: SgNode[] = [];
    const identifiers: { readonly node: SgNode; readonly name: string }[] = [];
    const any = [
      ...IMPORT_KINDS.map((kind) => ({ kind })),
      { kind: "ERROR" },
      ...tellingStrings(this.text),
      ...(this.walkedFor.size > 0 ? [identifierRule([...this.walkedFor])] : []),
    ];
    for (const node of root.findAll({ rule: { any } })) {
      const kind = node.kind();
      if (kind === "identifier") identifiers.push({ node, name: node.text() });
      else (kind === "string" ? strings : kind === "ERROR" ? errors : statements).push(node);
    }
    keepErrors(file, errors);
    this.strings = strings;
    this.walked = identifiers;
    this.imports = statements.flatMap(importsOf);
    this.folder = new ConstantFolder((name) => this.assignedTo(name), { steps: FOLD_STEPS });
    this.names = new Names(this.folder);
  }

  /** The identifiers with one of these names, in the file's order. */
  identifiers(words: readonly string[]): SgNode[] {
    if (words.length === 0) return [];
    if (words.some((word) => !this.walkedFor.has(word)))
      return this.root.findAll({ rule: identifierRule(words) });
    const wanted = new Set(words);
    return this.walked.flatMap(({ node, name }) => (wanted.has(name) ? [node] : []));
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
    if (!this.given && !mayGive(this.text, name, { loops: true })) return [];
    return this.index().get(name) ?? [];
  }

  private assignedTo(name: string): SgNode | undefined {
    if (!this.given && !mayGive(this.text, name, { loops: false })) return undefined;
    return (this.index().get(name) ?? []).find(
      (node) => !/^(?:for_statement|for_in_clause)$/.test(String(node.parent()?.kind())),
    );
  }

  /** What the file gives to each of its names. Made at the first question: most files are asked none. */
  private index(): ReadonlyMap<string, readonly SgNode[]> {
    if (this.given) return this.given;
    const given = new Map<string, SgNode[]>();
    this.given = given;
    const kinds = ["assignment", "named_expression", "for_statement", "for_in_clause", "as_pattern"];
    for (const node of this.root.findAll({ rule: { any: kinds.map((kind) => ({ kind })) } })) {
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

function identifierRule(words: readonly string[]): { kind: string; regex: string } {
  return {
    kind: "identifier",
    regex: `^(?:${words.map((word) => word.replace(/[^\w]/gu, "\\$&")).join("|")})$`,
  };
}
