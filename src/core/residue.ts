/**
 * What an attempt or a night can leave behind, in the order in which it is removed: what runs first, then what it held,
 * then what says where it was.
 */
export const RESIDUE_KINDS = [
  "process",
  "container",
  "mount",
  "loop-device",
  "volume",
  "network",
  "folder",
  "lock",
  "ref",
  "file",
  /** A store has grown by more than anything explains. */
  "bytes",
] as const;
export type ResidueKind = (typeof RESIDUE_KINDS)[number];

/** One thing of ours that stands outside of the journal: it bears this workspace's mark, or lies in its state folder. */
export interface Residue {
  readonly kind: ResidueKind;
  /** Where it was found: see `ResiduePlace.name`. */
  readonly place: string;
  /** Names it to a person, and to the place that removes it. */
  readonly name: string;
  /** The attempt that it bears the mark of, by id and, where the mark has it, by token; null: of none. */
  readonly attempt: string | null;
  readonly token: string | null;
  /** What it takes on disk; null: nobody can say, or has not asked yet. */
  readonly bytes: number | null;
}

/** What may run on by itself: with such a thing beside it no other attempt may start. */
export function mayRun({ kind }: Pick<Residue, "kind">): boolean {
  return kind === "process" || kind === "container";
}

/** Made by a back end for attempts; everything else is a file or a ref of ours. */
export function isEnclosed({ kind }: Pick<Residue, "kind">): boolean {
  return !["lock", "ref", "file", "bytes"].includes(kind);
}

/** `3 containers, 1 volume`; nothing: an empty text. */
export function kindsInWords(counts: Partial<Record<ResidueKind, number>>): string {
  return RESIDUE_KINDS.flatMap((kind) => {
    const count = counts[kind] ?? 0;
    if (count === 0) return [];
    const plural = kind === "bytes" ? kind : kind === "process" ? "processes" : `${kind}s`;
    return [`${count} ${count === 1 ? kind : plural}`];
  }).join(", ");
}

/** By kind; kinds of which there is nothing are left out. */
export function countKinds(residue: readonly Pick<Residue, "kind">[]): Partial<Record<ResidueKind, number>> {
  const counts: Partial<Record<ResidueKind, number>> = {};
  for (const { kind } of residue) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

/** What is known of the bytes that they take together. */
export function bytesOf(residue: readonly Pick<Residue, "bytes">[]): number {
  return residue.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0);
}

export function inRemovalOrder(residue: readonly Residue[]): Residue[] {
  const rank = (kind: ResidueKind): number => RESIDUE_KINDS.indexOf(kind);
  return residue.toSorted((a, b) => rank(a.kind) - rank(b.kind));
}
