import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MIB } from "../../src/core/byte-size.ts";
import { AdmissionDesk } from "../../src/night/admission-desk.ts";
import { TEST_LIMITS } from "../fixtures/test-limits.ts";
import { GO_ON, NightWorld } from "./night-world.ts";

const never = new AbortController().signal;

describe("the desk that lets attempts in", () => {
  it("lets one in at once where there is room, and makes the next wait until there is", async () => {
    const desk = new AdmissionDesk(10);
    const events: string[] = [];
    const enter = async (id: string, bytes: number): Promise<() => void> => {
      const leave = await desk.enter(
        { id, bytes },
        { signal: never, onWait: (free) => events.push(`${id} waits, ${free} free`) },
      );
      events.push(`${id} is in`);
      return leave;
    };
    const leaveA = await enter("a", 8);
    const b = enter("b", 5);
    const c = enter("c", 1);
    await new Promise((go) => setImmediate(go));
    expect(events).toEqual(["a is in", "b waits, 2 free", "c waits, 2 free"]);
    leaveA();
    const leaves = await Promise.all([b, c]);
    expect(events.slice(3)).toEqual(["b is in", "c is in"]);
    for (const leave of leaves) leave();
    expect(await enter("d", 10)).toBeTypeOf("function");
  });

  it("lets go of one that is told to stop while it waits, and the one behind it in", async () => {
    const desk = new AdmissionDesk(10);
    const stop = new AbortController();
    const options = { signal: never, onWait: () => undefined };
    await desk.enter({ id: "a", bytes: 6 }, options);
    const b = desk.enter({ id: "b", bytes: 10 }, { ...options, signal: stop.signal });
    const c = desk.enter({ id: "c", bytes: 4 }, options);
    stop.abort(new Error("stopped"));
    await expect(b).rejects.toThrow("stopped");
    expect(await c).toBeTypeOf("function");
  });
});

describe("a night with a memory budget", () => {
  let world: NightWorld;
  beforeEach(async () => {
    world = await NightWorld.create();
  });
  afterEach(() => world.dispose());

  const own = TEST_LIMITS.memory + MIB;

  it("lets each attempt in where one at a time fits, and gives the memory back", async () => {
    world.memory = { ...world.memory, budgetBytes: own };
    const writes = (id: string) => ({
      id,
      agent_: ({ files }: { files: Map<string, Buffer> }) => (files.set(id, Buffer.from(id)), 0),
    });
    const night = await world.run([writes("one"), writes("two")], { policy: GO_ON });
    expect(night).toMatchObject({ end: "queue-empty", finished: ["landed", "landed"] });
  });

  it("is refused before its first agent where a task can never fit", async () => {
    world.memory = { ...world.memory, budgetBytes: own - 1 };
    const night = world.run([{ id: "large", agent_: () => 0 }]);
    await expect(night).rejects.toMatchObject({
      code: "refused.memory",
      message: expect.stringContaining('task "large" can never start') as string,
    });
    expect(world.events.map(({ type }) => type)).not.toContain("attempt.started");
    expect(world.events.at(-1)).toMatchObject({ type: "night.finished", data: { end: "refused" } });
  });
});
