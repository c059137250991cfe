import { closeSync, constants, openSync } from "node:fs";
import { pathToBytes } from "../core/collector-protocol.ts";
import { onDisk } from "./tree.ts";

const FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const FOLDER = FILE | constants.O_DIRECTORY;

/**
 * Opens what is in one tree, folder by folder, each by what was opened before it: a link on the way is followed no more
 * than one at the end, whoever exchanges what for it, and when. The folder of the last file stays open for the next one.
 *
 * Elsewhere than on Linux only the end is looked at: the collector is there the agent's own user, and reads nothing that the
 * agent could not.
 */
export class InsideOpener {
  private readonly root: string;
  private last: { readonly folder: string; readonly descriptor: number } | undefined;

  constructor(root: string) {
    this.root = root;
  }

  /** A descriptor for reading, without blocking, for the caller to close. Throws what `openSync` throws. */
  open(path: string): number {
    if (process.platform !== "linux") return openSync(onDisk(this.root, path), FILE);
    const end = path.lastIndexOf("/");
    return openIn(this.folderOf(path.slice(0, Math.max(0, end))), path.slice(end + 1), FILE);
  }

  close(): void {
    if (this.last) closeSync(this.last.descriptor);
    this.last = undefined;
  }

  private folderOf(folder: string): number {
    if (this.last?.folder === folder) return this.last.descriptor;
    this.close();
    let descriptor = openSync(this.root, FOLDER);
    for (const name of folder === "" ? [] : folder.split("/")) {
      const outer = descriptor;
      try {
        descriptor = openIn(outer, name, FOLDER);
      } finally {
        closeSync(outer);
      }
    }
    this.last = { folder, descriptor };
    return descriptor;
  }
}

function openIn(folder: number, name: string, flags: number): number {
  return openSync(Buffer.concat([Buffer.from(`/proc/self/fd/${folder}/`), pathToBytes(name)]), flags);
}
