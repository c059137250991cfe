import { closeSync, fstatSync, readSync } from "node:fs";
import { InsideOpener } from "./open-inside.ts";

/**
 * The bytes of a regular file at `path` of a tree, or why it is not read. Whoever owns it may change it meanwhile, and what
 * is on the way to it: it is opened without following anything and without blocking, and checked again, so that a FIFO can
 * hold up nothing. `opener` is the tree's own, for many files; absent: one for this file.
 */
export function readRegularFile(
  { root, path, maxBytes }: { readonly root: string; readonly path: string; readonly maxBytes: number },
  opener?: InsideOpener,
): Buffer | string {
  const own = opener ?? new InsideOpener(root);
  let descriptor: number;
  try {
    descriptor = own.open(path);
  } catch (error) {
    return `cannot be read (${codeOf(error)})`;
  } finally {
    if (!opener) own.close();
  }
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) return "changed into something else while it was read";
    if (stat.size > maxBytes) return `larger than ${maxBytes} bytes (${stat.size})`;
    const content = Buffer.allocUnsafe(stat.size);
    let length = 0;
    while (length < content.length) {
      const read = readSync(descriptor, content, length, content.length - length, null);
      if (read === 0) break;
      length += read;
    }
    return content.subarray(0, length);
  } finally {
    closeSync(descriptor);
  }
}

export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "error";
}
