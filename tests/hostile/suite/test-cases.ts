import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BackEnd } from "./back-end.ts";
import { DockerBackEnd } from "./docker-back-end.ts";
import type { BackEndName, HostileCase, HostileRecord } from "./hostile-case.ts";
import { HostileWorld } from "./hostile-world.ts";
import { UserBackEnd } from "./user-back-end.ts";
import { DEFAULT_DEADLINE_MS, runCase } from "./run-case.ts";

declare module "vitest" {
  interface TaskMeta {
    /** Kept with the test's result, for the table. */
    hostile?: HostileRecord;
  }
}

const IS_ROOT = process.getuid?.() === 0;

/** The back ends that can be had here: the launcher of the second one needs root. */
const OPEN: Partial<Record<BackEndName, (name: string) => Promise<BackEnd>>> = {
  docker: async (name) => await DockerBackEnd.open(name),
  ...(IS_ROOT ? { user: async (name: string) => await UserBackEnd.open(name) } : {}),
};

/** A test for each case, on each back end; they share a world. */
export function testCases(group: string, cases: readonly HostileCase[]): void {
  for (const [name, open] of Object.entries(OPEN)) {
    const own = cases.filter(({ on }) => on.includes(name as BackEndName));
    if (own.length === 0) continue;
    describe(`${group}, ${name}`, () => {
      let world: HostileWorld;
      beforeAll(async () => {
        world = await HostileWorld.open(await open(group));
      });
      afterAll(async () => {
        const left = await world.backEnd.under.leftovers();
        await world.close();
        expect(left).toEqual([]);
      });

      for (const theCase of own) {
        const timeout = 2 * (theCase.deadlineMs ?? DEFAULT_DEADLINE_MS);
        it(`[${theCase.id}] ${theCase.title}`, { timeout }, async ({ task }) => {
          const record = await runCase(world, theCase);
          task.meta.hostile = record;
          expect(record).toMatchObject({ verdict: "held", why: "" });
        });
      }
    });
  }
}
