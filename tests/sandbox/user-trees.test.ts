import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CommandAgent } from "../../src/agents/command-agent.ts";
import { summarise } from "../../src/core/summary.ts";
import { Launcher } from "../../src/sandbox/user/launcher.ts";
import { UserTrees } from "../../src/sandbox/user/user-trees.ts";
import { userUnderTest, type UserUnderTest } from "../fixtures/user-under-test.ts";
import { GO_ON, NightWorld } from "../night/night-world.ts";

let under: UserUnderTest;
let world: NightWorld;
beforeEach(async () => {
  [under, world] = await Promise.all([userUnderTest("trees"), NightWorld.create()]);
});
afterEach(async () => {
  world.dispose();
  expect(await under.leftovers()).toEqual([]);
  rmSync(under.root, { recursive: true, force: true });
});

/** While the file `broken` is there, the launcher of trees cannot make a file system: mkfs.ext4 is `false` for it. */
function fragileTrees(options: { readonly isBounded: boolean }): UserTrees & { readonly broken: string } {
  const { file, args, env } = under.command;
  const broken = join(world.folder, "broken");
  const breaks = 'mount --bind /bin/false "$(readlink -f "$(command -v mkfs.ext4)")"; exec "$@"';
  const script = `if [ -e "$0" ]; then exec unshare -m sh -c '${breaks}' sh "$@"; fi; exec "$@"`;
  const launcher = new Launcher({ file: "/bin/sh", args: ["-c", script, broken, file, ...args], env });
  const { workspace } = under;
  return Object.assign(new UserTrees({ launcher, workspace, ...options }), { broken });
}

/** A night of three tasks, of which the first breaks what makes file systems. */
async function night(trees: ReturnType<typeof fragileTrees>) {
  const ids = ["one", "two", "three"];
  const stories = ids.map((id) => ({ id, agent_: () => 0, verify: ["true"] }));
  world.onEvent = ({ type }) => {
    if (type === "attempt.started") writeFileSync(trees.broken, "");
  };
  const state = await world.run(
    stories,
    { policy: GO_ON, verify: new Map([["app", ["true"]]]), isolation: "user" },
    undefined,
    {
      sandboxes: under.sandboxesOn(trees),
      trees,
      residue: [],
      images: {
        ensure: async () => await Promise.resolve({ id: under.image, base: "test", built: false }),
      },
      agents: new Map(
        ids.map((id) => [
          id,
          new CommandAgent({ name: id, command: ["sh", "-c", `echo ${id} > ${id}.txt`], env: {} }),
        ]),
      ),
    },
  );
  if (!state) throw new Error("there was no night");
  return summarise(state);
}

describe("a tree that can have no file system of its own in the middle of a night", () => {
  it("is watched alone, and the record and the summary say so once, with the reason", async () => {
    const trees = fragileTrees({ isBounded: true });
    const { tasks, warnings } = await night(trees);
    expect(existsSync(trees.broken)).toBe(true);
    expect(tasks.map(({ result }) => result)).toEqual(["landed", "landed", "landed"]);
    expect(warnings).toEqual([
      { code: "tree-unbounded", message: expect.stringMatching(/^the trees of one\.1, .*mkfs\.ext4 failed/) },
    ]);
  });

  it("is no news where the night's own health check has said that there are none here", async () => {
    const { tasks, warnings } = await night(fragileTrees({ isBounded: false }));
    expect(tasks.map(({ result }) => result)).toEqual(["landed", "landed", "landed"]);
    expect(warnings).toEqual([]);
  });

  it("is not said of a night in which every tree has one: the control", async () => {
    const { warnings } = await night(
      Object.assign(fragileTrees({ isBounded: true }), { broken: join(world.folder, "other") }),
    );
    expect(warnings).toEqual([]);
  });
});
