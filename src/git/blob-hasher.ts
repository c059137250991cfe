import { createHash } from "node:crypto";
import type { ObjectId } from "../core/ids.ts";

/** Gives a file's content the name that git gives it. */
export function blobHasher(objectFormat: "sha1" | "sha256"): (content: Uint8Array) => ObjectId {
  return (content) =>
    createHash(objectFormat).update(`blob ${content.length}\0`).update(content).digest("hex") as ObjectId;
}
