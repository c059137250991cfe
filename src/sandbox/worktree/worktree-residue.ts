import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { PlaceAccount, ResiduePlace, ResidueScope, Unremoved } from "../../contracts/residue.ts";
import { messageOf, NightwardenError } from "../../core/nightwarden-error.ts";
import type { Residue } from "../../core/residue.ts";
import { systemCode } from "../../lib/state-folder.ts";
import { attemptOf, bearsAttempt, bearsOwner } from "./enclosure-mark.ts";
import type { HostProcess } from "./host-process.ts";
import { endEnclosed, findEnclosed } from "./process-table.ts";
import { removeFolder } from "./remove-folder.ts";

const PLACE = "worktree";

interface Found {
  readonly residue: Residue;
  readonly owner: string;
  readonly pid?: number;
}

/** What worktree sandboxes leave on this machine: processes by their mark, and folders below our own. */
export class WorktreeResidue implements ResiduePlace {
  readonly name = PLACE;
  private readonly owner: string;
  private readonly roots: readonly string[];
  private readonly otherOwners: () => Promise<readonly string[]>;

  constructor(options: {
    /** The mark's owner: the workspace. */
    readonly owner: string;
    /** Where folders of attempts can be. */
    readonly roots: readonly string[];
    /** Owners of this workspace's processes that ended without cleaning up, such as a killed `check`. */
    readonly otherOwners: () => Promise<readonly string[]>;
  }) {
    this.owner = options.owner;
    this.roots = options.roots;
    this.otherOwners = options.otherOwners;
  }

  async count(scope: ResidueScope): Promise<PlaceAccount> {
    return { residue: (await this.find(scope)).map(({ residue }) => residue) };
  }

  async weigh(residue: readonly Residue[]): Promise<readonly Residue[]> {
    return await Promise.resolve(residue);
  }

  async remove(residue: readonly Residue[]): Promise<readonly Unremoved[]> {
    const ours = await this.find({ kind: "workspace" });
    const wanted = ours.filter(({ residue: { kind, name } }) =>
      residue.some((each) => each.kind === kind && each.name === name),
    );
    const pids = new Map(
      wanted.flatMap(({ pid, owner }) => (pid === undefined ? [] : [[pid, owner] as const])),
    );
    const unremoved: Unremoved[] = [];
    const attempt = async (which: readonly Found[], work: () => Promise<unknown>): Promise<void> => {
      try {
        await work();
      } catch (error) {
        unremoved.push(...which.map((each) => ({ residue: each.residue, why: messageOf(error) })));
      }
    };
    const processes = wanted.filter(({ pid }) => pid !== undefined);
    const isWanted = ({ pid, mark }: HostProcess): boolean => {
      const owner = pids.get(pid);
      return owner !== undefined && bearsOwner(mark, owner);
    };
    if (processes.length > 0) await attempt(processes, async () => await endEnclosed(isWanted));
    for (const each of wanted.filter(({ pid }) => pid === undefined))
      await attempt([each], async () => await removeFolder(each.residue.name));
    return unremoved;
  }

  private async find(scope: ResidueScope): Promise<Found[]> {
    if (scope.kind === "attempt") {
      const { attempt } = scope;
      const processes = await findEnclosed(
        ({ mark }) => bearsOwner(mark, this.owner) && bearsAttempt(mark, attempt),
      );
      const folders = await this.foldersOf(this.owner);
      return [
        ...processes.map((each) => foundProcess(this.owner, each, attempt.attempt)),
        ...folders.filter(({ residue }) => residue.attempt === attempt.attempt),
      ];
    }
    const found: Found[] = [];
    for (const owner of [this.owner, ...(await this.otherOwners())]) {
      const processes = await findEnclosed(({ mark }) => bearsOwner(mark, owner));
      found.push(...processes.map((each) => foundProcess(owner, each, attemptOf(each.mark) ?? null)));
      found.push(...(await this.foldersOf(owner)));
    }
    return found;
  }

  private async foldersOf(owner: string): Promise<Found[]> {
    const found = this.roots.map(async (root) => {
      const folder = join(root, owner);
      return (await namesIn(folder)).map((name) => {
        const attempt = /^(.+)-[^-]{1,8}-[0-9a-f]{6}$/.exec(name)?.[1] ?? null;
        return { owner, residue: residueOf("folder", join(folder, name), attempt) };
      });
    });
    return (await Promise.all(found)).flat();
  }
}

function foundProcess(owner: string, { pid }: HostProcess, attempt: string | null): Found {
  return { owner, pid, residue: residueOf("process", `process ${pid}`, attempt) };
}

function residueOf(kind: "process" | "folder", name: string, attempt: string | null): Residue {
  return { kind, place: PLACE, name, attempt, token: null, bytes: null };
}

/** The owners, by their folders, of everything whose owner begins with `prefix`. */
export async function worktreeOwners(roots: readonly string[], prefix: string): Promise<string[]> {
  const names = (await Promise.all(roots.map(namesIn))).flat();
  return [...new Set(names)].filter((name) => name.startsWith(prefix));
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return [];
    const message = `the folders of worktree sandboxes cannot be looked at: ${messageOf(error)}`;
    throw new NightwardenError({ code: "infra.engine", message, cause: error });
  }
}
