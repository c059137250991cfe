import type { Change } from "../../core/change.ts";
import { declaredIn, type DeclaredPackages } from "./declared-packages.ts";

interface Manifest {
  readonly folder: string;
  readonly declared: DeclaredPackages;
}

const manifests = new WeakMap<Change, readonly Manifest[]>();

/**
 * What the base's manifests declare for a file: those in its folder and in the folders above it. Undefined: the
 * repository has none of Python's.
 */
export function packagesFor(path: string, change: Change): DeclaredPackages | undefined {
  let all = manifests.get(change);
  if (!all) {
    const decoder = new TextDecoder();
    all = change.manifests.flatMap((manifest) => {
      const declared = declaredIn(manifest.path, decoder.decode(manifest.content));
      return declared ? [{ folder: folderOf(manifest.path), declared }] : [];
    });
    manifests.set(change, all);
  }
  if (all.length === 0) return undefined;
  const over = all.filter(({ folder }) => folder === "" || path.startsWith(`${folder}/`));
  return {
    runtime: new Set(over.flatMap(({ declared }) => [...declared.runtime])),
    development: new Set(over.flatMap(({ declared }) => [...declared.development])),
  };
}

/** The folder that a manifest speaks for: `requirements/dev.txt` is the one above. */
function folderOf(path: string): string {
  const folder = path.slice(0, Math.max(0, path.lastIndexOf("/")));
  return folder.replace(/(?:^|\/)requirements$/, "");
}
