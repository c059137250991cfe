import type { AttemptRef, Outcome } from "./attempt.ts";
import type { SandboxEnd, Verdict } from "./event-fields.ts";
import type { EventData, NightwardenEvent } from "./event.ts";
import type { DiffFacts } from "./diff-facts.ts";
import type { Finding } from "./finding.ts";
import type { ObjectId, TaskKey } from "./ids.ts";
import { addSpending, NO_SPENDING, spendingOf, type Spending } from "./spending.ts";

/** One attempt as the journal tells it. */
export interface AttemptState extends AttemptRef {
  readonly key: TaskKey;
  readonly number: number;
  /** The place that it had among attempts that ran at the same time. */
  readonly slot: number;
  readonly repo: string;
  readonly base: ObjectId;
  readonly startedAt: string;
  finishedAt?: string;
  /** The step that was reached last. A crash leaves the attempt here. */
  step:
    | "started"
    | "agent"
    | "captured"
    | "checked"
    | "verifying"
    | "verified"
    | "replaying"
    | "replayed"
    | "landing"
    | "landed";
  /** The commit that its agent started from, where its task was granted something: the base with that. */
  start?: ObjectId;
  capture?: EventData<"capture.finished">;
  findings: readonly Finding[];
  /** What its change is made of, as far as the checks came. */
  kinds?: DiffFacts;
  verdict?: Verdict;
  /** What running the tests as they were said. */
  replay?: EventData<"replay.finished">;
  agentEnd?: SandboxEnd;
  /** The commit whose landing has begun. */
  landing?: { readonly commit: ObjectId; readonly tip: ObjectId };
  landed?: ObjectId;
  /** Its landing was taken back: as which. */
  revoked?: EventData<"landing.revoked">["role"];
  /** What it began with instead of an agent. */
  readonly candidate?: NonNullable<EventData<"attempt.started">["candidate"]>;
  /** Absent: its task's own. */
  readonly agent?: string;
  outcome?: Outcome;
  /** What it used of model APIs. */
  spending: Spending;
  /** Requests that its gateway refused while it served. */
  denied: number;
}

/** The events that change what is known of an attempt that has begun. */
export type AttemptEvent = Extract<
  NightwardenEvent,
  {
    readonly type:
      | "grant.finished"
      | "sandbox.started"
      | "sandbox.finished"
      | "model.answered"
      | "egress.denied"
      | "capture.finished"
      | "checks.finished"
      | "verify.started"
      | "verify.finished"
      | "replay.started"
      | "replay.finished"
      | "landing.started"
      | "landing.finished"
      | "landing.revoked"
      | "attempt.finished";
  }
>;

export function beginAttempt(data: EventData<"attempt.started">, startedAt: string): AttemptState {
  const { task, attempt, token, key, number, slot = 0, repo, base, candidate, agent } = data;
  return {
    task,
    attempt,
    token,
    key,
    number,
    slot,
    repo,
    base,
    ...(candidate ? { candidate } : {}),
    ...(agent === undefined ? {} : { agent }),
    startedAt,
    step: "started",
    findings: [],
    spending: NO_SPENDING,
    denied: 0,
  };
}

/** Rules of a gateway that serves nothing any more: nobody tried more than it may. */
const AFTER_THE_END: ReadonlySet<string> = new Set(["ended", "budget"]);

/** Adds one event to `attempt`, in place. */
export function applyToAttempt(attempt: AttemptState, event: AttemptEvent): void {
  switch (event.type) {
    case "grant.finished":
      if (event.data.commit !== null) attempt.start = event.data.commit;
      return;
    case "sandbox.started":
      if (event.data.role === "agent") attempt.step = "agent";
      return;
    case "sandbox.finished":
      if (event.data.role === "agent") attempt.agentEnd = event.data.end;
      return;
    case "model.answered":
      attempt.spending = addSpending([attempt.spending, spendingOf(event.data)]);
      return;
    case "egress.denied":
      if (!AFTER_THE_END.has(event.data.rule)) attempt.denied += event.data.count;
      return;
    case "capture.finished":
      attempt.step = "captured";
      attempt.capture = event.data;
      return;
    case "checks.finished":
      attempt.step = "checked";
      attempt.findings = event.data.findings;
      if (event.data.kinds) attempt.kinds = event.data.kinds;
      return;
    case "verify.started":
      attempt.step = "verifying";
      return;
    case "verify.finished":
      attempt.step = "verified";
      attempt.verdict = event.data.verdict;
      return;
    case "replay.started":
      attempt.step = "replaying";
      return;
    case "replay.finished":
      attempt.step = "replayed";
      attempt.replay = event.data;
      return;
    case "landing.started":
      attempt.step = "landing";
      attempt.landing = { commit: event.data.commit, tip: event.data.tip };
      return;
    case "landing.finished":
      attempt.step = "landed";
      attempt.landed = event.data.commit;
      return;
    case "landing.revoked":
      attempt.revoked = event.data.role;
      return;
    case "attempt.finished":
      attempt.outcome = event.data.outcome;
      attempt.finishedAt = event.at;
  }
}
