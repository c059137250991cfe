import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { PlaceAccount, ResiduePlace, ResidueScope, Unremoved } from "../contracts/residue.ts";
import { messageOf, NightwardenError } from "../core/nightwarden-error.ts";
import type { Residue } from "../core/residue.ts";
import { systemCode } from "../lib/state-folder.ts";

const PLACE = "state folder";
/** Whoever prepares a lock or a schema has it for milliseconds. */
const IN_USE_MS = 60_000;

/** By folder: names of files that are there for a moment only, and stay where a process was killed in that moment. */
const UNFINISHED: readonly {
  readonly folder: string;
  readonly kind: "lock" | "file";
  readonly name: RegExp;
}[] = [
  { folder: "", kind: "lock", name: /^lock(?:\.takeover)*\.[0-9a-f]{8}-[0-9a-f-]{27}$/ },
  { folder: "", kind: "lock", name: /^lock(?:\.takeover)+$/ },
  { folder: "schemas", kind: "file", name: /^[a-z]+\.schema\.json\.\d+$/ },
];

/** What a killed process left in the workspace's state folder itself. No attempt has anything there. */
export class StateResidue implements ResiduePlace {
  readonly name = PLACE;
  private readonly stateDir: string;
  private readonly now: () => Date;

  constructor(options: { readonly stateDir: string; readonly now: () => Date }) {
    this.stateDir = options.stateDir;
    this.now = options.now;
  }

  async count(scope: ResidueScope): Promise<PlaceAccount> {
    if (scope.kind === "attempt") return { residue: [] };
    const residue: Residue[] = [];
    for (const { folder, kind, name } of UNFINISHED) {
      for (const file of (await this.namesIn(folder)).filter((each) => name.test(each))) {
        const path = folder === "" ? file : `${folder}/${file}`;
        const found = await stat(join(this.stateDir, path)).catch(() => undefined);
        if (!found?.isFile() || this.now().getTime() - found.mtimeMs < IN_USE_MS) continue;
        residue.push({ kind, place: PLACE, name: path, attempt: null, token: null, bytes: found.size });
      }
    }
    return { residue };
  }

  async weigh(residue: readonly Residue[]): Promise<readonly Residue[]> {
    return await Promise.resolve(residue);
  }

  async remove(residue: readonly Residue[]): Promise<readonly Unremoved[]> {
    const ours = new Set((await this.count({ kind: "workspace" })).residue.map(({ name }) => name));
    const unremoved: Unremoved[] = [];
    for (const each of residue.filter(({ name }) => ours.has(name))) {
      try {
        await rm(join(this.stateDir, each.name), { force: true });
      } catch (error) {
        unremoved.push({ residue: each, why: messageOf(error) });
      }
    }
    return unremoved;
  }

  private async namesIn(folder: string): Promise<string[]> {
    try {
      return await readdir(join(this.stateDir, folder));
    } catch (error) {
      if (systemCode(error) === "ENOENT") return [];
      throw new NightwardenError({
        code: "infra.journal",
        message: `the state folder cannot be looked at: ${messageOf(error)}`,
        cause: error,
      });
    }
  }
}
