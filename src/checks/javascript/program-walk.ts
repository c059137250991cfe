import { declares, importSource } from "./declarations.ts";
import { declarePattern, type PatternExpression } from "./declare-pattern.ts";
import { noteAssignment } from "./note-assignment.ts";
import type { FunctionNode, IdentifierNode, OfType, Place } from "./place.ts";
import type { ProgramFacts } from "./program-facts.ts";
import { EACH, Scope, type Binding, type Source } from "./scopes.ts";
import { runningKeys, type Node, type Syntax } from "./syntax.ts";

const OTHERS: ReadonlySet<string> = new Set([
  "ImportDeclaration",
  "ExportNamedDeclaration",
  "ExportAllDeclaration",
  "ImportExpression",
  "TSImportEqualsDeclaration",
  "AssignmentExpression",
  "VariableDeclarator",
  "AssignmentPattern",
  "ClassDeclaration",
  "ClassExpression",
  "WithStatement",
  "TaggedTemplateExpression",
  "ForInStatement",
  "JSXElement",
  "JSXAttribute",
  "V8IntrinsicExpression",
]);

/** Goes over a tree with a stack of its own, so that no depth of nesting ends it. */
export class ProgramWalk {
  readonly facts: ProgramFacts;
  private readonly scopes = new Map<Node, Scope>();
  private readonly returns = new Map<Node, Node[]>();
  private readonly homes = new Map<Node, Scope>();
  private readonly nodes: Node[] = [];
  private readonly nodeScopes: Scope[] = [];
  private readonly parents: Node[] = [];
  private readonly assignments: Place<OfType<"AssignmentExpression">>[] = [];

  private readonly elements: { name: string; scope: Scope }[] = [];
  /** All names, in three lists that go together: most are declared, and no place is made of them. */
  private readonly names: IdentifierNode[] = [];
  private readonly nameScopes: Scope[] = [];
  private readonly nameParents: Node[] = [];
  constructor(syntax: Syntax) {
    const root = new Scope({ owner: syntax.program, holdsVariables: true });
    this.facts = {
      syntax,
      root,
      names: [],
      members: [],
      calls: [],
      texts: [],
      joins: [],
      escapedNames: [],
      patterns: [],
      others: [],
      scopes: this.scopes,
      returns: this.returns,
      homes: this.homes,
    };
    this.run();
  }

  private run(): void {
    this.push(this.facts.syntax.program, this.facts.root, this.facts.syntax.program);
    this.visitPushed();
    // When every declaration is known. What stands in an assignment's pattern may assign as well: the list grows meanwhile.
    for (const { node, scope } of this.assignments) {
      this.pushAll(noteAssignment(node, scope), node);
      this.visitPushed();
    }
    for (let at = 0; at < this.names.length; at += 1) {
      const [node, scope, parent] = [this.names[at], this.nameScopes[at], this.nameParents[at]];
      if (!node || !scope || !parent) break;
      const binding = scope.find(node.name);
      use(binding);
      if (!binding || node.name === "eval") this.facts.names.push({ node, scope, parent });
    }
    for (const { name, scope } of this.elements) use(scope.find(name));
  }

  private visitPushed(): void {
    for (;;) {
      const node = this.nodes.pop();
      const scope = this.nodeScopes.pop();
      const parent = this.parents.pop();
      if (!node || !scope || !parent) return;
      this.visit(node, scope, parent);
    }
  }

  private push(node: Node | null | undefined, scope: Scope, parent: Node): void {
    if (!node) return;
    this.nodes.push(node);
    this.nodeScopes.push(scope);
    this.parents.push(parent);
  }

  private pushChildren(node: Node, scope: Scope): void {
    const fields = node as unknown as Readonly<Record<string, unknown>>;
    const keys = runningKeys(node);
    // The stack gives the last first: pushed from the end, the lists are in the order of the text.
    for (let at = keys.length - 1; at >= 0; at -= 1) {
      const value = fields[keys[at] ?? ""];
      if (Array.isArray(value)) {
        for (let item = value.length - 1; item >= 0; item -= 1)
          this.push(value[item] as Node | null, scope, node);
      } else if (value) this.push(value as Node, scope, node);
    }
  }

  private pushAll(nodes: Iterable<PatternExpression>, parent: Node): void {
    for (const each of nodes) this.push(each.node, each.scope, parent);
  }

  private visit(node: Node, scope: Scope, parent: Node): void {
    const { facts } = this;
    if (OTHERS.has(node.type)) facts.others.push({ node, scope, parent });
    switch (node.type) {
      case "Identifier": {
        this.names.push(node);
        this.nameScopes.push(scope);
        this.nameParents.push(parent);
        if (node.end - node.start > node.name.length && !node.typeAnnotation) facts.escapedNames.push(node);
        return;
      }
      case "TSAsExpression":
      case "TSSatisfiesExpression":
      case "TSTypeAssertion":
      case "TSNonNullExpression":
      case "TSInstantiationExpression":
      case "ChainExpression":
      case "ParenthesizedExpression":
        // They leave a value as it is: what is in them stands where they stand.
        this.push(node.expression, scope, parent);
        return;
      case "JSXIdentifier":
        this.elements.push({ name: node.name, scope });
        return;
      case "MemberExpression":
        facts.members.push({ node, scope, parent });
        this.push(node.object, scope, node);
        if (node.computed) this.push(node.property, scope, node);
        return;
      case "CallExpression":
      case "NewExpression":
        facts.calls.push({ node, scope, parent });
        break;
      case "Literal":
        if (typeof node.value === "string") facts.texts.push({ node, scope, parent });
        else if ("regex" in node) facts.patterns.push(node);
        return;
      case "TemplateLiteral":
        facts.texts.push({ node, scope, parent });
        if (node.expressions.length > 0) facts.joins.push({ node, scope, parent });
        break;
      case "BinaryExpression":
        // Of a long sum, only the whole.
        if (node.operator === "+" && parent.type !== "BinaryExpression")
          facts.joins.push({ node, scope, parent });
        break;
      case "Property":
        if (node.computed) this.push(node.key, scope, node);
        this.push(node.value, scope, node);
        return;
      case "ObjectExpression":
        this.homes.set(node, scope);
        break;
      case "FunctionDeclaration":
      case "FunctionExpression":
      case "ArrowFunctionExpression":
        this.visitFunction(node, scope);
        return;
      case "ClassDeclaration":
      case "ClassExpression":
        this.visitClass(node, scope);
        return;
      case "MethodDefinition":
      case "PropertyDefinition":
      case "AccessorProperty":
      case "TSAbstractMethodDefinition":
      case "TSAbstractPropertyDefinition":
      case "TSAbstractAccessorProperty":
        for (const decorator of node.decorators) this.push(decorator, scope, node);
        if (node.computed) this.push(node.key, scope, node);
        this.push(node.value, scope, node);
        return;
      case "BlockStatement":
        this.pushChildren(
          node,
          node.body.some(declares) ? new Scope({ parent: scope, holdsVariables: false }) : scope,
        );
        return;
      case "StaticBlock":
      case "ForStatement":
      case "SwitchStatement":
      case "TSModuleBlock":
        this.pushChildren(node, new Scope({ parent: scope, holdsVariables: node.type === "TSModuleBlock" }));
        return;
      case "ForInStatement":
      case "ForOfStatement":
        this.visitLoop(node, scope);
        return;
      case "CatchClause": {
        const inner = new Scope({ parent: scope, holdsVariables: false });
        if (node.param) this.pushAll(declarePattern(node.param, inner, undefined, "local"), node);
        this.push(node.body, inner, node);
        return;
      }
      case "VariableDeclaration":
        if (node.declare === true) return;
        for (const each of node.declarations.toReversed()) {
          facts.others.push({ node: each, scope, parent: node });
          const target = node.kind === "var" ? scope.variables : scope;
          const from = each.init ? { node: each.init, scope, way: [] } : undefined;
          this.pushAll(declarePattern(each.id, target, from, "local"), each);
          this.push(each.init, scope, each);
        }
        return;
      case "AssignmentExpression":
        this.assignments.push({ node, scope, parent });
        if (node.left.type === "MemberExpression") this.push(node.left, scope, node);
        this.push(node.right, scope, node);
        return;
      case "ReturnStatement":
        if (node.argument) this.returns.get(scope.variables.owner ?? node)?.push(node.argument);
        break;
      case "YieldExpression":
        if (node.argument) this.returns.get(scope.variables.owner ?? node)?.push(node.argument);
        break;
      case "LabeledStatement":
        this.push(node.body, scope, node);
        return;
      case "BreakStatement":
      case "ContinueStatement":
      case "MetaProperty":
        return;
      case "ImportDeclaration":
        if (node.importKind !== "type") {
          for (const each of node.specifiers)
            scope.declare(each.local.name, "import").sources.push(importSource(node, each, scope));
        }
        return;
      case "TSImportEqualsDeclaration":
        if (node.importKind !== "type")
          scope.declare(node.id.name, "import").sources.push({ node: node.moduleReference, scope, way: [] });
        if (node.moduleReference.type === "Identifier") this.push(node.moduleReference, scope, node);
        return;
      case "ExportNamedDeclaration":
        if (node.exportKind === "type") return;
        if (node.source === null)
          for (const each of node.specifiers)
            if (each.exportKind !== "type") this.push(each.local, scope, node);
        this.push(node.declaration, scope, node);
        return;
      case "ExportAllDeclaration":
        return;
      case "TSEnumDeclaration":
        if (node.declare) return;
        scope.declare(node.id.name, "local").sources.push({ node: node.body, scope, way: [] });
        this.homes.set(node.body, scope);
        for (const member of node.body.members) this.push(member.initializer, scope, member);
        return;
      case "TSModuleDeclaration":
        if (node.declare || !("body" in node) || !node.body) return;
        this.push(node.body, scope, node);
        return;
      default:
    }
    this.pushChildren(node, scope);
  }

  private visitFunction(node: FunctionNode, scope: Scope): void {
    this.homes.set(node, scope);
    this.returns.set(node, node.type === "ArrowFunctionExpression" && node.expression ? [node.body] : []);
    if (node.type === "FunctionDeclaration" && node.id)
      scope.declare(node.id.name, "local").sources.push({ node, scope, way: [] });
    const inner = new Scope({ parent: scope, owner: node, holdsVariables: true });
    this.scopes.set(node, inner);
    if (node.type === "FunctionExpression" && node.id)
      inner.declare(node.id.name, "local").sources.push({ node, scope, way: [] });
    for (const param of node.params) this.pushAll(declarePattern(param, inner, undefined, "parameter"), node);
    if (!node.body) return;
    // The body shares the parameters' scope: a `var` of the same name is the parameter.
    if (node.body.type === "BlockStatement") this.pushChildren(node.body, inner);
    else this.push(node.body, inner, node);
  }

  private visitClass(node: OfType<"ClassDeclaration" | "ClassExpression">, scope: Scope): void {
    if (node.declare === true) return;
    this.homes.set(node, scope);
    if (node.id) scope.declare(node.id.name, "local").sources.push({ node, scope, way: [] });
    for (const decorator of node.decorators) this.push(decorator, scope, node);
    this.push(node.superClass, scope, node);
    const inner = new Scope({ parent: scope, owner: node, holdsVariables: false });
    this.pushChildren(node.body, inner);
  }

  private visitLoop(node: OfType<"ForInStatement" | "ForOfStatement">, scope: Scope): void {
    const inner = new Scope({ parent: scope, holdsVariables: false });
    const from: Source = {
      node: node.right,
      scope,
      way: node.type === "ForOfStatement" ? [EACH] : ["key in"],
    };
    if (node.left.type === "VariableDeclaration") {
      for (const each of node.left.declarations) {
        const target = node.left.kind === "var" ? scope.variables : inner;
        this.pushAll(declarePattern(each.id, target, from, "local"), node);
      }
    } else this.pushAll(declarePattern(node.left, inner, from, "local"), node);
    this.push(node.right, scope, node);
    this.push(node.body, inner, node);
  }
}

function use(binding: Binding | undefined): void {
  if (binding) binding.used = true;
}
