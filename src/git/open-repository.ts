import { join } from "node:path";
import type { AttemptRef } from "../core/attempt.ts";
import type { Change } from "../core/change.ts";
import { isObjectId, type NightId, type ObjectId } from "../core/ids.ts";
import {
  COMPOSITE_NAMES,
  type BaseFacts,
  type CapturedCommit,
  type CommitFile,
  type Composite,
  type Delivery,
  type Repository,
} from "../contracts/repository.ts";
import type { TreeSource } from "../contracts/trees.ts";
import { commitCapture } from "./commit-capture.ts";
import { commitFiles, fileContents } from "./commit-files.ts";
import { commitStart } from "./commit-start.ts";
import { composeCommit } from "./compose-commit.ts";
import { deliverBranch } from "./deliver-branch.ts";
import { fastForward } from "./fast-forward.ts";
import { findGit } from "./find-git.ts";
import { goBack } from "./go-back.ts";
import { importBase } from "./import-base.ts";
import { locateRepository } from "./locate-repository.ts";
import { readChange } from "./read-change.ts";
import { rebuildCommit } from "./rebuild-commit.ts";
import { refuse } from "./repository-problem.ts";
import type { Git } from "./run-git.ts";
import { baseRef, candidateRef, compositeRef, nightRef, rebuiltRef, startRef } from "./shadow-refs.ts";
import { openShadow } from "./shadow.ts";
import { TreePacks } from "./tree-packs.ts";
import { UserRepository } from "./user-repository.ts";

/**
 * Opens one of the user's repositories, and its shadow in `<stateDir>/shadow`. Throws `refused.repository` where it
 * cannot be worked on at all; `inspectRepository` finds every other reason too.
 */
export async function openRepository(options: {
  /** Names the shadow: letters, digits, `.`, `_` and `-`. */
  readonly name: string;
  readonly path: string;
  /** The workspace's `.nightwarden/`. */
  readonly stateDir: string;
}): Promise<Repository> {
  const { name, path, stateDir } = options;
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name))
    throw new TypeError(`"${name}" cannot name a shadow repository`);
  const program = await findGit();
  const located = await locateRepository(program, path);
  if (!located.ok) throw refuse(located.error);
  const { objectFormat } = located.value;
  const shadowPath = join(stateDir, "shadow", name);
  const shadow = await openShadow({ program, gitDir: `${shadowPath}.git`, objectFormat });
  return new ShadowedRepository({
    name,
    path,
    user: new UserRepository(program, located.value),
    shadow,
    packs: new TreePacks({ shadow, folder: `${shadowPath}.packs`, objectFormat }),
  });
}

class ShadowedRepository implements Repository {
  readonly name: string;
  readonly path: string;
  readonly objectFormat: "sha1" | "sha256";
  private readonly user: UserRepository;
  private readonly shadow: Git;
  private readonly packs: TreePacks;

  constructor(options: { name: string; path: string; user: UserRepository; shadow: Git; packs: TreePacks }) {
    this.name = options.name;
    this.path = options.path;
    this.objectFormat = options.user.location.objectFormat;
    this.user = options.user;
    this.shadow = options.shadow;
    this.packs = options.packs;
  }

  async prepare(ref: string): Promise<BaseFacts> {
    if (isObjectId(ref) && !(await this.user.git.hasCommit(ref)) && (await this.shadow.hasCommit(ref))) {
      // A result of ours that could not be delivered yet: the next night can build on it all the same.
      await this.shadow.run(["update-ref", baseRef(ref), ref]);
      return { commit: ref, ref, uncommitted: await this.user.countUncommitted() };
    }
    const base = await this.user.requireRef(ref);
    await importBase({ user: this.user.git, shadow: this.shadow, commit: base.commit });
    return { ...base, uncommitted: await this.user.countUncommitted() };
  }

  treeSource(commit: ObjectId): TreeSource {
    return this.packs.sourceOf(commit);
  }

  async treeOf(commit: ObjectId): Promise<ObjectId> {
    return this.shadow.objectId(["rev-parse", "--verify", `${commit}^{tree}`]);
  }

  async files(commit: ObjectId): Promise<CommitFile[]> {
    return commitFiles(this.shadow, commit);
  }

  async contents(oids: readonly ObjectId[], maxBytes: number): Promise<Uint8Array[]> {
    return fileContents(this.shadow, oids, maxBytes);
  }

  async change(base: ObjectId, head: ObjectId): Promise<Change> {
    return readChange(this.shadow, base, head);
  }

  async commitStart(options: Parameters<Repository["commitStart"]>[0]): Promise<ObjectId> {
    return commitStart(this.shadow, this.objectFormat, options);
  }

  async commitCapture(options: Parameters<Repository["commitCapture"]>[0]): Promise<CapturedCommit> {
    return commitCapture(this.shadow, this.objectFormat, options);
  }

  async rebuild(options: Parameters<Repository["rebuild"]>[0]): ReturnType<Repository["rebuild"]> {
    return rebuildCommit(this.shadow, options);
  }

  async compose(options: Parameters<Repository["compose"]>[0]): Promise<Composite> {
    return composeCommit(this.shadow, this.objectFormat, options);
  }

  async dropComposites(attempt: AttemptRef): Promise<void> {
    await this.deleteRefs(compositeRefs(attempt));
  }

  async dropAttempt(attempt: AttemptRef): Promise<void> {
    const refs = [candidateRef(attempt), rebuiltRef(attempt), startRef(attempt)];
    await this.deleteRefs([...refs, ...compositeRefs(attempt)]);
  }

  private async deleteRefs(refs: readonly string[]): Promise<void> {
    await this.shadow.run(["update-ref", "--stdin"], {
      stdin: refs.map((ref) => `delete ${ref}\n`).join(""),
    });
  }

  async tip(night: NightId): Promise<ObjectId | undefined> {
    return this.shadow.readRef(nightRef(night));
  }

  async fastForward(options: Parameters<Repository["fastForward"]>[0]): Promise<void> {
    await fastForward(this.shadow, options);
  }

  async goBack(options: Parameters<Repository["goBack"]>[0]): Promise<void> {
    await goBack(this.shadow, options);
  }

  async deliver(options: Parameters<Repository["deliver"]>[0]): Promise<Delivery> {
    return deliverBranch({ user: this.user, shadow: this.shadow }, options);
  }

  async isMerged(commit: ObjectId, descendant: ObjectId): Promise<boolean> {
    // The shadow knows of results that could not be delivered yet, the user's repository of everything else.
    for (const git of [this.user.git, this.shadow]) {
      const areThere = (await git.hasCommit(commit)) && (await git.hasCommit(descendant));
      if (
        areThere &&
        ((await git.isAncestor(commit, descendant)) || (await git.hasSamePatch(commit, descendant)))
      ) {
        return true;
      }
    }
    return false;
  }
}

function compositeRefs(attempt: AttemptRef): string[] {
  return COMPOSITE_NAMES.map((name) => compositeRef(attempt, name));
}
