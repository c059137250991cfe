import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { formatByteSize, MIB } from "../core/byte-size.ts";
import { messageOf } from "../core/nightwarden-error.ts";
import type { Problem } from "../core/problem.ts";
import { err, type Result } from "../core/result.ts";
import { parseYaml, type YamlFile } from "./parse-yaml.ts";

/** A person writes less; a larger file is generated or not meant for us, and not even read. */
const MAX_BYTES = MIB;

/**
 * Reads one YAML file. Never throws: each thing that can be wrong is a problem; one of the file as a whole, such as
 * that it does not exist, has line 0.
 */
export async function readYaml(options: {
  readonly path: string;
  /** The file's name for people. */
  readonly name: string;
  /** What to do where the file does not exist. */
  readonly missingHint?: string;
  /** Default: 1 MiB. */
  readonly maxBytes?: number;
}): Promise<Result<YamlFile, Problem[]>> {
  const { path, name, maxBytes = MAX_BYTES } = options;
  const refuse = (message: string, hint?: string, line = 0, column = 0): Result<never, Problem[]> =>
    err([{ file: name, line, column, message, ...(hint === undefined ? {} : { hint }) }]);

  let handle: FileHandle | undefined;
  try {
    // Without O_NONBLOCK the opening of a FIFO would wait for its writer for ever.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = await handle.stat();
    if (stats.isDirectory()) return refuse("is a folder, not a file");
    if (!stats.isFile()) return refuse("is not a regular file");
    const bytes = await readAtMost(handle, maxBytes + 1);
    if (bytes.length > maxBytes) {
      const size = formatByteSize(Math.max(stats.size, bytes.length));
      return refuse(`is too large: ${size}, and at most ${formatByteSize(maxBytes)} is read`);
    }
    const text = decodeUtf8(bytes);
    if (text !== undefined) return parseYaml(text, name);
    const { line, column } = firstInvalid(bytes);
    return refuse(
      "the file is not UTF-8 from here on",
      "save it again with the encoding UTF-8",
      line,
      column,
    );
  } catch (error) {
    return refuse(...readFailure(error, options.missingHint));
  } finally {
    await handle?.close();
  }
}

/** The message, and a hint where there is one. */
function readFailure(error: unknown, missingHint?: string): [message: string, hint: string | undefined] {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT" || code === "ENOTDIR") return ["does not exist", missingHint];
  if (code === "EACCES" || code === "EPERM") {
    return ["cannot be read: permission denied", "check its owner and mode"];
  }
  return [`cannot be read: ${messageOf(error)}`, undefined];
}

async function readAtMost(handle: FileHandle, maxBytes: number): Promise<Uint8Array> {
  const buffer = new Uint8Array(maxBytes);
  let length = 0;
  while (length < maxBytes) {
    const { bytesRead } = await handle.read(buffer, length, maxBytes - length, null);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}

/** The text without a byte order mark, which some editors write; undefined where the bytes are not UTF-8. */
function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function firstInvalid(bytes: Uint8Array): { line: number; column: number } {
  const before = new TextDecoder().decode(bytes).split("\uFFFD", 1)[0] ?? "";
  const lines = before.split("\n");
  return { line: lines.length, column: (lines.at(-1) ?? "").length + 1 };
}
