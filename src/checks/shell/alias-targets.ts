import { isAlias, isCollection, isNode, isPair, type Alias, type Document, type Node } from "yaml";

/**
 * What each `*name` of a document stands for: the last `&name` before it. The library's own way looks through the document once
 * for each, and nests as deep as the text does.
 */
export function aliasTargets(document: Document): ReadonlyMap<Alias, Node> {
  const targets = new Map<Alias, Node>();
  const anchors = new Map<string, Node>();
  const open: unknown[] = [document.contents];
  while (open.length > 0) {
    const next = open.pop();
    if (isPair(next)) open.push(next.value, next.key);
    else if (isAlias(next)) {
      const target = anchors.get(next.source);
      if (target) targets.set(next, target);
    } else if (isNode(next)) {
      if ("anchor" in next && next.anchor !== undefined) anchors.set(next.anchor, next);
      if (isCollection(next))
        for (let at = next.items.length - 1; at >= 0; at -= 1) open.push(next.items[at]);
    }
  }
  return targets;
}
