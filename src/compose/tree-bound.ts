import { join } from "node:path";
import type { Config } from "../config/config.ts";
import type { Engine } from "../engine/find-engine.ts";
import { LoopBound } from "../sandbox/docker/loop-bound.ts";
import { LoopResidue } from "../sandbox/docker/loop-residue.ts";
import { probeQuota, type TreeBound } from "../sandbox/docker/tree-bound.ts";
import { stateDirOf } from "./workspace.ts";

/** Where the file systems of trees are, for `sandbox.treeBound: loop`. */
function imagesFolder(workspaceDir: string): string {
  return join(stateDirOf(workspaceDir), "trees");
}

/** What bounds the trees, beside the watch: what the configuration asks for, or what the engine's driver can. */
export async function findTreeBound(options: {
  readonly engine: Engine;
  readonly owner: string;
  readonly config: Config;
}): Promise<TreeBound> {
  const { engine, owner, config } = options;
  if (config.sandbox.treeBound === "auto") return await probeQuota(engine.docker, owner);
  return await LoopBound.open({ folder: imagesFolder(config.workspaceDir), engineHost: engine.host });
}

/** What trees with a file system of their own can leave on this machine. */
export function loopResidue(workspaceDir: string): LoopResidue {
  const folder = imagesFolder(workspaceDir);
  return new LoopResidue({
    folder,
    // They are of this machine, whatever engine there is now.
    bound: async () => await LoopBound.open({ folder, engineHost: "unix:///" }),
  });
}
