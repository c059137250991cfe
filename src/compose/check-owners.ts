import { pid } from "node:process";
import { digest } from "./workspace.ts";

/** Begins the marks of what `check` and `doctor` have running: there may be no workspace id yet. */
function prefixOf(workspaceDir: string): string {
  return `check-${digest(workspaceDir).slice(0, 16)}-`;
}

/** The mark of this process: two of them, or one beside a night, do not take each other's. */
export function checkOwner(workspaceDir: string): string {
  return `${prefixOf(workspaceDir)}${pid}`;
}

/** Those of such marks whose process has ended without taking away what it had. */
export async function deadOwners(
  workspaceDir: string,
  ownersOf: (prefix: string) => Promise<readonly string[]>,
): Promise<string[]> {
  const prefix = prefixOf(workspaceDir);
  const owners = await ownersOf(prefix);
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
