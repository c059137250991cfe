import { pathToText } from "../core/collector-protocol.ts";
import type { ObjectId } from "../core/ids.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import type { Composite, Repository } from "../contracts/repository.ts";
import { blobHasher } from "./blob-hasher.ts";
import type { CapturedChanges } from "./capture-plan.ts";
import { fileContents } from "./commit-files.ts";
import { blobCommand, commitCommand, DONE } from "./fast-import.ts";
import { listTree, type TreeEntry } from "./list-tree.ts";
import type { Git } from "./run-git.ts";
import { compositeRef } from "./shadow-refs.ts";

/** A file of which a part is taken has to be a manifest, and not a disk image. */
const MAX_JOINED_BYTES = 4 * 1024 * 1024;

type ComposeOptions = Parameters<Repository["compose"]>[0];

/** Makes a commit of two, in objects only, with the date of its source: a repeated call makes the same one. */
export async function composeCommit(
  shadow: Git,
  objectFormat: "sha1" | "sha256",
  options: ComposeOptions,
): Promise<Composite> {
  const { attempt, name, source, overlay } = options;
  const ref = compositeRef(attempt, name);
  await shadow.run(["update-ref", "-d", ref]);
  const { changes, blobs, paths } = await changesOf(shadow, objectFormat, options);
  if (paths.length === 0) return { commit: source, paths };
  const seconds = Number(await shadow.text(["show", "--no-patch", "--format=%ct", source]));
  const message = `${name} of ${overlay.slice(0, 12)} on ${source.slice(0, 12)}\n`;
  function* commands(): Generator<Uint8Array> {
    for (const blob of blobs) yield* blobCommand(blob);
    yield* commitCommand({ ref, parent: source, message, at: new Date(seconds * 1000), changes });
    yield DONE;
  }
  await shadow.run(["fast-import", "--quiet", "--done", "--force"], {
    stdin: Buffer.concat([...commands()]),
  });
  return { commit: await shadow.objectId(["rev-parse", "--verify", ref]), paths };
}

interface Composition {
  readonly changes: CapturedChanges;
  /** Contents that neither of the two has. */
  readonly blobs: readonly Buffer[];
  readonly paths: readonly string[];
}

/** What has to change in `source`. */
async function changesOf(
  shadow: Git,
  objectFormat: "sha1" | "sha256",
  { source, overlay, takes, joins, join }: ComposeOptions,
): Promise<Composition> {
  const [own, theirs] = await Promise.all([listTree(shadow, source), listTree(shadow, overlay)]);
  const hash = blobHasher(objectFormat);
  const deleted: string[] = [];
  const written: { path: string; mode: TreeEntry["mode"]; oid: ObjectId }[] = [];
  const blobs: Buffer[] = [];
  const paths: string[] = [];
  for (const path of new Set([...own.keys(), ...theirs.keys()])) {
    const [before, after] = [own.get(path), theirs.get(path)];
    if (before?.oid === after?.oid && before?.mode === after?.mode) continue;
    const text = pathToText(path);
    if (takes(text)) {
      if (after) written.push({ path, mode: after.mode, oid: after.oid });
      else deleted.push(path);
      paths.push(text);
    } else if (before && after && isFile(before) && isFile(after) && joins(text)) {
      const [from, to] = [await read(shadow, before.oid), await read(shadow, after.oid)];
      const joined = Buffer.from(join({ path: text, source: from, other: to }));
      if (joined.toString("utf8") === from) continue;
      const oid = hash(joined);
      blobs.push(joined);
      written.push({ path, mode: before.mode, oid });
      paths.push(text);
    }
  }
  return { changes: { deleted, written }, blobs, paths };
}

function isFile({ mode }: TreeEntry): boolean {
  return mode === "100644" || mode === "100755";
}

async function read(shadow: Git, oid: ObjectId): Promise<string> {
  const size = Number(await shadow.text(["cat-file", "-s", oid]));
  if (size > MAX_JOINED_BYTES) {
    const message = `a manifest of ${size} bytes cannot be joined with another`;
    throw new NightwardenError({ code: "infra.git", message });
  }
  const [content = Buffer.alloc(0)] = await fileContents(shadow, [oid], MAX_JOINED_BYTES);
  return content.toString("utf8");
}
