import type { ResiduePlace, ResidueScope, Unremoved } from "../contracts/residue.ts";
import type { Account } from "../core/account.ts";
import { messageOf, NightwardenError } from "../core/nightwarden-error.ts";
import { inRemovalOrder, isEnclosed, type Residue } from "../core/residue.ts";

/** What stands in all places, asked at the same time. A place that cannot be asked keeps nobody from the others. */
export async function takeAccount(places: readonly ResiduePlace[], scope: ResidueScope): Promise<Account> {
  const counts = await Promise.allSettled(places.map(async (place) => await place.count(scope)));
  const residue: Residue[] = [];
  let stores: Account["stores"] = {};
  const unknown: Account["unknown"][number][] = [];
  for (const [index, count] of counts.entries()) {
    if (count.status === "rejected") {
      const error: unknown = count.reason;
      if (!(error instanceof NightwardenError)) throw error;
      unknown.push({ place: places[index]?.name ?? "", code: error.code, message: messageOf(error) });
      continue;
    }
    residue.push(...count.value.residue);
    stores = { ...stores, ...count.value.stores };
  }
  return { residue: inRemovalOrder(residue), stores, unknown };
}

/** The same things with what they take on disk. Where that cannot be asked, it stays unknown. */
export async function weighResidue(
  places: readonly ResiduePlace[],
  residue: readonly Residue[],
): Promise<Residue[]> {
  const weighed = await Promise.all(
    ofEach(places, residue).map(async ({ place, own }) => await place.weigh(own).catch(() => own)),
  );
  return inRemovalOrder(weighed.flat());
}

/**
 * Removes what was found, each at its place; what runs goes before what it holds. Returns what could not be removed,
 * and why.
 */
export async function removeResidue(
  places: readonly ResiduePlace[],
  residue: readonly Residue[],
): Promise<Unremoved[]> {
  const unremoved: Unremoved[] = [];
  for (const { place, own } of ofEach(places, residue)) {
    try {
      unremoved.push(...(await place.remove(inRemovalOrder(own))));
    } catch (error) {
      unremoved.push(...own.map((each) => ({ residue: each, why: messageOf(error) })));
    }
  }
  return unremoved;
}

/** At once, whatever runs: all that back ends have made. Files and refs stay: a program of ours may be writing them. */
export async function removeEnclosed(places: readonly ResiduePlace[]): Promise<void> {
  const { residue } = await takeAccount(places, { kind: "workspace" });
  await removeResidue(places, residue.filter(isEnclosed));
}

function ofEach(
  places: readonly ResiduePlace[],
  residue: readonly Residue[],
): { readonly place: ResiduePlace; readonly own: readonly Residue[] }[] {
  return places.flatMap((place) => {
    const own = residue.filter((each) => each.place === place.name);
    return own.length > 0 ? [{ place, own }] : [];
  });
}
