import { lstatSync, type Stats } from "node:fs";

/**
 * What stands at a path in a tree while a program may be changing it; no link at its end is followed. Undefined: nothing,
 * or something on the way to it was exchanged for a link that leads nowhere. What lies behind a path that is longer than
 * any program may use cannot be counted, and would be where to hide what fills a disk: `out of reach`.
 */
export function lookAt(path: Buffer): Stats | "out of reach" | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENAMETOOLONG" ? "out of reach" : undefined;
  }
}
