import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LaunchedProgram } from "../../src/sandbox/user/launched-program.ts";
import { UserDependencies, userSets } from "../../src/sandbox/user/user-dependencies.ts";
import { TEST_LIMITS } from "../fixtures/test-limits.ts";
import { userUnderTest, type UserUnderTest } from "../fixtures/user-under-test.ts";
import { testDependencies } from "./dependencies.ts";
import { newAttempt } from "./sandboxes.ts";

testDependencies("a user of its own", async () => {
  const under = await userUnderTest("dependencies");
  return {
    ...under,
    dependencies: new UserDependencies(under),
    standing: (owner) => userSets(under.launcher, owner),
    sets: async () => await Promise.resolve(readdirSync(join(under.root, "sets"))),
    close: async () => {
      await Promise.resolve();
      rmSync(under.root, { recursive: true, force: true });
    },
  };
});

describe("the launcher's sets", () => {
  let under: UserUnderTest;
  beforeEach(async () => void (under = await userUnderTest("sets")));
  afterEach(async () => {
    expect(await under.leftovers()).toEqual([]);
    rmSync(under.root, { recursive: true, force: true });
  });

  const { memory, cpus, pids, openFiles, fileSize, tmp } = TEST_LIMITS;
  const limits = { memory, cpus, pids, openFiles, fileSize, tmp };
  const start = async (changes: object): Promise<LaunchedProgram> =>
    await LaunchedProgram.start(under.launcher, {
      op: "run",
      owner: under.workspace,
      id: `run-${String(changes ? Math.random() : 0).slice(2)}`,
      attempt: "fix.1",
      role: "collector",
      slot: 0,
      trees: null,
      tree: null,
      set: null,
      gateway: null,
      files: null,
      limits: null,
      ...changes,
    } as never);
  const works = async (changes: object): Promise<boolean> => {
    const program = await start(changes);
    await program.remove();
    return true;
  };

  it("are written until they are settled, copied from then on, and never the other way", async () => {
    const { launcher, workspace: owner } = under;
    const id = "set-fix";
    await launcher.openSet({ owner, id, attempt: "fix.1" });
    await launcher.openTrees({ owner, id: "trees-fix", attempt: "fix.1", bound: null });
    const writes = [{ set: id }, { role: "prepare", set: id, limits }];
    const copies = { trees: "trees-fix", set: id };
    for (const each of writes) expect(await works(each)).toBe(true);
    await expect(start(copies)).rejects.toThrow("is not settled yet");
    await launcher.settleSet({ owner, id });
    for (const each of writes) await expect(start(each)).rejects.toThrow("is settled, and written no more");
    expect(await works(copies)).toBe(true);
    // Nor are they another workspace's.
    await expect(start({ ...copies, owner: `${owner}-other` })).rejects.toThrow("of this workspace's");
    await expect(launcher.removeSet({ owner: `${owner}-other`, id })).rejects.toThrow("of this workspace's");
    expect(await launcher.listSets(`${owner}-other`)).toEqual([]);
    await launcher.removeSet({ owner, id });
    await launcher.closeTrees({ owner, id: "trees-fix" });
  });

  it("an agent is given no way to package registries, and an installation none to a model", async () => {
    const { launcher, workspace: owner } = under;
    await launcher.openSet({ owner, id: "set-fix", attempt: "fix.1" });
    await launcher.openTrees({ owner, id: "trees-fix", attempt: "fix.1", bound: null });
    const ways = {
      gateway: await start({ id: "gateway-fix", role: "gateway" }),
      registry: await start({ id: "registry-fix", role: "registry" }),
    };
    const agent = { role: "agent", trees: "trees-fix", tree: "agent", limits };
    const prepare = { role: "prepare", set: "set-fix", limits };
    await expect(start({ ...agent, gateway: "registry-fix" })).rejects.toThrow("is no gateway");
    await expect(start({ ...prepare, gateway: "gateway-fix" })).rejects.toThrow("is no registry");
    // The control: the other way round each starts.
    expect(await works({ ...agent, gateway: "gateway-fix" })).toBe(true);
    expect(await works({ ...prepare, gateway: "registry-fix" })).toBe(true);
    for (const way of Object.values(ways)) await way.remove();
    await launcher.removeSet({ owner, id: "set-fix" });
    await launcher.closeTrees({ owner, id: "trees-fix" });
  });

  it("stand in no account of what was left, and go with the next night that does not use them", async () => {
    const dependencies = new UserDependencies(under);
    const set = await dependencies.open({ attempt: newAttempt(), slot: 0 });
    await set.settle([]);
    await set.close();
    expect(await under.launcher.list("")).toEqual([]);
    expect(await under.launcher.sweep([under.workspace])).toMatchObject({ runs: 0, trees: 0 });
    expect(await dependencies.has(set.id)).toBe(true);
    await dependencies.keep([]);
    expect(readdirSync(join(under.root, "sets"))).toEqual([]);
  });
});
