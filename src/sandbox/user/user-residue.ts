import type { PlaceAccount, ResiduePlace, ResidueScope, Unremoved } from "../../contracts/residue.ts";
import type { LauncherEntry } from "../../core/launcher-protocol.ts";
import { messageOf } from "../../core/nightwarden-error.ts";
import type { Residue } from "../../core/residue.ts";
import type { Launcher } from "./launcher.ts";

const PLACE = "user";
/** A run is whatever it has: processes, control group, file systems in memory. Trees are a folder, mostly mounted. */
const KIND = { run: "process", trees: "folder" } as const;

/** What the launcher has of a workspace's. It says so by its own record, which only root can write. */
export class UserResidue implements ResiduePlace {
  readonly name = PLACE;
  private readonly launcher: Launcher;
  private readonly owner: string;
  private readonly otherOwners: () => Promise<readonly string[]>;

  constructor(options: {
    readonly launcher: Launcher;
    readonly owner: string;
    /** Owners of this workspace's processes that ended without cleaning up, such as a killed `check`. */
    readonly otherOwners: () => Promise<readonly string[]>;
  }) {
    this.launcher = options.launcher;
    this.owner = options.owner;
    this.otherOwners = options.otherOwners;
  }

  async count(scope: ResidueScope): Promise<PlaceAccount> {
    const found = await this.find(scope);
    return { residue: found.map(residueOf) };
  }

  async weigh(residue: readonly Residue[]): Promise<readonly Residue[]> {
    return await Promise.resolve(residue);
  }

  async remove(residue: readonly Residue[]): Promise<readonly Unremoved[]> {
    const ours = await this.find({ kind: "workspace" });
    const wanted = ours.filter((entry) =>
      residue.some(({ kind, name }) => kind === KIND[entry.kind] && name === entry.id),
    );
    const unremoved: Unremoved[] = [];
    // Runs first: trees cannot go from under them.
    for (const kind of ["run", "trees"] as const) {
      const removals = wanted
        .filter((entry) => entry.kind === kind)
        .map(async (entry) => {
          const { owner, id } = entry;
          try {
            await (kind === "run"
              ? this.launcher.endRun({ owner, id })
              : this.launcher.closeTrees({ owner, id }));
          } catch (error) {
            unremoved.push({ residue: residueOf(entry), why: messageOf(error) });
          }
        });
      await Promise.all(removals);
    }
    return unremoved;
  }

  private async find(scope: ResidueScope): Promise<LauncherEntry[]> {
    const isWhole = scope.kind === "workspace";
    const owners = isWhole ? [this.owner, ...(await this.otherOwners())] : [this.owner];
    const all = await this.launcher.list("");
    return all.filter(
      ({ owner, attempt }) => owners.includes(owner) && (isWhole || attempt === scope.attempt.attempt),
    );
  }
}

function residueOf({ kind, id, attempt }: LauncherEntry): Residue {
  return { kind: KIND[kind], place: PLACE, name: id, attempt, token: null, bytes: null };
}
