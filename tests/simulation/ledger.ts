import type { Outcome } from "../../src/core/attempt.ts";
import type { EventData, NightwardenEvent } from "../../src/core/event.ts";
import type { NightId, ObjectId } from "../../src/core/ids.ts";

export interface LedgerAttempt {
  readonly night: NightId;
  readonly task: string;
  readonly id: string;
  readonly token: string;
  readonly number: number;
  readonly slot: number;
  readonly repo: string;
  readonly base: ObjectId;
  /** It begins with a change that had landed before. */
  readonly isLandingAgain: boolean;
  readonly agent: string | undefined;
  outcome: Outcome | undefined;
  landing: ObjectId | undefined;
  landed: ObjectId | undefined;
  revoked: EventData<"landing.revoked">["role"] | undefined;
}

/** One task in the night that goes on. */
export interface LedgerTask {
  readonly id: string;
  readonly dependsOn: readonly string[];
  readonly attempts: LedgerAttempt[];
  result: string | undefined;
}

/**
 * What the invariants know: kept in the simplest way from the events alone, and independent of the projections of
 * src/core, which are among what is to be tested.
 */
export class Ledger {
  night: NightId | undefined;
  tasks = new Map<string, LedgerTask>();
  /** Results in the order of `task.finished`. */
  finished: { readonly task: string; readonly result: string }[] = [];
  /** How each task was closed last, over all nights. */
  readonly results = new Map<string, string>();
  /** Of all nights, by id. */
  readonly attempts = new Map<string, LedgerAttempt>();
  /** Attempts without an outcome. */
  readonly open = new Set<LedgerAttempt>();
  /** Task, by id, to the commit that has landed and was not taken back, over all nights. */
  readonly landed = new Map<string, ObjectId>();
  isStopping = false;
  isOver = true;
  runs = 0;

  see(event: NightwardenEvent): void {
    switch (event.type) {
      case "night.started":
        this.night = event.night ?? undefined;
        this.tasks = new Map(
          event.data.tasks.map(({ id, dependsOn }) => [
            id,
            { id, dependsOn, attempts: [], result: undefined },
          ]),
        );
        this.finished = [];
        this.begin();
        return;
      case "night.resumed":
        this.begin();
        return;
      case "night.stopping":
        this.isStopping = true;
        return;
      case "night.finished":
        this.isOver = true;
        return;
      case "attempt.started":
        this.start(event.night, event.data);
        return;
      case "landing.started":
        this.of(event.data.attempt).landing = event.data.commit;
        return;
      case "landing.finished":
        this.of(event.data.attempt).landed = event.data.commit;
        this.landed.set(event.data.task, event.data.commit);
        return;
      case "landing.revoked":
        this.of(event.data.attempt).revoked = event.data.role;
        this.landed.delete(event.data.task);
        this.task(event.data.task).result = undefined;
        return;
      case "attempt.finished":
        this.end(event.data);
        return;
      case "task.finished":
        this.task(event.data.task).result = event.data.result;
        this.results.set(event.data.task, event.data.result);
        this.finished.push({ task: event.data.task, result: event.data.result });
        return;
      default:
    }
  }

  private begin(): void {
    this.isStopping = false;
    this.isOver = false;
    this.runs += 1;
  }

  private start(night: NightId | null, data: EventData<"attempt.started">): void {
    if (night === null) throw new TypeError("an attempt of no night");
    const attempt: LedgerAttempt = {
      night,
      task: data.task,
      id: data.attempt,
      token: data.token,
      number: data.number,
      slot: data.slot ?? 0,
      repo: data.repo,
      base: data.base,
      isLandingAgain: data.candidate !== undefined,
      agent: data.agent,
      outcome: undefined,
      landing: undefined,
      landed: undefined,
      revoked: undefined,
    };
    this.attempts.set(attempt.id, attempt);
    this.open.add(attempt);
    this.task(data.task).attempts.push(attempt);
  }

  private end({ attempt: id, outcome }: EventData<"attempt.finished">): void {
    const attempt = this.of(id);
    attempt.outcome ??= outcome;
    this.open.delete(attempt);
  }

  of(attempt: string): LedgerAttempt {
    const found = this.attempts.get(attempt);
    if (!found) throw new TypeError(`there is no attempt ${attempt}`);
    return found;
  }

  task(id: string): LedgerTask {
    const found = this.tasks.get(id);
    if (!found) throw new TypeError(`there is no task ${id} tonight`);
    return found;
  }
}
