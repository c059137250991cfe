import { describe, expect, test } from "vitest";
import type { Journal } from "../../src/contracts/journal.ts";
import type { Repository } from "../../src/contracts/repository.ts";
import type { SandboxRun } from "../../src/contracts/sandbox.ts";
import type { Agenda } from "../../src/core/agenda.ts";
import type { NightwardenEvent } from "../../src/core/event.ts";
import { nightBranch } from "../../src/core/ids.ts";
import { nextStep } from "../../src/core/next-step.ts";
import type { NightDeps } from "../../src/night/deps.ts";
import { INVARIANTS } from "./invariants.ts";
import { scenarioOf } from "./scenario.ts";
import { simulate, type BrokenRule } from "./simulate.ts";
import { FULL, type SimWorld } from "./sim-world.ts";
import { withStuckBranches } from "./with-stuck-branches.ts";

/**
 * A guard that nobody has seen fire proves nothing. Each promise of INVARIANTS is broken here by a rule that is wrong in
 * one place, and is noticed: by that invariant alone, among nights that are sound without it.
 */
const BROKEN: Readonly<Record<string, Readonly<Record<string, BrokenRule>>>> = {
  "only-verified-on-branch": {
    "the branch is moved to a commit that nothing has verified": {
      deps: withRepository((repository, world) => ({
        fastForward: async (options) => {
          const { objects } = world.repositories.get(repository.name)!;
          const changes = objects.changes(options.from, options.to);
          const more = [
            "sneaked-in.txt",
            { oid: objects.blob(Buffer.from("x")), executable: false },
          ] as const;
          const { id } = objects.make(options.from, [...changes, more], "sneaked in");
          await repository.fastForward({ ...options, to: id });
        },
      })),
    },
    "a red verification counts as green": {
      deps: (deps) => ({
        ...deps,
        sandboxes: {
          start: async (request) => {
            const sandbox = await deps.sandboxes.start(request);
            const green = (run: SandboxRun): SandboxRun => ({
              ...run,
              allPassed: true,
              failedCommand: null,
              end: { ...run.end, exitCode: 0, reason: "exited" },
            });
            return { ...sandbox, run: async (job, signal) => green(await sandbox.run(job, signal)) };
          },
        },
      }),
    },
    "what the checks find is not looked at": {
      deps: (deps) => ({
        ...deps,
        checks: { ...deps.checks, inspect: async () => await Promise.resolve({ findings: [], unlisted: 0 }) },
      }),
    },
  },
  "branch-is-as-recorded": {
    "a landing is recorded, and the branch has not moved": {
      deps: withRepository(() => ({ fastForward: async () => await Promise.resolve() })),
    },
  },
  "persons-branch-is-left": {
    "a delivery takes the branch from wherever it is": {
      deps: withRepository((repository, world) => ({
        deliver: async (options) => {
          const { branches } = world.repositories.get(repository.name)!.user;
          return await repository.deliver({
            ...options,
            from: branches.get(nightBranch(options.night)) ?? null,
          });
        },
      })),
    },
  },
  "one-outcome-each": {
    "an outcome is recorded twice": {
      deps: withJournal((journal) => async (fact) => {
        if (fact.type === "attempt.finished") await journal.append(fact);
        return await journal.append(fact);
      }),
    },
  },
  "numbers-rise": {
    "earlier nights are not read": {
      deps: (deps) => ({
        ...deps,
        journals: { ...deps.journals, nights: async () => await Promise.resolve([]) },
      }),
    },
  },
  "nothing-late": { "a worker that was given up goes on as if it were current": { isDeaf: true } },
  "one-attempt-each": {
    "a task that has landed is started again": {
      decide: (state, context) => {
        const step = nextStep(state, context);
        const landed = [...state.tasks.values()].find(({ result }) => result === "landed");
        if (step.kind !== "finish" || !landed || landed.attempts.length > 3) return step;
        if (context.running.size > 0) return { kind: "wait" };
        return {
          kind: "attempt",
          task: landed.id,
          agent: context.agenda.agentOf(landed.id),
          afterProbe: false,
        };
      },
    },
  },
  "attempts-are-counted": {
    "a failed task is tried without end": {
      decide: (state, context) => nextStep(state, { ...context, policy: { ...context.policy, retries: 5 } }),
    },
  },
  "starts-from-tip": {
    "attempts start from the night's base": {
      decide: (state, context) => {
        for (const repository of state.repositories.values()) repository.tip = repository.base;
        return nextStep(state, context);
      },
    },
  },
  "breaker-stops": {
    "the breaker is not looked at": {
      decide: (state, context) =>
        nextStep(state, {
          ...context,
          policy: { ...context.policy, afterFailure: "breaker", breakerFailures: 99 },
        }),
    },
  },
  "only-dependents-skipped": {
    "a task is skipped for no reason": {
      decide: (state, context) => {
        const step = nextStep(state, context);
        if (step.kind !== "attempt") return step;
        return { kind: "close", task: step.task, result: "skipped", detail: "it is late" };
      },
    },
  },
  "results-are-true": {
    "a task that has landed is closed as failed": {
      decide: (state, context) => {
        const step = nextStep(state, context);
        return step.kind === "close" && step.result === "landed" ? { ...step, result: "failed" } : step;
      },
    },
  },
  "results-in-order": {
    "a landed task is closed after the next one": {
      decide: (state, context) => {
        const step = nextStep(state, context);
        if (step.kind !== "close" || step.result !== "landed" || context.policy.order === "dag") return step;
        if (context.running.size > 0) return { kind: "wait" };
        const next = [...state.tasks.values()].find(({ attempts }) => attempts.length === 0);
        const before = [...state.tasks.values()].findLast(({ attempts }) => attempts.length > 0);
        if (next && before?.id === step.task)
          return {
            kind: "attempt",
            task: next.id,
            agent: context.agenda.agentOf(next.id),
            afterProbe: false,
          };
        const last = [...state.tasks.values()].findLast(
          ({ result, attempts }) => result === undefined && attempts.at(-1)?.outcome?.kind === "landed",
        );
        return last ? { ...step, task: last.id } : step;
      },
    },
  },
  "alerts-are-raised": {
    "an alert is kept from everybody": {
      deps: withJournal((journal) => async (fact) => {
        if (fact.type !== "alert.raised") return await journal.append(fact);
        return { ...fact, at: "" } as NightwardenEvent;
      }),
    },
    "an alert is raised twice": {
      deps: withJournal((journal) => async (fact) => {
        if (fact.type === "alert.raised") await journal.append(fact);
        return await journal.append(fact);
      }),
    },
    "an alert of the breaker names the last task alone": {
      deps: withJournal((journal) => async (fact) => {
        if (fact.type !== "alert.raised" || fact.data.alert !== "breaker") return await journal.append(fact);
        return await journal.append({ ...fact, data: { ...fact.data, tasks: fact.data.tasks.slice(-1) } });
      }),
    },
    "a lost phase is told to nobody": {
      deps: (deps) =>
        withJournal((journal) => async (fact) => {
          if (fact.type !== "alert.raised" || fact.data.alert !== "demoted")
            return await journal.append(fact);
          return { ...fact, at: "" } as NightwardenEvent;
        })(withStuckBranches(deps)),
    },
  },
  "blame-is-right": {
    "while the culprit is looked for, everything is green": { deps: withFullRuns((reds) => reds > 2) },
  },
  "ends-on-green": { "the full verification is always green": { deps: withFullRuns(() => true) } },
  "goes-back-to-green": {
    "the branch goes back behind its last checkpoint": {
      deps: (deps, world) =>
        withJournal((journal) => async (fact) => {
          if (fact.type !== "rollback.started" && fact.type !== "rollback.finished")
            return await journal.append(fact);
          const to =
            world.repositories.get(fact.data.repo)!.objects.commit(fact.data.from).parent ?? fact.data.to;
          return await journal.append({ ...fact, data: { ...fact.data, to } });
        })(deps),
    },
  },
  "parallel-limit-kept": {
    "there are more places than the policy has": {
      order: (order) => ({ ...order, policy: { ...order.policy, parallel: order.policy.parallel + 2 } }),
    },
  },
  "overlaps-wait": {
    "nobody asks whose files a task is about": {
      decide: (state, context) =>
        nextStep(state, {
          ...context,
          agenda: Object.assign(Object.create(context.agenda) as Agenda, { mayCollide: () => false }),
        }),
    },
  },
  "paused-starts-nothing": {
    "the end of a wait is not written down": {
      deps: withJournal((journal) => async (fact) => {
        if (fact.type !== "night.continued") return await journal.append(fact);
        return { ...fact, at: "" } as NightwardenEvent;
      }),
    },
  },
  "dependencies-first": {
    "dependencies are not looked at": {
      decide: (state, context) => nextStep(state, { ...context, dependency: () => "in-base" }),
    },
  },
  "order-is-listed": {
    "the last task is taken first": {
      decide: (state, context) => {
        const step = nextStep(state, context);
        if (step.kind !== "attempt" || context.policy.order === "dag") return step;
        const last = [...state.tasks.values()].findLast(({ result }) => result === undefined);
        return { ...step, task: last?.id ?? step.task };
      },
    },
  },
  "stops-when-told": {
    "what runs in a sandbox does not hear of it": {
      deps: (deps) => ({
        ...deps,
        sandboxes: {
          start: async (request) => {
            const sandbox = await deps.sandboxes.start(request);
            return { ...sandbox, run: async (job) => await sandbox.run(job, new AbortController().signal) };
          },
        },
      }),
    },
  },
  "caps-are-held-to": {
    "an attempt has twice its time": {
      order: (order) => ({ ...order, limits: { ...order.limits, wallClock: order.limits.wallClock * 2 } }),
    },
  },
  "prefixes-replay": {
    "a decision changes the state beside the journal": {
      decide: (state, context) => {
        state.leftovers += 1;
        return nextStep(state, context);
      },
    },
  },
  "nothing-is-left": {
    "what stands is neither removed nor counted": {
      deps: (deps) => ({
        ...deps,
        trees: {
          open: async (options) => ({
            ...(await deps.trees.open(options)),
            close: async () => await Promise.resolve(),
          }),
        },
        residue: deps.residue.map((place) => ({
          name: place.name,
          count: async () => await Promise.resolve({ residue: [] }),
          weigh: async (residue) => await Promise.resolve(residue),
          remove: async () => await Promise.resolve([]),
        })),
      }),
    },
  },
  ends: {
    "a wait for a quota never ends": {
      deps: (deps) => ({
        ...deps,
        clock: {
          now: () => deps.clock.now(),
          monotonicMs: () => deps.clock.monotonicMs(),
          waitUntil: async () => await new Promise<void>(() => undefined),
        },
      }),
    },
  },
  "no-fault": {
    "a decision throws": {
      decide: () => {
        throw new TypeError("a fault of ours");
      },
    },
  },
};

/** The seeds that are tried until one shows it. */
const SEEDS = Array.from({ length: 300 }, (_, index) => 5000 + index);

describe("a rule that is broken on purpose is noticed:", () => {
  for (const [invariant, rules] of Object.entries(BROKEN)) {
    test.each(Object.entries(rules))(`${invariant}: %s`, async (_, rule) => {
      const make = INVARIANTS[invariant];
      const invariants = make ? { [invariant]: make } : {};
      for (const seed of SEEDS) {
        const { violation } = await simulate(scenarioOf(seed), { rule, invariants });
        if (violation?.invariant !== invariant) continue;
        expect((await simulate(scenarioOf(seed))).violation).toBeUndefined();
        return;
      }
      throw new Error(`no night has shown it`);
    });
  }

  test("there is one for every promise", () => {
    expect(Object.keys(INVARIANTS).filter((name) => !(name in BROKEN))).toEqual([]);
  });
});

/** Replaces some calls of every repository. */
function withRepository(
  replaced: (repository: Repository, world: SimWorld) => Partial<Repository>,
): (deps: NightDeps, world: SimWorld) => NightDeps {
  return (deps, world) => ({
    ...deps,
    repositories: new Map(
      [...deps.repositories].map(([name, repository]) => {
        const calls = replaced(repository, world);
        const proxy = new Proxy(repository, {
          get: (target, key) => Reflect.get(key in calls ? calls : target, key) as unknown,
        });
        return [name, proxy];
      }),
    ),
  });
}

/** Full verifications that would be red are green where `isGreen` says so, by how many there have been. */
function withFullRuns(isGreen: (reds: number) => boolean): (deps: NightDeps) => NightDeps {
  let reds = 0;
  return (deps) => ({
    ...deps,
    sandboxes: {
      start: async (request) => {
        const sandbox = await deps.sandboxes.start(request);
        return {
          ...sandbox,
          run: async (job, signal) => {
            const run = await sandbox.run(job, signal);
            const isFull = job.commands.some((command) => command.includes(FULL));
            if (!isFull || run.allPassed || run.end.reason !== "exited") return run;
            reds += 1;
            if (!isGreen(reds)) return run;
            return { ...run, allPassed: true, failedCommand: null, end: { ...run.end, exitCode: 0 } };
          },
        };
      },
    },
  });
}

function withJournal(append: (journal: Journal) => Journal["append"]): (deps: NightDeps) => NightDeps {
  return (deps) => ({
    ...deps,
    journals: {
      ...deps.journals,
      open: async (night, onAppend) => {
        const journal = await deps.journals.open(night, onAppend);
        return { append: append(journal), close: async () => await journal.close() };
      },
    },
  });
}
