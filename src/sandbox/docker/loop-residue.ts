import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { PlaceAccount, ResiduePlace, ResidueScope, Unremoved } from "../../contracts/residue.ts";
import { messageOf } from "../../core/nightwarden-error.ts";
import type { Residue } from "../../core/residue.ts";
import type { TreeBound } from "./tree-bound.ts";

/** The name that a tree's volume has, and so its image: `nightwarden-tree-agent-<attempt>-<token>-<random>`. */
const IMAGE = /^(nightwarden-tree-(?:agent|verify)-(.+)-([0-9a-zA-Z]{8})-[0-9a-f]{6})\.img$/;

/** File systems of trees that a killed process, or a volume that could not be removed, has left: image and loop device. */
export class LoopResidue implements ResiduePlace {
  readonly name = "loop devices";
  private readonly folder: string;
  private readonly bound: () => Promise<TreeBound>;

  constructor(options: { readonly folder: string; readonly bound: () => Promise<TreeBound> }) {
    this.folder = options.folder;
    this.bound = options.bound;
  }

  async count(scope: ResidueScope): Promise<PlaceAccount> {
    const names = await readdir(this.folder).catch(() => []); // never made: no tree was bounded so
    const residue: Residue[] = [];
    for (const file of names) {
      const [, name, attempt, word] = IMAGE.exec(file) ?? [];
      if (name === undefined || attempt === undefined || word === undefined) continue;
      const isAsked =
        scope.kind === "workspace" ||
        (scope.attempt.attempt === attempt && scope.attempt.token.startsWith(word));
      if (!isAsked) continue;
      const found = await stat(join(this.folder, file)).catch(() => undefined);
      if (!found) continue;
      residue.push({
        kind: "loop-device",
        place: this.name,
        name,
        attempt,
        token: null,
        bytes: found.blocks * 512,
      });
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
        await (await this.bound()).release(each.name);
      } catch (error) {
        unremoved.push({ residue: each, why: messageOf(error) });
      }
    }
    return unremoved;
  }
}
