import type { PlaceAccount, ResiduePlace, ResidueScope, Unremoved } from "../contracts/residue.ts";
import { messageOf, NightwardenError } from "../core/nightwarden-error.ts";
import type { Residue } from "../core/residue.ts";

const PLACE = "dependency sets";

/** Every set of dependencies that a back end has of one workspace, finished or not, by the names that the journal has for them. */
export interface StandingSets {
  /** What a set is there. */
  readonly kind: "volume" | "folder";
  readonly list: () => Promise<readonly string[]>;
  readonly remove: (id: string) => Promise<void>;
}

/**
 * What is left of installations that a crash has cut off, or whose set could not be removed. Whether a set was finished is
 * in the journals alone: finished ones are kept on purpose, and not listed. An attempt has none of its own: what it
 * installs bears the mark of nobody until it is finished, and may be in use as long as anything runs.
 */
export class UnfinishedSets implements ResiduePlace {
  readonly name = PLACE;
  private readonly sets: StandingSets;
  private readonly finished: () => Promise<ReadonlySet<string>>;

  constructor(options: {
    readonly sets: StandingSets;
    /** The names of all sets that any journal calls finished. */
    readonly finished: () => Promise<ReadonlySet<string>>;
  }) {
    this.sets = options.sets;
    this.finished = options.finished;
  }

  async count(scope: ResidueScope): Promise<PlaceAccount> {
    if (scope.kind === "attempt") return { residue: [] };
    const { kind } = this.sets;
    return {
      residue: (await this.find()).map((name) => ({
        kind,
        place: PLACE,
        name,
        attempt: null,
        token: null,
        bytes: null,
      })),
    };
  }

  async weigh(residue: readonly Residue[]): Promise<readonly Residue[]> {
    return await Promise.resolve(residue);
  }

  async remove(residue: readonly Residue[]): Promise<readonly Unremoved[]> {
    const unfinished = new Set(await this.find());
    const unremoved: Unremoved[] = [];
    for (const each of residue.filter(({ name }) => unfinished.has(name))) {
      try {
        await this.sets.remove(each.name);
      } catch (error) {
        if (!(error instanceof NightwardenError)) throw error;
        unremoved.push({ residue: each, why: messageOf(error) });
      }
    }
    return unremoved;
  }

  /** The sets first: one that is finished between the two questions is then known to be. */
  private async find(): Promise<string[]> {
    const standing = await this.sets.list();
    if (standing.length === 0) return [];
    const finished = await this.finished();
    return standing.filter((id) => !finished.has(id));
  }
}
