import type { JournalStore } from "../contracts/journal.ts";
import type { ResiduePlace, Unremoved } from "../contracts/residue.ts";
import { shadowPlace, type Account } from "../core/account.ts";
import type { EventData } from "../core/event.ts";
import { bytesOf, countKinds, type Residue } from "../core/residue.ts";
import { answerOf, unrepairedLeak } from "../core/unrepaired-leak.ts";
import { oldThings } from "../core/retention.ts";
import { cleanPlaces, type CleanedPlaces, type Cleaner } from "./clean-old.ts";
import { readHistory, type History } from "./history.ts";
import { tokensOfLanded } from "./night-account.ts";
import { namedLeaks, settle, unknownPlaces } from "./settle-account.ts";
import { removeResidue, takeAccount } from "./take-account.ts";

/** What a repair came to. */
export interface Repair {
  readonly verdict: EventData<"workspace.repaired">["verdict"];
  readonly removed: readonly Residue[];
  /** What is known of the bytes that were freed, in all. */
  readonly bytes: number;
  /** What is still there, and why. */
  readonly left: readonly Unremoved[];
  readonly unknown: readonly { readonly place: string; readonly message: string }[];
}

/**
 * Removes everything of the workspace's that is left, drops what rolled-back attempts brought into the shadows, counts
 * again, and records what came of it. Only for the holder of the lock, while nothing of the workspace runs.
 */
export async function repairWorkspace(options: {
  readonly journals: JournalStore;
  readonly places: readonly ResiduePlace[];
  /** Removes what is old, without a bound on time. Absent: nothing grows old. */
  readonly cleaner?: Pick<Cleaner, "places" | "retention"> & { readonly now: () => Date };
  readonly onProgress: (line: string) => void;
}): Promise<Repair> {
  const { journals, places, cleaner, onProgress } = options;
  const history = await readHistory(journals);
  const mayStand = { landed: tokensOfLanded(history.nights), running: new Set<string>(), isInUse: false };
  const scope = { kind: "workspace" } as const;
  const settled = await settle(places, scope, { mayStand });
  const cleaned = await cleanWhole(cleaner, history);
  // Of a back end that the workspace had before, and has no more: nobody has looked there.
  const unasked = unaskedPlaces(history, places);
  onProgress("the shadows are made as small as what they have to keep");
  const unpacked = await removeResidue(places, Object.keys(settled.account.stores).map(unreachable));
  const { stores } = await takeAccount(places, scope);
  const freed = freedBytes(settled.account.stores, stores);

  const leaks = [...settled.leaks, ...unpacked.map(({ residue }) => residue)];
  const why = new Map([...settled.unremoved, ...unpacked].map((each) => [each.residue.name, each.why]));
  const seen = leaks.length > 0 ? "leaked" : settled.verdict;
  const isUnsure = unasked.length > 0 || cleaned.failed.length > 0;
  const verdict = seen === "clean" && isUnsure ? "unknown" : seen;
  const repair: Repair = {
    verdict,
    removed: [...settled.removed, ...cleaned.removed],
    // What a shadow has lost is the difference between its sizes.
    bytes: bytesOf([...settled.removed, ...cleaned.removed.filter(({ kind }) => kind === "file")]) + freed,
    left: leaks.map((residue) => ({ residue, why: why.get(residue.name) ?? "it is still there" })),
    unknown: [...unknownPlaces(settled.account), ...cleaned.failed, ...unasked],
  };
  const journal = await journals.open(null);
  try {
    await journal.append({
      type: "workspace.repaired",
      data: {
        verdict,
        answers: answerOf(history),
        removed: countKinds(repair.removed),
        bytes: repair.bytes,
        ...namedLeaks(leaks),
        unknown: [...repair.unknown],
      },
    });
  } finally {
    await journal.close();
  }
  return repair;
}

/** A night that a crash left open keeps what it has made: it is not old before it has ended. */
async function cleanWhole(
  cleaner: Parameters<typeof repairWorkspace>[0]["cleaner"],
  history: History,
): Promise<CleanedPlaces> {
  if (!cleaner) return { removed: [], bytes: 0, isDone: true, failed: [] };
  const old = oldThings(history.nights, cleaner.retention, cleaner.now());
  return await cleanPlaces(cleaner.places, old, new AbortController().signal);
}

/** Where the last leak that nobody has repaired was, and where this repair does not look. */
function unaskedPlaces(
  history: History,
  places: readonly ResiduePlace[],
): { place: string; message: string }[] {
  const asked = new Set(places.map(({ name }) => name));
  const of = unrepairedLeak(history)?.leak.residue.map(({ place }) => place) ?? [];
  return [...new Set(of)]
    .filter((place) => !asked.has(place))
    .map((place) => ({
      place,
      message:
        "something was left there, and the workspace is not configured to use it now: repair with the old configuration",
    }));
}

/** The objects of a shadow that nothing keeps, as a thing to remove. */
function unreachable(repo: string): Residue {
  const name = `unreachable objects of ${repo}`;
  return { kind: "bytes", place: shadowPlace(repo), name, attempt: null, token: null, bytes: null };
}

function freedBytes(before: Account["stores"], after: Account["stores"]): number {
  return Object.entries(before).reduce(
    (sum, [repo, bytes]) => sum + Math.max(0, bytes - (after[repo] ?? bytes)),
    0,
  );
}
