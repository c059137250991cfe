import { pid } from "node:process";
import type Docker from "dockerode";
import { ownersOf } from "../sandbox/docker/sweep.ts";
import { digest } from "./workspace.ts";

/** Begins the labels of what `check` and `doctor` have on the engine: there may be no workspace id yet. */
function prefixOf(workspaceDir: string): string {
  return `check-${digest(workspaceDir).slice(0, 16)}-`;
}

/** The label of this process: two of them, or one beside a night, do not take each other's. */
export function checkOwner(workspaceDir: string): string {
  return `${prefixOf(workspaceDir)}${pid}`;
}

/** The labels of such processes that have ended without taking away what they had. */
export async function deadCheckOwners(docker: Docker, workspaceDir: string): Promise<string[]> {
  const prefix = prefixOf(workspaceDir);
  const owners = await ownersOf(docker, prefix);
  return owners.filter((owner) => !isAlive(Number(owner.slice(prefix.length))));
}

function isAlive(process_: number): boolean {
  try {
    process.kill(process_, 0);
    return true;
  } catch (error) {
    // Somebody else's process is one, too.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
