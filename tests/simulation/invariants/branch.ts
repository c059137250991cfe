import type { ObjectId } from "../../../src/core/ids.ts";
import type { MakeInvariant } from "../invariant.ts";

/** Each commit on a night's branch has a green verification of exactly its files, and checks that block nothing. */
export const onlyVerifiedOnBranch: MakeInvariant = ({ world, broken }) => {
  const greenTrees = new Set<string>();
  const passedChecks = new Set<ObjectId>();
  return {
    onEvent: (event) => {
      if (event.type === "checks.finished" && event.data.findings.every(({ level }) => level !== "block"))
        passedChecks.add(event.data.commit);
      if (event.type !== "verify.finished" || !event.data.verdict.green) return;
      for (const { objects } of world.repositories.values())
        if (objects.has(event.data.commit)) greenTrees.add(objects.commit(event.data.commit).treeId);
    },
    onMoved: (repo, _, from, to) => {
      const { objects } = world.repositories.get(repo)!;
      if (from !== undefined && objects.isAncestor(to, from)) return; // back to where it was
      const { parent, treeId } = objects.commit(to);
      if (from !== undefined && parent !== from) broken(`${to} was not made on ${from}`);
      if (!greenTrees.has(treeId))
        broken(`${to} of ${repo} is on the branch, and nothing has verified its files`);
      // And by what is really there, whatever was recorded.
      if (world.look({ commit: to, objects }).isBroken)
        broken(`${to} of ${repo} is on the branch, and its tests are red`);
      if ([...objects.commit(to).tree.keys()].some((path) => path.startsWith("cheat/")))
        broken(`${to} of ${repo} is on the branch, with a cheat`);
      if (!passedChecks.has(to)) broken(`${to} of ${repo} is on the branch, and no check has let it pass`);
    },
  };
};

/** What the journal says of the branch is what it is, whenever nobody moves it. */
export const branchIsAsRecorded: MakeInvariant = ({ world, broken }) => {
  const recorded = new Map<string, ObjectId>();
  return {
    onEvent: (event) => {
      const { type, data, night } = event;
      if (type === "landing.finished") recorded.set(`${night} ${data.repo}`, data.commit);
      if (type === "rollback.finished") recorded.set(`${night} ${data.repo}`, data.to);
      if (type !== "night.finished" || night === null) return;
      for (const [repo, repository] of world.repositories) {
        const tip = recorded.get(`${night} ${repo}`);
        const isAt = repository.tipOf(night);
        if (tip !== undefined && isAt !== tip)
          broken(`${repo} is at ${isAt ?? "nothing"}, and recorded at ${tip}`);
        if (tip === undefined && isAt !== undefined)
          broken(`${repo} is at ${isAt}, and nothing was recorded`);
      }
    },
  };
};

/** A branch of the user's that a person has moved, deleted or has checked out is never moved by Nightwarden. */
export const personsBranchIsLeft: MakeInvariant = ({ world, broken }) => {
  const ours = new Map<string, ObjectId>();
  return {
    // Where a person has put it just there, it has arrived.
    onEvent: ({ type, data }) => {
      if (type === "delivery.finished")
        ours.set(`${data.repo} ${data.ref.replace("refs/heads/", "")}`, data.to);
    },
    onDelivered: (repo, branch, from, to) => {
      const { user } = world.repositories.get(repo)!;
      const key = `${repo} ${branch}`;
      if (!branch.startsWith("nightwarden/")) broken(`${branch} was moved`);
      if (user.checkedOut === branch) broken(`${branch} was moved while it is checked out`);
      if ((ours.get(key) ?? null) !== from)
        broken(`${branch} was moved from ${from ?? "nothing"}, where a person had put it`);
      ours.set(key, to);
    },
  };
};
