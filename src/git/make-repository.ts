import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { findGit } from "./find-git.ts";
import { Git } from "./run-git.ts";

/** Makes a repository with one commit on `main` in `folder`, which must not be there. Throws `infra.git`. */
export async function makeRepository(options: {
  readonly folder: string;
  /** By path, with `/` between the names. */
  readonly files: Readonly<Record<string, string>>;
}): Promise<void> {
  const { folder, files } = options;
  const gitDir = join(folder, ".git");
  await mkdir(gitDir, { recursive: true });
  const git = new Git({ program: await findGit(), profile: "shadow", gitDir });
  const env = { GIT_WORK_TREE: folder };
  await git.run(["init", "--quiet", "--template=", "-b", "main"], { env });
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  await git.run(["add", "--all"], { env });
  await git.run(["commit", "--quiet", "-m", "Start"], { env });
}
