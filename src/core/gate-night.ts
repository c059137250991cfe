import { isCap } from "./attempt.ts";
import { canonicalJson } from "./canonical-json.ts";
import type { EventData, NightwardenEvent } from "./event.ts";
import { evidenceOf, type Evidence } from "./gate-criterion.ts";
import type { NightId, TaskId, TaskKey } from "./ids.ts";
import type { NightEnd } from "./night-events.ts";
import type { TaskKind } from "./plan.ts";

/** One night as gates see it. */
export interface GateNight {
  readonly night: NightId;
  readonly started: EventData<"night.started">;
  /** null: it has no end. */
  readonly end: NightEnd | null;
  /** The night's last word: its end, or its first event where it has none. */
  readonly last: Evidence;
  /** Tasks that landed, and were not taken back, or failed; as their last events come. Skipped ones are neither. */
  readonly tasks: readonly FinishedTask[];
  /** Attempts that were begun. */
  readonly tries: number;
  /** Attempts that reached a cap. */
  readonly caps: readonly Evidence[];
  /** What makes its end abnormal; empty: nothing does. */
  readonly abnormal: readonly Evidence[];
  readonly failedRollbacks: readonly Evidence[];
}

export interface FinishedTask {
  readonly key: TaskKey;
  readonly repo: string;
  readonly kind: TaskKind;
  readonly result: "landed" | "failed";
  readonly evidence: Evidence;
}

const ABNORMAL_ENDS: ReadonlySet<NightEnd> = new Set([
  "breaker",
  "auth",
  "infra",
  "leak",
  "rollback-failed",
  "abandoned",
]);

/** Reads a night's events; undefined for one that has not begun. */
export function gateNight(events: readonly NightwardenEvent[]): GateNight | undefined {
  const first = events.find((event) => event.type === "night.started");
  if (!first || first.night === null) return undefined;
  const started = first.data;
  const results = new Map<TaskId, { result: "landed" | "failed"; event: NightwardenEvent }>();
  const caps: Evidence[] = [];
  const abnormal: Evidence[] = [];
  const failedRollbacks: Evidence[] = [];
  let tries = 0;
  let end: NightEnd | null = null;
  let last = evidenceOf(first, "the night began");
  for (const event of events) {
    switch (event.type) {
      case "landing.finished":
        results.delete(event.data.task);
        results.set(event.data.task, { result: "landed", event });
        break;
      case "landing.revoked":
        results.delete(event.data.task);
        break;
      case "task.finished":
        // That it landed was said by its landing.
        if (event.data.result !== "failed") break;
        results.delete(event.data.task);
        results.set(event.data.task, { result: "failed", event });
        break;
      case "attempt.started":
        tries += 1;
        break;
      case "attempt.finished": {
        const { outcome, attempt } = event.data;
        if (outcome.kind === "failed" && isCap(outcome.reason))
          caps.push(evidenceOf(event, `${attempt} reached a cap: ${outcome.reason}`));
        break;
      }
      case "night.resumed":
        abnormal.push(evidenceOf(event, "a crash cut the night off"));
        break;
      case "account.taken":
        if (event.data.verdict === "leaked")
          abnormal.push(evidenceOf(event, "something was left and could not be removed"));
        break;
      case "rollback.failed": {
        const failure = evidenceOf(event, `${event.data.repo}: the branch could not be moved back`);
        failedRollbacks.push(failure);
        abnormal.push(failure);
        break;
      }
      case "night.finished":
        end = event.data.end;
        last = evidenceOf(event, `the night ended: ${end}`);
        if (ABNORMAL_ENDS.has(end)) abnormal.push(last);
        break;
      default:
        break;
    }
  }
  const tasks = started.tasks
    .flatMap(({ id, key, repo, kind }) => {
      const found = results.get(id);
      if (!found) return [];
      const { result, event } = found;
      return [{ key, repo, kind, result, evidence: evidenceOf(event, `${id} ${result}`) }];
    })
    .toSorted((a, b) => a.evidence.seq - b.evidence.seq);
  return { night: first.night, started, end, last, tries, tasks, caps, abnormal, failedRollbacks };
}

/** What two nights must share to be compared: phase, policy, agents with their models, isolation. As one text. */
export function conditionsOf({ started }: GateNight): string {
  const { phase, policyHash, isolation } = started;
  const agents = (started.agents ?? [])
    .map(({ name, models }) => ({ name, models: models.toSorted() }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return canonicalJson({ phase, policyHash, isolation, agents });
}
