import type { FailureReason, Outcome } from "./attempt.ts";
import type { NightEnd } from "./night-events.ts";
import { safeLine } from "./safe-text.ts";

/** What happened, for someone who has just got up. The outcome's own detail, with its values, follows. */
const FAILURE_WORDS: Readonly<Record<FailureReason, string>> = {
  "agent-failed": "The agent gave up",
  "agent-not-started": "The agent could not be started",
  "no-change": "Nothing changed",
  "prepare-failed": "Its dependencies could not be installed",
  "check-blocked": "Blocked by a check",
  "verify-failed": "Tests failed",
  "replay-failed": "Only its own tests pass",
  conflict: "Does not fit with what landed before",
  "cap-wall-clock": "Over its time limit",
  "cap-first-output": "Silent from the start",
  "cap-verify-time": "Its tests took too long",
  "cap-memory": "Out of memory",
  "cap-pids": "Wanted more processes than it may have",
  "cap-file-size": "Wrote a larger file than it may",
  "cap-output": "Printed too much",
  "cap-silence": "Silent for too long",
  "cap-disk": "Filled more disk than it may",
  "cap-inodes": "Made more files than it may",
  "cap-changed-files": "Changed more files than it may",
  "cap-changed-lines": "Changed more lines than it may",
  "cap-tokens": "Used more tokens than it may",
  "cap-cost": "Cost more than it may",
  "cap-capture": "Left too much behind",
  "quota-exceeded": "The model's quota is used up (not the task's fault)",
  "api-overloaded": "The model's API was overloaded (not the task's fault)",
  "login-refused": "The model's API refused the key",
  "api-failed": "The model's API failed (not the task's fault)",
  "gateway-failed": "The gateway to the model's API failed (not the task's fault)",
  "sandbox-lost": "Its sandbox disappeared (not the task's fault)",
  "sandbox-refused": "Its sandbox could not be shown to be safe, so nothing ran in it",
  "host-memory": "The machine ran out of memory (not the task's fault)",
  "engine-failed": "The container engine failed (not the task's fault)",
  "git-failed": "Git failed (not the task's fault)",
  "collector-failed": "Its files could not be read back (not the task's fault)",
  stopped: "Cut off by a stop; stays in the queue",
  crashed: "Cut off by a crash; stays in the queue",
};

const END_WORDS: Readonly<Record<NightEnd, string>> = {
  "queue-empty": "Every task had its turn",
  "first-failure": "Stopped at the first failed task, as this phase demands",
  breaker: "Stopped after too many failed tasks in a row",
  infra: "Stopped because the machinery failed",
  auth: "Stopped because the agent's login does not work",
  quota: "Ended early because a quota is used up",
  budget: "Ended early because the night has used what it may",
  "dependency-unmet": "Stopped at a task whose dependency has not landed",
  leak: "Stopped because something that an attempt left could not be removed",
  "rollback-failed": "Stopped because a branch could not be moved back",
  "time-limit": "Stopped at the night's time limit",
  interrupted: "Stopped because someone asked",
  refused: "Refused before the first agent started",
  abandoned: "Given up after a crash",
};

/** Why an attempt did not land, as one line without a full stop. */
export function failureInWords(outcome: Extract<Outcome, { kind: "failed" }>): string {
  return withDetail(FAILURE_WORDS[outcome.reason], outcome.detail);
}

/** How a night ended, as one line without a full stop. */
export function endInWords(end: NightEnd, detail: string): string {
  return end === "queue-empty" ? END_WORDS[end] : withDetail(END_WORDS[end], detail);
}

function withDetail(words: string, detail: string): string {
  return safeLine(detail === "" ? words : `${words}: ${detail}`);
}
