import { lstatSync, readdirSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { Refusal } from "./refusal.ts";

const ROOT = 0;
const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

/**
 * Refuses a file, or a folder with all that is in it, that somebody else than root could change, or put another in the
 * place of: what the launcher runs as root must be root's, up to the root folder.
 */
export function demandTrusted(path: string): void {
  const real = realpathSync(path);
  for (let folder = dirname(real); ; folder = dirname(folder)) {
    demandRoots(folder, true);
    if (folder === "/") break;
  }
  visit(real);
}

function visit(path: string): void {
  if (!demandRoots(path, false)) return;
  for (const name of readdirSync(path)) visit(join(path, name));
}

/** Returns whether it is a folder. */
function demandRoots(path: string, isParent: boolean): boolean {
  const stats = lstatSync(path);
  // In a folder like /tmp nobody can rename or remove what is root's.
  const isSticky = isParent && (stats.mode & STICKY) !== 0;
  const isLink = stats.isSymbolicLink();
  if (stats.uid !== ROOT || (!isLink && !isSticky && (stats.mode & WRITABLE_BY_OTHERS) !== 0)) {
    throw new Refusal(
      `${path} can be changed by somebody else than root`,
      "Install Nightwarden and its Node as root, in folders that only root can write to; see ops/os-user.md.",
    );
  }
  if (isLink) throw new Refusal(`${path} is a link`, "Install Nightwarden anew; see ops/os-user.md.");
  return stats.isDirectory();
}
