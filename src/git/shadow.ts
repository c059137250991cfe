import { randomBytes } from "node:crypto";
import { access, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ObjectId } from "../core/ids.ts";
import type { GitProgram } from "./find-git.ts";
import { refuse } from "./repository-problem.ts";
import { Git } from "./run-git.ts";
import { NEUTRAL_ATTRIBUTES } from "../core/neutral-attributes.ts";

/**
 * Opens the shadow at `gitDir`, and makes it if it is not there: a bare repository of ours, of the same object format
 * as the user's, without any configuration or attribute of theirs.
 */
export async function openShadow(options: {
  readonly program: GitProgram;
  readonly gitDir: string;
  readonly objectFormat: "sha1" | "sha256";
}): Promise<Git> {
  const { program, gitDir, objectFormat } = options;
  if (!(await exists(gitDir))) await makeShadow(options);
  const git = new Git({ program, profile: "shadow", gitDir });
  const actual = await git.text(["rev-parse", "--show-object-format"]);
  if (actual === objectFormat) return git;
  throw refuse({
    code: "unreadable",
    message: `${gitDir} holds ${actual} objects, and the repository has ${objectFormat} ones`,
    hint: "It was made for another repository of the same name: give this one another name in the configuration.",
  });
}

/** Notes that the parents of `commit` are not in the shadow, so that no git of ours looks for them. */
export async function markShallow(shadow: Git, commit: ObjectId): Promise<void> {
  const file = join(shadow.gitDir, "shallow");
  const lines = new Set(
    (await readFile(file, "utf8").catch(() => "")).split("\n").filter((line) => line !== ""),
  );
  if (lines.has(commit)) return;
  const temporary = temporaryName(file);
  await writeFile(temporary, [...lines, commit, ""].join("\n"), { flush: true });
  await rename(temporary, file);
}

async function makeShadow({
  program,
  gitDir,
  objectFormat,
}: {
  readonly program: GitProgram;
  readonly gitDir: string;
  readonly objectFormat: string;
}): Promise<void> {
  await mkdir(dirname(gitDir), { recursive: true, mode: 0o700 });
  const temporary = temporaryName(gitDir);
  await mkdir(temporary, { mode: 0o700 });
  try {
    // HEAD names a branch that never exists: newer gits read attributes from the tree of a bare repository's HEAD.
    const init = [
      "init",
      "--quiet",
      "--bare",
      "--template=",
      `--object-format=${objectFormat}`,
      "-b",
      "none",
    ];
    await new Git({ program, profile: "shadow", gitDir: temporary }).run(init);
    await mkdir(join(temporary, "info"));
    await writeFile(join(temporary, "info", "attributes"), NEUTRAL_ATTRIBUTES);
    await rename(temporary, gitDir);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

function temporaryName(path: string): string {
  return `${path}.${randomBytes(6).toString("hex")}.tmp`;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
