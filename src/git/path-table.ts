import { foldPath } from "../core/captured-entry.ts";
import { pathToText } from "../core/collector-protocol.ts";

interface Name {
  readonly path: string;
  readonly isFolder: boolean;
}

/** The paths of a tree with their folders, to find which further path could not stand beside them on every file system. */
export class PathTable {
  private readonly names = new Map<string, Name>();
  private readonly folders = new Set<string>();

  constructor(paths: Iterable<string>) {
    for (const path of paths) this.insert(path);
  }

  /** Adds `path`, or says why it cannot be added. */
  add(path: string): string | undefined {
    for (const folder of foldersOf(path)) {
      if (this.folders.has(folder)) continue;
      const other = this.names.get(foldPath(folder));
      if (other && other.path !== folder) return collision(other);
      if (other && !other.isFolder) return "below a path that is not a folder";
    }
    const other = this.names.get(foldPath(path));
    if (other) return other.path === path ? "in the place of a folder" : collision(other);
    this.insert(path);
    return undefined;
  }

  private insert(path: string): void {
    this.names.set(foldPath(path), { path, isFolder: false });
    for (const folder of foldersOf(path)) {
      if (this.folders.has(folder)) break;
      this.folders.add(folder);
      this.names.set(foldPath(folder), { path: folder, isFolder: true });
    }
  }
}

/** The folders that a path is in, the nearest first. */
export function* foldersOf(path: string): Generator<string> {
  for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1))
    yield path.slice(0, end);
}

function collision(other: Name): string {
  return `the same name as ${pathToText(other.path)} where case or Unicode form do not count`;
}
