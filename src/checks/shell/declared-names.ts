import type { Change } from "../../core/change.ts";

const names = new WeakMap<Change, ReadonlySet<string>>();
const MAX_NAMES = 50_000;

/**
 * Every word of the base's manifests that could be a package's name, in lower case. More than what is declared: it only
 * says which commands name something new.
 */
export function declaredNames(change: Change): ReadonlySet<string> {
  const known = names.get(change);
  if (known) return known;
  const found = new Set<string>();
  const decoder = new TextDecoder();
  for (const { content } of change.manifests) {
    for (const [name] of decoder.decode(content).matchAll(/@?[\w][\w./-]*/g)) {
      if (found.size < MAX_NAMES) found.add(name.toLowerCase());
    }
  }
  names.set(change, found);
  return found;
}
