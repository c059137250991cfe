import { pathToBytes } from "../core/collector-protocol.ts";
import type { ObjectId } from "../core/ids.ts";
import type { CapturedChanges } from "./capture-plan.ts";

/**
 * The input of `git fast-import`, which makes commits from bytes and never looks at a file. Whatever an agent chose is
 * either counted (contents, message) or quoted (paths), so none of it can become a command.
 */

/** Ends the input. Without it fast-import, started with `--done`, takes the input for cut off, and moves no ref. */
export const DONE = bytes("done\n");

const COMMIT_MARK = ":1";

export function* blobCommand(content: Uint8Array): Generator<Uint8Array> {
  yield bytes(`blob\ndata ${content.length}\n`);
  yield content;
  yield bytes("\n");
}

/** Makes the commit, moves `ref` to it, and has fast-import print its name. */
export function* commitCommand(options: {
  readonly ref: string;
  readonly parent: ObjectId;
  readonly message: string;
  readonly at: Date;
  readonly changes: CapturedChanges;
}): Generator<Uint8Array> {
  const { ref, parent, changes } = options;
  const message = bytes(options.message);
  const seconds = Math.floor(options.at.getTime() / 1000);
  yield bytes(`commit ${ref}\nmark ${COMMIT_MARK}\n`);
  yield bytes(`committer Nightwarden <nightwarden@localhost> ${seconds} +0000\ndata ${message.length}\n`);
  yield message;
  yield bytes(`\nfrom ${parent}\n`);
  // Deletions first: where a folder took a file's place, or a file a folder's, the other order would delete the new one.
  for (const path of changes.deleted) yield bytes(`D ${quotePath(path)}\n`);
  for (const { path, mode, oid } of changes.written) yield bytes(`M ${mode} ${oid} ${quotePath(path)}\n`);
  yield bytes(`\nget-mark ${COMMIT_MARK}\n`);
}

/** The path as C would write it, with every byte but plain printable ones in octal. */
function quotePath(path: string): string {
  let quoted = "";
  for (const byte of pathToBytes(path)) {
    const isPlain = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c;
    quoted += isPlain ? String.fromCodePoint(byte) : `\\${byte.toString(8).padStart(3, "0")}`;
  }
  return `"${quoted}"`;
}

function bytes(text: string): Uint8Array {
  return Buffer.from(text, "utf8");
}
