import type { SgNode } from "@ast-grep/napi";

/** What a statement may stand in, so that its result or its output goes elsewhere. */
const KINDS = ["list", "pipeline", "negated_command", "redirected_statement"] as const;

interface Place {
  readonly parent: SgNode;
  readonly siblings: readonly SgNode[];
  readonly at: number;
}

/**
 * What the statements of a script stand in. A tree is asked from above, once: to ask a node for its parent costs more the deeper it
 * is, and a list of ten thousand commands is ten thousand deep.
 */
export class StatementsAround {
  private readonly root: SgNode;
  private places: Map<number, Place> | undefined;

  constructor(root: SgNode) {
    this.root = root;
  }

  /** The list, pipeline, negation or statement with redirects that a node is directly in. Undefined: it is in none. */
  parent(node: SgNode): SgNode | undefined {
    return this.place(node)?.parent;
  }

  /** What follows a node in that. */
  next(node: SgNode): SgNode | undefined {
    const place = this.place(node);
    return place?.siblings[place.at + 1];
  }

  private place(node: SgNode): Place | undefined {
    this.places ??= this.find();
    return this.places.get(node.id());
  }

  private find(): Map<number, Place> {
    const found = new Map<number, Place>();
    for (const parent of this.root.findAll({ rule: { any: KINDS.map((kind) => ({ kind })) } })) {
      const siblings = parent.children();
      for (const [at, child] of siblings.entries()) found.set(child.id(), { parent, siblings, at });
    }
    return found;
  }
}
