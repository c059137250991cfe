import type { Node } from "./syntax.ts";

/** Where a name gets a value from: an expression, and the way into it where it was taken apart. */
export interface Source {
  readonly node: Node;
  readonly scope: Scope;
  /** Keys from the expression's value to the name's. A node is a computed key, `EACH` any element, `REST` what is left. */
  readonly way: readonly (string | Node)[];
  /** The value is added to the one before (`+=`). */
  readonly added?: boolean;
}

export const EACH = "*";
export const REST = "...";

/** A name in one scope. */
export interface Binding {
  readonly name: string;
  readonly sources: Source[];
  /** What was assigned to its properties, by name. */
  properties?: Map<string, Source[]>;
  readonly kind: "import" | "parameter" | "local";
  readonly home: Scope;
  /** Used as a value anywhere. */
  used: boolean;
}

export class Scope {
  readonly parent: Scope | undefined;
  /** The function, class or program whose `this` and `var` are here. Undefined: a block, or an arrow function for `this`. */
  readonly owner: Node | undefined;
  readonly holdsVariables: boolean;
  private names: Map<string, Binding> | undefined;

  constructor(options: { parent?: Scope; owner?: Node; holdsVariables: boolean }) {
    this.parent = options.parent;
    this.owner = options.owner;
    this.holdsVariables = options.holdsVariables;
  }

  /** The binding of a name declared here, made at the first call. */
  declare(name: string, kind: Binding["kind"]): Binding {
    const names = (this.names ??= new Map());
    let binding = names.get(name);
    if (!binding) names.set(name, (binding = { name, sources: [], kind, home: this, used: false }));
    return binding;
  }

  /** What a name means here. Undefined: it is declared nowhere in the file. */
  find(name: string): Binding | undefined {
    let found = this.names?.get(name);
    for (let scope = this.parent; scope && !found; scope = scope.parent) found = scope.names?.get(name);
    return found;
  }

  /** The scope of the function or program around. */
  get variables(): Scope {
    if (this.holdsVariables || !this.parent) return this;
    let scope = this.parent;
    while (!scope.holdsVariables && scope.parent) scope = scope.parent;
    return scope;
  }

  get root(): Scope {
    if (!this.parent) return this;
    let scope = this.parent;
    while (scope.parent) scope = scope.parent;
    return scope;
  }
}
