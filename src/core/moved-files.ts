/** A file of a tree, by what it holds. */
interface TreeFile<Oid extends string = string> {
  readonly path: string;
  readonly oid: Oid;
}

/** Of the lines of the longer one, so many have to be in both. */
const MIN_SHARE = 0.6;
/** A change that moves more test files than these is looked at for those of the same content alone. */
const MAX_COMPARED = 200;

/** Files of `base` that `head` has no more, and files of `head` that are new: what may have been moved. */
export function movable<T extends TreeFile>(
  base: readonly T[],
  head: readonly T[],
): { readonly gone: readonly T[]; readonly added: readonly T[] } {
  const [before, after] = [new Set(base.map(({ path }) => path)), new Set(head.map(({ path }) => path))];
  return {
    gone: base.filter(({ path }) => !after.has(path)),
    added: head.filter(({ path }) => !before.has(path)),
  };
}

/**
 * Where the files that are gone are now: those of the same content first, then those that share most of their lines, each new file for one
 * that is gone. `textsOf` is asked once, and only where that is needed.
 */
export async function movedFiles<Oid extends string>(options: {
  readonly gone: readonly TreeFile<Oid>[];
  readonly added: readonly TreeFile<Oid>[];
  /** The texts of objects, in their order; none: they are too large together. */
  readonly textsOf: (oids: readonly Oid[]) => Promise<readonly string[]>;
}): Promise<ReadonlyMap<string, string>> {
  const moved = new Map<string, string>();
  const open = new Map(options.added.map((file) => [file.path, file]));
  const left: TreeFile<Oid>[] = [];
  for (const file of options.gone) {
    const same = [...open.values()].find(({ oid }) => oid === file.oid);
    if (same) {
      moved.set(file.path, same.path);
      open.delete(same.path);
    } else left.push(file);
  }
  const candidates = [...open.values()];
  if (left.length === 0 || candidates.length === 0) return moved;
  if (left.length > MAX_COMPARED || candidates.length > MAX_COMPARED) return moved;
  const texts = await options.textsOf([...left, ...candidates].map(({ oid }) => oid));
  const lines = texts.map((text) => new Set(text?.split("\n").map((line) => line.trim())));
  const near = left.flatMap((file, at) =>
    candidates.map((to, other) => ({
      from: file.path,
      to: to.path,
      share: shared(lines[at] ?? new Set(), lines[left.length + other] ?? new Set()),
    })),
  );
  for (const { from, to, share } of near.toSorted((a, b) => b.share - a.share)) {
    if (share < MIN_SHARE || moved.has(from) || !open.delete(to)) continue;
    moved.set(from, to);
  }
  return moved;
}

function shared(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const size = Math.max(a.size, b.size);
  return size === 0 ? 0 : [...a].filter((line) => b.has(line)).length / size;
}
