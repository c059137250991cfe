import { afterEach, expect, it } from "vitest";
import { MIB } from "../../src/core/byte-size.ts";
import type { NightState } from "../../src/core/night-state.ts";
import { PHASE_1 } from "../night/night-world.ts";
import { PrepareWorld } from "./prepare-world.ts";

let world: PrepareWorld | undefined;
afterEach(async () => {
  const left = await world?.dispose();
  world = undefined;
  expect(left).toEqual([]);
});

const MAKE = `node -e '
  const fs = require("fs");
  for (let p = 0; p < 60; p += 1) {
    fs.mkdirSync("node_modules/p" + p + "/lib", { recursive: true });
    for (let i = 0; i < 50; i += 1) fs.writeFileSync("node_modules/p" + p + (i % 2 ? "/lib" : "") + "/f" + i + ".js", "x".repeat(3500));
  }'`;

it(
  "a set is in the trees of agent and verify whole, and counts in none of their caps",
  { timeout: 240_000 },
  async () => {
    world = await PrepareWorld.create("many", { "deps.lock": "1\n" });
    const whole = 'test "$(find node_modules -type f | wc -l)" = 3000';
    const run = async (
      limits: { readonly inodes: number; readonly disk: number },
      fill = "",
    ): Promise<NightState> =>
      await world!.run({
        access: { registries: [], ca: null, proxy: null },
        prepare: { commands: [MAKE], files: ["deps.lock"] },
        // Longer than the pause between two looks at the tree.
        agent: `${whole} && ${fill} sleep 5 && echo 1 > done.txt`,
        verify: [whole],
        order: { limits: { ...PHASE_1.limits, ...limits } },
      });
    const small = { inodes: 1000, disk: 4 * MIB };
    // They hold for the installation itself,
    await expect(run(small)).rejects.toMatchObject({ code: "refused.prepare" });
    const large = await run({ inodes: 100_000, disk: 1024 * MIB });
    expect([...large.tasks.values()].map(({ result }) => result)).toEqual(["landed"]);
    expect(world.events("prepare.finished").at(-1)?.inodes).toBeGreaterThan(3000);
    // not for what it has left,
    const cached = await run(small);
    expect([...cached.tasks.values()].map(({ result }) => result)).toEqual(["landed"]);
    expect(world.events("prepare.finished").at(-1)).toMatchObject({ result: "cached" });
    // and for what an attempt adds, wherever.
    const over = await run(small, "for i in $(seq 1500); do : > node_modules/p0/$i; done;");
    const [task] = over.tasks.values();
    expect(task?.attempts.at(-1)?.outcome).toMatchObject({ reason: "cap-inodes" });
  },
);
