import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

/**
 * A regular file's bytes, or why it is not read. Whoever owns it may change it meanwhile: it is opened without following
 * and without blocking, and checked again, so that a FIFO can hold up nothing.
 */
export function readRegularFile(file: Buffer, maxBytes: number): Buffer | string {
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    return `cannot be read (${codeOf(error)})`;
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
