import type { AgentReport } from "./agent-report.ts";
import { failed, type FailureReason, type Outcome } from "./attempt.ts";
import { formatByteSize } from "./byte-size.ts";
import { formatDuration } from "./duration.ts";
import type { GatewayMessage, ModelAnswer } from "./gateway-protocol.ts";
import { formatMoney, type Limits } from "./limits.ts";
import { containerFailure, type RunFacts } from "./run-failure.ts";
import { answerInWords, lastTrouble, type UpstreamVerdict } from "./upstream-verdict.ts";

export interface AgentRunFacts {
  readonly run: RunFacts;
  readonly report: AgentReport;
  /** In the order in which they ended; the last few are enough. Empty where the agent has no model access. */
  readonly answers: readonly ModelAnswer[];
  /** Why the gateway ended by itself; null: it did not. */
  readonly gatewayDied: string | null;
  /** The cap that the gateway saw reached; null: none. */
  readonly overBudget: BudgetOverrun | null;
  readonly limits: Limits;
}

interface BudgetOverrun extends Pick<
  Extract<GatewayMessage, { readonly type: "over-budget" }>,
  "cap" | "limit" | "value"
> {
  /** What was left to the task, over all its attempts, was less than the attempt's own cap. */
  readonly isTasks?: boolean;
}

/**
 * Why the agent's run cannot become a candidate; undefined: it may, and that is all that its exit code 0 says.
 *
 * What we saw ourselves comes first: what ended the run, then what the model API answered. The agent's own report can
 * make a run fail, but never decides alone whose fault it was.
 */
export function judgeAgentRun(facts: AgentRunFacts): Outcome | undefined {
  return endedFromOutside(facts) ?? (hasSucceeded(facts) ? undefined : failureOf(facts));
}

function endedFromOutside(facts: AgentRunFacts): Outcome | undefined {
  const { run, limits, gatewayDied } = facts;
  const { reason } = run.end;
  if (reason === "stopped") return containerFailure(run, limits);
  if (reason === "over-budget" || facts.overBudget) return overBudget(facts.overBudget);
  if (reason === "gateway-died" || gatewayDied !== null) {
    return failed("gateway-failed", gatewayDied ?? "the gateway to the model API ended by itself");
  }
  return (
    containerFailure(run, limits) ??
    (WAITS.has(reason) ? upstreamFailure(facts) : undefined) ??
    capFailure(reason, limits) ??
    neverStarted(run)
  );
}

/** A client that waits without end for an API that has said no ends like one that hangs: the API's word decides. */
const WAITS: ReadonlySet<RunFacts["end"]["reason"]> = new Set(["wall-clock", "first-output", "silence"]);

function overBudget(overrun: BudgetOverrun | null): Outcome {
  switch (overrun?.cap) {
    case "tokens": {
      const words = overrun.isTasks ? "left to its task (budget.taskTokens)" : "(limit tokens)";
      return failed("cap-tokens", `it used ${overrun.value} tokens of ${overrun.limit} ${words}`);
    }
    case "cost": {
      const words = overrun.isTasks ? "left to its task (budget.taskCost)" : "(limit cost)";
      const [value, limit] = [formatMoney(overrun.value), formatMoney(overrun.limit)];
      return failed("cap-cost", `it cost ${value} of ${limit} ${words}`);
    }
    case undefined:
      return failed("cap-tokens", "it used more than it was given (limits tokens and cost)");
  }
}

function capFailure(reason: RunFacts["end"]["reason"], limits: Limits): Outcome | undefined {
  switch (reason) {
    case "wall-clock":
      return failed(
        "cap-wall-clock",
        `it worked for more than ${formatDuration(limits.wallClock)} (limit wallClock)`,
      );
    case "first-output":
      return failed(
        "cap-first-output",
        `it said nothing for ${formatDuration(limits.firstOutput)} (limit firstOutput)`,
      );
    case "silence":
      return failed(
        "cap-silence",
        `it neither printed nor heard from its model for ${formatDuration(limits.silence)} (limit silence)`,
      );
    case "output":
      return failed("cap-output", `it printed more than ${formatByteSize(limits.output)} (limit output)`);
    case "exited":
    case "disk":
    case "inodes":
    case "stopped":
    case "lost":
    case "over-budget":
    case "gateway-died":
      return undefined;
  }
}

function neverStarted(run: RunFacts): Outcome | undefined {
  return run.missingProgram === null ? undefined : failed("agent-not-started", run.missingProgram);
}

function hasSucceeded({ run, report }: AgentRunFacts): boolean {
  return run.allPassed && (report.verdict === "succeeded" || report.verdict === "silent");
}

/** What a verdict on the model API makes of a failed run, and how a person is told. */
const UPSTREAM_FAILURES: Readonly<
  Partial<Record<UpstreamVerdict, { readonly reason: FailureReason; readonly words: string }>>
> = {
  auth: { reason: "login-refused", words: "the model API refused the credential" },
  quota: { reason: "quota-exceeded", words: "the model API's limit is reached" },
  overloaded: { reason: "api-overloaded", words: "the model API is overloaded" },
  api: { reason: "api-failed", words: "the model API did not answer as it should" },
};

function failureOf(facts: AgentRunFacts): Outcome {
  return upstreamFailure(facts) ?? failed("agent-failed", endInWords(facts.run, facts.report));
}

function upstreamFailure({ report, answers }: AgentRunFacts): Outcome | undefined {
  const trouble = lastTrouble(answers, report.code);
  const upstream = trouble && UPSTREAM_FAILURES[trouble.verdict];
  if (!upstream) return undefined;
  // A login is not worth trying again at any time.
  const retryAt = trouble.verdict === "auth" ? null : trouble.answer.retryAt;
  return failed(
    upstream.reason,
    `${upstream.words} (${answerInWords(trouble.answer)})`,
    retryAt ?? undefined,
  );
}

function endInWords(run: RunFacts, report: AgentReport): string {
  const ended = `the agent ended with exit code ${run.end.exitCode ?? "unknown"}`;
  const message = report.message === "" ? "" : `: ${report.message}`;
  switch (report.verdict) {
    case "silent":
      return run.end.exitCode === 0 ? `${ended}, which its sandbox did not confirm` : ended;
    case "succeeded":
      return `${ended}, though it had said that it was done`;
    case "unfinished":
      return `${ended} before it had said that it was done${message}`;
    case "failed":
      return report.messages === 0 && report.code === null
        ? `${ended} without one answer of its model`
        : `${ended} and said that it failed${report.code === null ? "" : ` (${report.code})`}${message}`;
  }
}
