import type { GatewayRequest } from "../../src/contracts/gateway.ts";
import type { SandboxRequest } from "../../src/contracts/sandbox.ts";
import type { ModelAnswer } from "../../src/core/gateway-protocol.ts";
import type { Limits } from "../../src/core/limits.ts";
import { answered } from "../fakes/fake-gateways.ts";
import type { JobPlan } from "./run-job.ts";
import type { Deed, Scenario, SimTask } from "./scenario.ts";
import { SeededRandom } from "./seeded-random.ts";
import type { SimTree } from "./sim-engine.ts";

/** What the agent of one attempt does: it follows from the seed, the task and the attempt's number alone. */
export function agentPlan(options: {
  readonly scenario: Scenario;
  readonly limits: Limits;
  readonly request: SandboxRequest;
  readonly tree: SimTree;
  /** Its way to the model; undefined: it uses none. */
  readonly gateway: GatewayRequest | undefined;
  readonly now: () => Date;
}): JobPlan {
  const { scenario, request, tree, gateway, limits } = options;
  const { task: id, attempt } = request.attempt;
  const random = new SeededRandom(scenario.seed, "attempt", attempt);
  const task = scenario.tasks.find((each) => each.id === (id as string));
  if (!task) throw new TypeError(`there is no task ${id}`);
  const wanted = random.weighted(scenario.deeds as Record<Deed, number>);
  const deed = gateway || !NEEDS_MODEL.has(wanted) ? wanted : "lands";
  const takesMs = random.int(20_000, Math.min(1_200_000, limits.wallClock - 1));
  const moments = gateway ? answersOf({ ...options, deed, gateway, takesMs, random }) : [];
  const works: JobPlan = {
    takesMs,
    exitCode: 0,
    failedCommand: null,
    moments,
    leaves: () => leave(tree, task, deed, random),
  };
  const fails: JobPlan = { ...works, exitCode: 1, failedCommand: 0 };
  switch (deed) {
    case "lands":
    case "strays":
    case "breaks":
    case "cheats":
      return works;
    case "changes-nothing":
      return { ...works, leaves: () => undefined };
    case "exits-with-error":
    case "meets-quota":
    case "meets-quota-without-time":
    case "meets-overload":
    case "is-refused-by-api":
    case "meets-broken-api":
      return fails;
    case "is-missing":
      return { ...fails, takesMs: 10, isMissing: true };
    case "falls-silent":
      return { ...works, takesMs: Infinity, silentFromMs: random.chance(0.5) ? 0 : takesMs };
    case "never-ends":
    case "overspends":
    case "loses-gateway":
      return { ...works, takesMs: Infinity };
    case "floods":
      return { ...works, reason: "output" };
    case "loses-container":
      return { ...works, reason: "lost", leaves: () => undefined };
  }
}

const NEEDS_MODEL: ReadonlySet<Deed> = new Set([
  "overspends",
  "meets-quota",
  "meets-quota-without-time",
  "meets-overload",
  "is-refused-by-api",
  "meets-broken-api",
  "loses-gateway",
]);

/** What an attempt's result is made of: a file of its own, and a line of one that others may change as well. */
function leave(tree: SimTree, task: SimTask, deed: Deed, random: SeededRandom): void {
  const first = deed === "breaks" ? "broken" : `by ${task.id}, ${random.int(0, 1_000_000)}`;
  const second = task.pair ? `pair ${task.pair.name} ${task.pair.half}` : "";
  tree.changed.set(`own/${task.id}.txt`, `${first}\n${second}\n`);
  if (deed === "cheats") tree.changed.set(`cheat/${task.id}.txt`, "x\n");
  if (task.edits) change(tree, `src/m${task.edits.module}.txt`, task.edits.line * 2, task.id);
  if (deed === "strays") change(tree, "src/m0.txt", random.int(0, 23), task.id);
}

function change(tree: SimTree, path: string, line: number, by: string): void {
  const file = tree.objects.commit(tree.commit).tree.get(path);
  const before = tree.changed.get(path) ?? (file ? tree.objects.content(file.oid).toString("latin1") : "");
  const lines = before.split("\n");
  lines[line] = `line ${line} by ${by}`;
  tree.changed.set(path, lines.join("\n"));
}

/** What the model API says while the agent works. */
function answersOf(options: {
  readonly deed: Deed;
  readonly gateway: GatewayRequest;
  readonly takesMs: number;
  readonly random: SeededRandom;
  readonly now: () => Date;
}): NonNullable<JobPlan["moments"]> {
  const { deed, gateway, takesMs, random, now } = options;
  const atMs = takesMs - 1;
  const middle = { atMs: Math.floor(takesMs / 2), does: () => gateway.onFact(answered()) };
  const ends = (answer: Partial<ModelAnswer>) => ({
    atMs,
    does: () => gateway.onFact(answered(answer)),
  });
  const refused = (status: number, retryAt: string | null = null) =>
    ends({ result: "refused", status, retryAt, errorCode: null, costUsd: null });
  switch (deed) {
    case "meets-quota": {
      // Also what has passed by then, and what is far beyond the night.
      const afterMs = random.pick([0, 60_000, 1_800_000, 7_200_000, 36_000_000]);
      const does = (): void => {
        const retryAt = new Date(now().getTime() + afterMs).toISOString();
        refused(429, retryAt).does();
      };
      return [middle, { atMs, does }];
    }
    case "meets-quota-without-time":
      return [middle, refused(429)];
    case "meets-overload":
      return [middle, refused(529)];
    case "is-refused-by-api":
      return [middle, refused(401)];
    case "meets-broken-api":
      return [middle, ends({ result: "unreachable", status: null, costUsd: null })];
    case "overspends": {
      const { tokens: limit } = gateway.budget;
      const fact = { type: "over-budget", cap: "tokens", limit, value: limit + 1 } as const;
      return [middle, { atMs, does: () => gateway.onFact(fact) }];
    }
    case "loses-gateway":
      return [{ atMs, does: () => gateway.onFact({ type: "died", message: "it ended" }) }];
    default:
      return [middle];
  }
}
