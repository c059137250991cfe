import { err, ok, type Result } from "./result.ts";

const KIB = 1024;
export const MIB = 1024 * KIB;
export const GIB = 1024 * MIB;

const UNIT_BYTES: Readonly<Record<string, number>> = { B: 1, KiB: KIB, MiB: MIB, GiB: GIB };

/** Reads a size such as `512MiB` or `4GiB` as bytes. Only binary units: a limit should not be 7 % off by a spelling. */
export function parseByteSize(text: string): Result<number, string> {
  const match = /^(\d+)\s?(B|KiB|MiB|GiB)$/.exec(text);
  const bytes = match ? Number(match[1]) * (UNIT_BYTES[match[2] ?? ""] ?? 0) : Number.NaN;
  if (Number.isSafeInteger(bytes)) return ok(bytes);
  return err(`"${text}" is not a size: write a whole number with B, KiB, MiB or GiB, as in 512MiB`);
}

/** Writes bytes for a person: `512 MiB`, `1.5 GiB`, `12 B`. */
export function formatByteSize(bytes: number): string {
  for (const [unit, size] of [
    ["GiB", GIB],
    ["MiB", MIB],
    ["KiB", KIB],
  ] as const) {
    if (bytes >= size) return `${Number((bytes / size).toFixed(1))} ${unit}`;
  }
  return `${bytes} B`;
}
