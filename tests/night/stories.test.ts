import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { NightwardenError } from "../../src/core/nightwarden-error.ts";
import type { EventType } from "../../src/core/event.ts";
import type { Repository } from "../../src/contracts/repository.ts";
import { deliverNight } from "../../src/night/deliver-night.ts";
import { replay } from "../../src/core/night-state.ts";
import { summarise } from "../../src/core/summary.ts";
import { StopRequest } from "../../src/night/night.ts";
import type { FakeProgram } from "../fakes/fake-engine.ts";
import { GO_ON, NightWorld, type TaskStory } from "./night-world.ts";

const writes =
  (path: string, text = path): FakeProgram =>
  ({ files }) => {
    files.set(path, Buffer.from(text));
    return 0;
  };
const lands = (id: string): TaskStory => ({ id, agent_: writes(`${id}.txt`) });
const breaks = (id: string): TaskStory => ({ id, agent_: writes("broken") });

let world: NightWorld;
beforeEach(async () => void (world = await NightWorld.create()));
afterEach(() => {
  expect([...world.engine.open_]).toEqual([]);
  world.dispose();
});

function eventsOf(type: EventType): unknown[] {
  return world.events.filter((event) => event.type === type).map((event) => event.data);
}

describe("a night", () => {
  it("lands what passes, in order, as commits of the night's branch; the owner's branch stays where it was", async () => {
    const before = world.git("rev-parse", "main");
    const night = await world.run([lands("one"), lands("two")]);
    expect(night).toMatchObject({ end: "queue-empty" });
    expect(world.landedSubjects(night!)).toEqual(["Title of one", "Title of two"]);
    expect(world.git("rev-parse", "main")).toBe(before);
    expect(world.git("show", `nightwarden/${night!.night}:two.txt`)).toBe("two.txt");
  });

  it("lands exactly the commit that was verified", async () => {
    await world.run([lands("one")]);
    const verified = eventsOf("verify.finished") as { commit: string }[];
    const landed = eventsOf("landing.finished") as { commit: string }[];
    expect(landed.map((event) => event.commit)).toEqual(verified.map((event) => event.commit));
  });

  it("a task whose tests fail leaves no trace on the branch, and stops a night of phase 1", async () => {
    const night = await world.run([lands("one"), breaks("two"), lands("three")]);
    expect(night).toMatchObject({ end: "first-failure" });
    expect(world.landedSubjects(night!)).toEqual(["Title of one"]);
    expect(night!.tasks.get("three" as never)?.attempts).toEqual([]);
    expect(world.git("for-each-ref", "--format=%(refname)").split("\n")).toHaveLength(2);
  });

  it("goes on after one failure where the policy says so, and stops everything after two in a row", async () => {
    const apart = await world.run([breaks("a"), lands("b"), breaks("c"), lands("d")], { policy: GO_ON });
    expect(apart).toMatchObject({ end: "queue-empty", finished: ["failed", "landed", "failed", "landed"] });
    const row = await world.run([breaks("e"), breaks("f"), lands("g")], { policy: GO_ON });
    expect(row).toMatchObject({ end: "breaker", finished: ["failed", "failed"] });
  });

  it("a second attempt is told why the first did not land, and the first is told of none", async () => {
    const told: string[] = [];
    const learns: TaskStory = {
      id: "t",
      agent_: ({ files, stdin }) => {
        told.push(stdin);
        files.set(told.length === 1 ? "broken" : "whole", Buffer.from("x"));
        return 0;
      },
    };
    const night = await world.run([learns], { policy: { ...GO_ON, retries: 1 } });
    expect(night).toMatchObject({ end: "queue-empty", finished: ["landed"] });
    expect(told).toHaveLength(2);
    expect(told[0]).not.toContain("An earlier attempt");
    expect(told[1]).toContain(told[0]!.trimEnd());
    expect(told[1]).toContain("> Tests failed: ");
  });

  it.each<[string, TaskStory, string]>([
    ["changes nothing", { id: "t", agent_: () => 0 }, "no-change"],
    [
      "ends with an error after it edited",
      { id: "t", agent_: (run) => (run.files.set("x", Buffer.from("x")), 3) },
      "agent-failed",
    ],
    [
      "works too long",
      {
        id: "t",
        limits: { wallClock: 200 },
        agent_: async (run) => {
          run.files.set("x", Buffer.from("x"));
          run.print(".");
          await new Promise((go) => run.ended.addEventListener("abort", go));
          return 137;
        },
      },
      "cap-wall-clock",
    ],
    [
      "says nothing at the start",
      {
        id: "t",
        limits: { firstOutput: 100 },
        agent_: async (run) => {
          await new Promise((go) => run.ended.addEventListener("abort", go));
          return 137;
        },
      },
      "cap-first-output",
    ],
    [
      "prints without end",
      {
        id: "t",
        limits: { output: 100 },
        agent_: (run) => {
          for (let i = 0; i < 50; i += 1) run.print("x".repeat(10));
          return 0;
        },
      },
      "cap-output",
    ],
    [
      "changes too many files",
      {
        id: "t",
        limits: { changedFiles: 1 },
        agent_: (run) => {
          run.files.set("x", Buffer.from("x"));
          run.files.set("y", Buffer.from("y"));
          return 0;
        },
      },
      "cap-changed-files",
    ],
    [
      "changes too many lines",
      { id: "t", limits: { changedLines: 1 }, agent_: writes("x", "1\n2\n3\n") },
      "cap-changed-lines",
    ],
    [
      "leaves more than is taken from a tree",
      { id: "t", limits: { captureSize: 10 }, agent_: writes("x", "x".repeat(100)) },
      "cap-capture",
    ],
    [
      "writes a file whose name git would trip over",
      { id: "t", agent_: writes("sub/.GIT/config") },
      "check-blocked",
    ],
  ])("an attempt that %s is rolled back, by name", async (_, story, reason) => {
    const night = await world.run([story]);
    expect(night).toMatchObject({ end: "first-failure", finished: ["failed"] });
    expect(eventsOf("attempt.finished")).toMatchObject([
      { outcome: { kind: "failed", cause: "task", reason } },
    ]);
    expect(world.landedSubjects(night!)).toEqual([]);
  });

  it("is refused before any agent starts where the base's own tests fail, with the end of what they printed", async () => {
    const red = await NightWorld.create({ broken: "x" });
    try {
      const running = red.run([lands("one")]);
      await expect(running).rejects.toThrow(NightwardenError);
      await expect(running).rejects.toMatchObject({ code: "refused.baseline" });
      expect(red.events.map((event) => event.type)).not.toContain("attempt.started");
      expect(red.events.at(-1)).toMatchObject({ type: "night.finished", data: { end: "refused" } });
    } finally {
      red.dispose();
    }
  });

  it("says that a base is flaky where its tests fail once and then pass", async () => {
    let runs = 0;
    world.engine.programs.set("sh", () => ((runs += 1) === 1 ? 1 : 0));
    const night = await world.run([lands("one")]);
    expect(night?.warnings).toMatchObject([{ code: "flaky-baseline" }]);
    expect(night?.end).toBe("queue-empty");
  });

  it("starts on red tests for a fix that names them", async () => {
    const red = await NightWorld.create({ broken: "x" });
    try {
      red.engine.programs.set("sh", ({ files, print }) => {
        if (!files.has("broken")) return 0;
        print("not ok 1 - greets the world");
        return 1;
      });
      const night = await red.run([
        {
          id: "fix",
          kind: "fix",
          redTests: ["greets the world"],
          agent_: ({ files }) => (files.delete("broken"), 0),
        },
      ]);
      expect(night?.repositories.get("app")?.baseline?.result).toBe("red-expected");
      expect(red.landedSubjects(night!)).toEqual(["Title of fix"]);
    } finally {
      red.dispose();
    }
  });

  it("does not run a green baseline again on the same tree, image and commands", async () => {
    await world.run([lands("one")]);
    const second = await world.run([lands("two")]);
    expect(second?.repositories.get("app")?.baseline?.result).toBe("green-cached");
  });

  it("repeats once after the engine failed, and stops the night if it fails again", async () => {
    let starts = 0;
    world.engine.beforeStart = ({ role }) => {
      starts += role === "agent" ? 1 : 0;
      if (role === "agent" && starts === 1)
        throw new NightwardenError({ code: "infra.engine", message: "gone" });
    };
    const once = await world.run([lands("one")]);
    expect(once).toMatchObject({ end: "queue-empty", finished: ["landed"] });
    world.engine.beforeStart = ({ role }) => {
      if (role === "agent") throw new NightwardenError({ code: "infra.engine", message: "gone" });
    };
    const twice = await world.run([lands("two")]);
    expect(twice).toMatchObject({ end: "infra", finished: [] });
  });

  it("leaves uncommitted changes out, and says so", async () => {
    const { writeFileSync } = await import("node:fs");
    writeFileSync(`${world.repositoryPath}/a.txt`, "changed\n");
    const night = await world.run([lands("one")]);
    expect(night?.warnings).toMatchObject([{ code: "uncommitted" }]);
    expect(world.git("show", `nightwarden/${night!.night}:a.txt`)).toBe("one");
    expect(world.git("status", "--porcelain")).toContain("M a.txt");
  });

  it("never forces the night's branch: checked out, it is put off, tried again at the end, and left alone", async () => {
    world.onEvent = (event) => {
      if (event.type === "delivery.finished") world.git("checkout", "-q", `nightwarden/${event.night}`);
    };
    const night = await world.run([lands("one"), lands("two")]);
    expect(night?.repositories.get("app")?.deferred).toMatch(/checked out/);
    expect(world.landedSubjects(night!)).toEqual(["Title of one"]);
    world.git("checkout", "-q", "main");
  });

  it("keeps what has landed where the repository cannot take it: put off, and not the task's failure", async () => {
    const fails = Object.create(world.repository, {
      deliver: {
        value: () => Promise.reject(new NightwardenError({ code: "infra.git", message: "no space left" })),
      },
    }) as Repository;
    const repositories = new Map([["app", fails]]);
    const night = await world.run([lands("one"), lands("two")], {}, undefined, { repositories });
    expect(night).toMatchObject({ end: "queue-empty", finished: ["landed", "landed"] });
    expect(night?.repositories.get("app")?.deferred).toBe("no space left");
    expect(eventsOf("landing.finished")).toHaveLength(2);
    const working = new Map([["app", world.repository]]);
    const results = await deliverNight({
      journals: world.journals,
      repositories: working,
      night: night!.night,
    });
    expect(results).toEqual([{ repo: "app", reason: undefined }]);
    expect(world.landedSubjects(night!)).toEqual(["Title of one", "Title of two"]);
  });
});

describe("stopping", () => {
  it("interrupts an agent at once; the task runs again in the next night and lands once", async () => {
    const controller = new AbortController();
    const hangs: TaskStory = {
      id: "one",
      agent_: async (run) => {
        controller.abort(new StopRequest("asked", "SIGINT"));
        await new Promise((go) => run.ended.addEventListener("abort", go));
        return 137;
      },
    };
    const stopped = await world.run([hangs, lands("two")], {}, controller.signal);
    expect(stopped).toMatchObject({ end: "interrupted", finished: [] });
    const next = await world.run([lands("one"), lands("two")]);
    expect(next?.tasks.get("one" as never)?.attempts.map((attempt) => attempt.number)).toEqual([2]);
    expect(world.landedSubjects(next!)).toEqual(["Title of one", "Title of two"]);
  });

  it("lets a landing that has begun complete", async () => {
    const controller = new AbortController();
    world.onEvent = (event) => {
      if (event.type === "landing.started") controller.abort(new StopRequest("asked", "SIGTERM"));
    };
    const night = await world.run([lands("one"), lands("two")], {}, controller.signal);
    expect(night).toMatchObject({ end: "interrupted", finished: ["landed"] });
    expect(world.landedSubjects(night!)).toEqual(["Title of one"]);
  });

  it("ends at the time limit of a night without a person, and says so", async () => {
    const controller = new AbortController();
    world.onEvent = (event) => {
      if (event.type === "capture.started")
        controller.abort(new StopRequest("time-limit", "unattended for 1h"));
    };
    const night = await world.run([lands("one")], {}, controller.signal);
    expect(night).toMatchObject({ end: "time-limit", finished: [] });
  });
});

describe("the queue over several nights", () => {
  it("never starts a landed task again, nor a failed one that nobody asked for", async () => {
    await world.run([lands("one"), breaks("two")]);
    expect(await world.run([lands("one"), breaks("two")])).toBeUndefined();
  });

  it("counts a dependency only where it is in the base", async () => {
    const first = await world.run([lands("one")]);
    const dependent: TaskStory = { ...lands("two"), dependsOn: ["one" as never] };
    const unmerged = await world.run([lands("one"), dependent]);
    expect(unmerged?.tasks.get("two" as never)).toMatchObject({ result: "carried-over" });
    world.git("merge", "-q", `nightwarden/${first!.night}`);
    const merged = await world.run([lands("one"), dependent]);
    expect(merged?.finished).toEqual(["landed"]);
  });

  it("builds on the last night that nobody merged, where the base is `continue`", async () => {
    const bases = new Map([["app", "continue"]]);
    await world.run([lands("one")], { bases });
    const second = await world.run([lands("one"), { ...lands("two"), dependsOn: ["one" as never] }], {
      bases,
    });
    expect(second?.finished).toEqual(["landed"]);
    expect(world.landedSubjects(second!)).toEqual(["Title of one", "Title of two"]);
  });

  it("counts a dependency that was picked, or squashed and declared merged, as in the base", async () => {
    const first = await world.run([lands("one")]);
    world.git("commit", "-q", "--allow-empty", "-m", "meanwhile");
    world.git("cherry-pick", `nightwarden/${first!.night}`);
    const two: TaskStory = { ...lands("two"), dependsOn: ["one" as never] };
    expect((await world.run([lands("one"), two]))?.finished).toEqual(["landed"]);

    const third = await world.run([lands("three")]);
    const four: TaskStory = { ...lands("four"), dependsOn: ["three" as never] };
    const unmerged = await world.run([lands("three"), four]);
    expect(unmerged?.finished).toEqual(["carried-over"]);
    expect(summarise(unmerged!).nextActions[0]?.why).toContain("four cannot start before");
    const journal = await world.journals.open(null);
    await journal.append({ type: "night.merged", data: { merged: third!.night } });
    await journal.close();
    expect((await world.run([lands("three"), four]))?.finished).toEqual(["landed"]);
  });

  it("builds on a last night that could not even be delivered", async () => {
    const bases = new Map([["app", "continue"]]);
    const fails = Object.create(world.repository, {
      deliver: { value: () => Promise.resolve({ kind: "deferred", reason: "not now" }) },
    }) as Repository;
    await world.run([lands("one")], { bases }, undefined, { repositories: new Map([["app", fails]]) });
    const two: TaskStory = { ...lands("two"), dependsOn: ["one" as never] };
    const second = await world.run([lands("one"), two], { bases }, undefined, {
      repositories: new Map([["app", fails]]),
    });
    expect(second).toMatchObject({ endDetail: "every task has had its turn", finished: ["landed"] });
  });
});

describe("after a crash", () => {
  /** Lets the process die, as far as the journal is concerned, when `type` has become durable. */
  async function crashAt(type: EventType, stories: readonly TaskStory[]): Promise<void> {
    world.journals.crashAfter(type);
    await expect(world.run(stories)).rejects.toThrow();
    await world.journals.recover();
  }

  it.each<EventType>([
    "night.started",
    "repository.prepared",
    "attempt.started",
    "sandbox.started",
    "capture.finished",
    "verify.finished",
    "landing.started",
    "landing.finished",
    "delivery.started",
    "delivery.finished",
    "attempt.finished",
    "task.finished",
  ])("at %s, the same night goes on, and every task lands exactly once", async (type) => {
    await crashAt(type, [lands("one"), lands("two")]);
    const night = await world.run([lands("one"), lands("two")]);
    expect(night).toMatchObject({ end: "queue-empty", resumes: 1 });
    expect(world.landedSubjects(night!)).toEqual(["Title of one", "Title of two"]);
    expect(await world.journals.nights()).toHaveLength(1);
  });

  it.each<EventType>(["landing.started", "landing.finished"])(
    "at %s, and with another plan, what has landed is kept, delivered and never tried again",
    async (type) => {
      await crashAt(type, [lands("one")]);
      const second = await world.run([lands("one"), lands("two")]);
      const [first] = await world.journals.nights();
      const { events } = await world.journals.read(first!);
      const state = replay(first!, events);
      expect(state.end).toBe("abandoned");
      const landedBefore = state.tasks.get("one" as never)?.attempts[0]?.outcome?.kind === "landed";
      expect(landedBefore).toBe(type === "landing.finished");
      const subjects = [...world.landedSubjects(state), ...world.landedSubjects(second!)];
      expect(subjects.toSorted()).toEqual(["Title of one", "Title of two"]);
    },
  );

  it("closes the night as abandoned where the sandbox is another since: a night has one isolation", async () => {
    await crashAt("capture.finished", [lands("one")]);
    const night = await world.run([lands("one")], { isolation: "worktree" });
    expect(night).toMatchObject({ end: "queue-empty", resumes: 0, started: { isolation: "worktree" } });
    const [first] = await world.journals.nights();
    const { events } = await world.journals.read(first!);
    expect(events.at(-1)).toMatchObject({ type: "night.finished", data: { end: "abandoned" } });
  });

  it("closes the night as abandoned where the plan has changed since", async () => {
    await crashAt("capture.finished", [lands("one")]);
    const night = await world.run([lands("one"), lands("two")]);
    expect(night).toMatchObject({ end: "queue-empty", resumes: 0 });
    const [first] = await world.journals.nights();
    const { events } = await world.journals.read(first!);
    expect(events.at(-1)).toMatchObject({ type: "night.finished", data: { end: "abandoned" } });
  });
});
