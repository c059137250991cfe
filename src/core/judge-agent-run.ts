import type { AgentReport } from "./agent-report.ts";
import { failed, type FailureReason, type Outcome } from "./attempt.ts";
import { exceeded } from "./cap.ts";
import type { SandboxEnd } from "./event-fields.ts";
import type { GatewayMessage, ModelAnswer } from "./gateway-protocol.ts";
import type { Limits } from "./limits.ts";
import { containerFailure, seenOf, type RunFacts } from "./run-failure.ts";
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
  /** A build step that failed, so that the agent was never started. Absent: none did. */
  readonly failedBuild?: string;
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
    capFailure(run.end, limits) ??
    neverStarted(facts)
  );
}

/** A client that waits without end for an API that has said no ends like one that hangs: the API's word decides. */
const WAITS: ReadonlySet<RunFacts["end"]["reason"]> = new Set(["wall-clock", "first-output", "silence"]);

function overBudget(overrun: BudgetOverrun | null): Outcome {
  if (!overrun) return failed("cap-tokens", "it used more than it was given (limits tokens and cost)");
  const { cap, limit, value: seen, isTasks } = overrun;
  const name = isTasks ? TASK_BUDGETS[cap] : cap;
  return exceeded({ name, limit, seen });
}

const TASK_BUDGETS = { tokens: "budget.taskTokens", cost: "budget.taskCost" } as const;

function capFailure(end: SandboxEnd, limits: Limits): Outcome | undefined {
  switch (end.reason) {
    case "wall-clock":
      return exceeded({ name: "wallClock", limit: limits.wallClock, seen: end.durationMs });
    case "first-output":
      return exceeded({ name: "firstOutput", limit: limits.firstOutput, seen: end.durationMs });
    case "silence":
      return exceeded({ name: "silence", limit: limits.silence, seen: seenOf(end, limits.silence) });
    case "output":
      return exceeded({ name: "output", limit: limits.output, seen: seenOf(end, end.outputBytes) });
    case "exited":
    case "memory":
    case "host-memory":
    case "pids":
    case "disk":
    case "inodes":
    case "changed-files":
    case "changed-lines":
    case "stopped":
    case "lost":
    case "over-budget":
    case "gateway-died":
      return undefined;
  }
}

function neverStarted({ run, failedBuild }: AgentRunFacts): Outcome | undefined {
  if (failedBuild !== undefined) {
    const detail = `the build step "${failedBuild}" ended with exit code ${run.end.exitCode ?? "unknown"}`;
    return failed("agent-not-started", detail);
  }
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
    retryAt === null ? {} : { retryAt },
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
