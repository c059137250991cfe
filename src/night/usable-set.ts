import type { DependencySet } from "../contracts/dependencies.ts";
import type { Night } from "./night.ts";

/** The set with this key that was settled before, if it is still there: somebody may have cleaned up. */
export async function usableSet(night: Night, key: string): Promise<DependencySet | undefined> {
  const known = night.sets.get(key);
  return known && (await night.deps.preparation?.dependencies.has(known.id)) ? known : undefined;
}
