import { pathToBytes } from "../core/collector-protocol.ts";
import { readRegularFile } from "./read-file.ts";
import type { TreeGit } from "./tree.ts";

/** Below a tree; refuses what leads out of it. The supervisor names such paths, and the tree's owner made the folders. */
function insideOf(path: string): string {
  const text = Buffer.from(pathToBytes(path)).toString("utf8");
  const isInside =
    text !== "" && !text.startsWith("/") && !text.split("/").some((part) => /^\.{0,2}$/.test(part));
  if (!isInside) throw new Error("a path that leads out of the tree");
  return text;
}

/** Writes one file as the tree's owner. */
export async function putFile(
  tree: TreeGit,
  file: { readonly path: string; readonly executable: boolean; readonly content: Uint8Array },
): Promise<void> {
  const path = insideOf(file.path);
  const folder = path.lastIndexOf("/");
  if (folder > 0) await tree.runAsUser("mkdir", ["-p", "--", path.slice(0, folder)]);
  await tree.runAsUser("tee", ["--", path], once(file.content));
  if (file.executable) await tree.runAsUser("chmod", ["755", "--", path]);
}

/** One ordinary file; undefined: there is none, or it is too large. Nothing is followed on the way to it, nor at its end. */
export function readFileOf(root: string, path: string, maxBytes: number): Buffer | undefined {
  insideOf(path);
  const content = readRegularFile({ root, path, maxBytes });
  return typeof content === "string" ? undefined : content;
}

/** Removes paths, with folders that have become empty by it, and makes the rest readable for every slot's user. */
export async function settleSet(tree: TreeGit, remove: readonly string[]): Promise<void> {
  const paths = remove.map(insideOf);
  if (paths.length > 0) await tree.runAsUser("rm", ["-rf", "--", ...paths]);
  const folders = new Set(
    paths.flatMap((path) => (path.includes("/") ? [path.slice(0, path.lastIndexOf("/"))] : [])),
  );
  for (const folder of folders)
    // A folder that is not empty, or is gone already, is no failure.
    await tree.runAsUser("sh", ["-c", 'rmdir -p -- "$1" 2>/dev/null || true', "sh", folder]);
  await tree.runAsUser("chmod", ["-R", "u+rwX,go+rX", "."]);
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield await Promise.resolve(bytes);
}
