import { createHash } from "node:crypto";
import { deflateSync } from "node:zlib";
import type { TreeSource } from "../../contracts/trees.ts";
import type { ObjectId } from "../../core/ids.ts";

const COMMIT = 1;
const TREE = 2;
const BLOB = 3;
const NAMES = { [COMMIT]: "commit", [TREE]: "tree", [BLOB]: "blob" } as const;

interface GitObject {
  readonly type: keyof typeof NAMES;
  readonly content: Buffer;
}

/** A commit with one small file: a drill's tree is an attempt's, without a repository of anybody's. */
export function drillTree(): TreeSource {
  const file: GitObject = { type: BLOB, content: Buffer.from("A containment drill works here.\n") };
  const name = Buffer.concat([Buffer.from("100644 README\0"), idOf(file)]);
  const tree: GitObject = { type: TREE, content: name };
  const who = "nightwarden <nightwarden@localhost> 0 +0000";
  const text = `tree ${idOf(tree).toString("hex")}\nauthor ${who}\ncommitter ${who}\n\nDrill\n`;
  const commit: GitObject = { type: COMMIT, content: Buffer.from(text) };
  const pack = packOf([commit, tree, file]);
  return {
    commit: idOf(commit).toString("hex") as ObjectId,
    objectFormat: "sha1",
    packs: () => once(once(pack)),
  };
}

function idOf({ type, content }: GitObject): Buffer {
  return createHash("sha1").update(`${NAMES[type]} ${content.length}\0`).update(content).digest();
}

/** In git's format: a head, each object with its type and size before it, compressed, and the SHA-1 of all. */
function packOf(objects: readonly GitObject[]): Buffer {
  const head = Buffer.from("PACK\0\0\0\x02\0\0\0\0", "latin1");
  head.writeUInt32BE(objects.length, 8);
  const body = Buffer.concat([
    head,
    ...objects.flatMap(({ type, content }) => [sizeOf(type, content.length), deflateSync(content)]),
  ]);
  return Buffer.concat([body, createHash("sha1").update(body).digest()]);
}

/** Four bits of the size beside the type, then seven in each further byte; the highest bit says that more follow. */
function sizeOf(type: number, size: number): Buffer {
  const bytes = [(type << 4) | (size & 15)];
  for (let left = size >> 4; left > 0; left >>= 7) {
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) | 128;
    bytes.push(left & 127);
  }
  return Buffer.from(bytes);
}

async function* once<T>(value: T): AsyncGenerator<T> {
  yield await Promise.resolve(value);
}
