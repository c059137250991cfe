import { isObjectId, type ObjectId } from "../core/ids.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import type { Delivery, Repository } from "../contracts/repository.ts";
import { findCheckout } from "./find-checkout.ts";
import type { Git } from "./run-git.ts";
import { nightRef } from "./shadow-refs.ts";
import type { UserRepository } from "./user-repository.ts";

/**
 * Brings a night's commits into the user's repository and moves the night's branch there, in this order, so that the
 * branch never names what is not there. Nothing else is written: objects, that one ref, and its reflog.
 */
export async function deliverBranch(
  repositories: { readonly user: UserRepository; readonly shadow: Git },
  options: Parameters<Repository["deliver"]>[0],
): Promise<Delivery> {
  const { user, shadow } = repositories;
  const { night, base, to, from, hasGoneBack = false } = options;
  const ref = nightRef(night);
  // What was delivered before the branch went back is neither below `to`, nor kept in the shadow.
  const below = hasGoneBack ? base : (from ?? base);
  if (!(await shadow.isAncestor(below, to))) {
    throw new NightwardenError({ code: "infra.git", message: `${to} was not made on ${below}` });
  }
  const branch = await readBranch(user.git, ref);
  if (branch.kind === "at" && branch.commit === to) return { kind: "delivered" };
  const reason = reasonToDefer(branch, from) ?? (await obstacle(user, ref, base));
  if (reason !== undefined) return { kind: "deferred", reason };

  const git = user.git.withConfig(await user.namedPrograms());
  const revisions = `${to}\n^${below}\n`;
  const pack = shadow.stream(["pack-objects", "--quiet", "--revs", "--stdout"], { stdin: revisions });
  await git.run(["unpack-objects", "-q"], { stdin: pack });
  await git.run(["rev-list", "--quiet", "--objects", to, `^${base}`]);
  const reflog = ["-m", `nightwarden: night ${night}`];
  const expected = from ?? "0".repeat(to.length);
  try {
    await git.run(["update-ref", "--no-deref", ...reflog, ref, to, expected]);
  } catch (error) {
    // Somebody was faster between our look and our move. Whatever else it was is a failure of git's.
    const moved = reasonToDefer(await readBranch(user.git, ref), from);
    if (moved === undefined) throw error;
    return { kind: "deferred", reason: moved };
  }
  return { kind: "delivered" };
}

type Branch =
  | { readonly kind: "none" }
  | { readonly kind: "at"; readonly commit: ObjectId }
  | { readonly kind: "symbolic"; readonly target: string }
  | { readonly kind: "blocked"; readonly by: string };

async function readBranch(git: Git, ref: string): Promise<Branch> {
  const listing = await git.text([
    "for-each-ref",
    "--format=%(refname) %(objectname) %(symref)",
    "refs/heads/nightwarden",
  ]);
  for (const line of listing.split("\n")) {
    const [name = "", commit = "", target = ""] = line.split(" ");
    // Refs are paths: a branch that is named like a folder of ours leaves no room for ours, and the other way round.
    if (name !== "" && (ref.startsWith(`${name}/`) || name.startsWith(`${ref}/`)))
      return { kind: "blocked", by: name };
    if (name !== ref) continue;
    return target === "" && isObjectId(commit) ? { kind: "at", commit } : { kind: "symbolic", target };
  }
  return { kind: "none" };
}

function reasonToDefer(branch: Branch, from: ObjectId | null): string | undefined {
  switch (branch.kind) {
    case "none":
      return from === null ? undefined : "the branch was deleted after an earlier delivery";
    case "at":
      return branch.commit === from
        ? undefined
        : `the branch is at ${branch.commit}, where Nightwarden did not put it`;
    case "symbolic":
      return `the branch was made another name of ${branch.target}`;
    case "blocked":
      return `the branch ${branch.by} is in the way: rename it`;
  }
}

async function obstacle(user: UserRepository, ref: string, base: ObjectId): Promise<string | undefined> {
  const worktree = await findCheckout(user, ref);
  if (worktree !== undefined) return `the branch is checked out in ${worktree}: switch to another one there`;
  if (!(await user.git.hasCommit(base))) return `the night's base ${base} is no longer in the repository`;
  return undefined;
}
