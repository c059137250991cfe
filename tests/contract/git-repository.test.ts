import { rmSync } from "node:fs";
import { join } from "node:path";
import type { ObjectId } from "../../src/core/ids.ts";
import { findGit } from "../../src/git/find-git.ts";
import { openRepository } from "../../src/git/open-repository.ts";
import { ShadowResidue } from "../../src/git/shadow-residue.ts";
import { git, makeRepository, temporaryFolder, writeFiles } from "../fixtures/git-repository.ts";
import { repositoryContract } from "./repository.ts";

repositoryContract("git", async () => {
  const path = makeRepository({});
  const stateDir = join(temporaryFolder(), "state");
  const repository = await openRepository({ name: "app", path, stateDir });
  return {
    repository,
    residue: new ShadowResidue({ program: await findGit(), repo: "app", stateDir }),
    commit: (files) => {
      for (const [name, text] of Object.entries(files)) {
        if (text === null) rmSync(join(path, name));
        else writeFiles(path, { [name]: text });
      }
      git(path, "add", "-A");
      git(path, "commit", "--quiet", "-m", "by hand");
      return git(path, "rev-parse", "HEAD") as ObjectId;
    },
    branch: (name) => {
      const commit = git(path, "for-each-ref", "--format=%(objectname)", `refs/heads/${name}`);
      return commit === "" ? undefined : (commit as ObjectId);
    },
    moveBranch: (name, to) => {
      git(
        path,
        "update-ref",
        ...(to === null ? ["-d"] : []),
        `refs/heads/${name}`,
        ...(to === null ? [] : [to]),
      );
    },
    checkOut: (name) => {
      git(path, "checkout", "--quiet", name);
    },
  };
});
