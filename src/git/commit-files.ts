import type { ObjectId } from "../core/ids.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import type { CommitFile } from "../contracts/repository.ts";
import type { Git } from "./run-git.ts";

/** The ordinary files of a commit. Names that are not UTF-8 are left out: nobody can have written them down. */
export async function commitFiles(shadow: Git, commit: ObjectId): Promise<CommitFile[]> {
  const { stdout } = await shadow.run(["ls-tree", "-r", "-z", "--full-tree", commit]);
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const files: CommitFile[] = [];
  for (let start = 0; start < stdout.length;) {
    const end = stdout.indexOf(0, start);
    const tab = stdout.indexOf(9, start);
    const [mode = "", , oid = ""] = stdout.subarray(start, tab).toString("latin1").split(" ");
    const name = stdout.subarray(tab + 1, end);
    start = end + 1;
    if (mode !== "100644" && mode !== "100755") continue;
    try {
      files.push({ path: decoder.decode(name), oid: oid as ObjectId, executable: mode === "100755" });
    } catch {
      continue;
    }
  }
  return files;
}

/** The contents of files, in order. Throws `refused.prepare` where they are larger than `maxBytes` together. */
export async function fileContents(
  shadow: Git,
  oids: readonly ObjectId[],
  maxBytes: number,
): Promise<Buffer[]> {
  if (oids.length === 0) return [];
  const sizes = await shadow.text(["cat-file", "--batch-check=%(objectsize)"], {
    stdin: `${oids.join("\n")}\n`,
  });
  const total = sizes.split("\n").reduce((sum, size) => sum + Number(size), 0);
  if (!(total <= maxBytes)) {
    throw new NightwardenError({
      code: "refused.prepare",
      message: `the files that dependencies are installed from have ${total} bytes together, more than ${maxBytes}`,
      hint: "Name only manifests and lock files under prepare.files.",
    });
  }
  const { stdout } = await shadow.run(["cat-file", "--batch=%(objectsize)"], {
    stdin: `${oids.join("\n")}\n`,
  });
  const contents: Buffer[] = [];
  for (let at = 0; at < stdout.length;) {
    const line = stdout.indexOf(10, at);
    const size = Number(stdout.subarray(at, line).toString("latin1"));
    contents.push(stdout.subarray(line + 1, line + 1 + size));
    at = line + 1 + size + 1;
  }
  return contents;
}
