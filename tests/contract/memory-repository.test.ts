import { MemoryRepository } from "../fakes/memory-repository.ts";
import { repositoryContract } from "./repository.ts";

repositoryContract("the repository in memory", async () => {
  const repository = new MemoryRepository();
  const { user } = repository;
  return await Promise.resolve({
    repository,
    residue: repository.residue,
    commit: (files) => repository.commitAsUser(files),
    branch: (name) => user.branches.get(name),
    moveBranch: (name, to) => {
      if (to === null) user.branches.delete(name);
      else user.branches.set(name, to);
    },
    checkOut: (name) => {
      user.checkedOut = name;
    },
  });
});
