import { afterEach, describe, expect, it } from "vitest";
import type { RetainedPlace } from "../../src/contracts/retained.ts";
import { NightwardenError } from "../../src/core/nightwarden-error.ts";
import type { OldThings } from "../../src/core/retention.ts";
import type { Cleaner } from "../../src/night/clean-old.ts";
import { NightWorld, type TaskStory } from "./night-world.ts";

let world: NightWorld | undefined;
afterEach(() => world?.dispose());

/** A place that does what `clean` does, and remembers what it was told. */
function place(name: string, clean: RetainedPlace["clean"]): RetainedPlace & { asked: OldThings[] } {
  const asked: OldThings[] = [];
  return {
    name,
    asked,
    clean: async (old, signal) => {
      asked.push(old);
      return await clean(old, signal);
    },
  };
}

const never = new AbortController().signal;
const cleanerOf = (places: readonly RetainedPlace[], deadline = never): Cleaner => ({
  places,
  retention: { nights: 1, days: 1 },
  deadline: () => deadline,
});

const STORY: TaskStory = {
  id: "one",
  agent_: ({ files }) => {
    files.set("one.txt", Buffer.from("made\n"));
    return 0;
  },
};

describe("what is old, at the start of a night", () => {
  it("that there was no time for, or that cannot be removed, is said, and the night goes on", async () => {
    world = await NightWorld.create();
    const failing = place(
      "outputs",
      async () =>
        await Promise.reject(new NightwardenError({ code: "infra.journal", message: "the disk says no" })),
    );
    const slow = place(
      "shadow of app",
      async (_, signal) => await Promise.resolve({ removed: [], bytes: 0, isDone: !signal.aborted }),
    );
    const state = await world.run([STORY], {}, never, {
      cleaner: cleanerOf([failing, slow], AbortSignal.abort()),
    });
    expect(state?.end).toBe("queue-empty");
    expect(state?.warnings).toEqual([
      {
        code: "not-cleaned",
        message:
          "outputs: the disk says no; there was no time for all that is old; nightwarden doctor --repair takes it",
      },
    ]);
    expect(failing.asked).toHaveLength(1);
    expect(slow.asked).toHaveLength(1);
  });
});
