import type { Agent } from "../contracts/agent.ts";
import type { ModelAccess, OpenGateway } from "../contracts/gateway.ts";
import type { SandboxRun } from "../contracts/sandbox.ts";
import type { OpenTrees } from "../contracts/trees.ts";
import type { AgentReport } from "../core/agent-report.ts";
import { failed, type Outcome } from "../core/attempt.ts";
import { briefOf } from "../core/brief.ts";
import { budgetOf, isNothingLeft, type Budget } from "../core/budget.ts";
import { judgeAgentRun } from "../core/judge-agent-run.ts";
import { retryDigest } from "../core/retry-digest.ts";
import type { Attempt } from "./attempt.ts";
import { GatewayRecord } from "./gateway-record.ts";
import { agentOf, buildOf, repositoryOf } from "./night.ts";
import { runInSandbox } from "./run-in-sandbox.ts";
import { withCleanUp } from "./with-clean-up.ts";

/** An event of a client holds whole files and answers on one line. */
const MAX_EVENT_BYTES = 1024 * 1024;

interface AgentPlace {
  readonly attempt: Attempt;
  readonly agent: Agent;
  readonly trees: OpenTrees;
  readonly image: string;
}

/** An attempt's gateway, and what it tells. */
interface Way {
  readonly gateway: OpenGateway;
  readonly facts: GatewayRecord;
}

interface AgentEnd {
  readonly run: SandboxRun;
  readonly report: AgentReport;
  /** A step before the agent that failed. Absent: none, and the agent was started. */
  readonly failedBuild?: string;
}

/**
 * Lets the agent work in its tree, until nothing of it and of its gateway runs any more. Undefined: its tree may be
 * captured; otherwise why not.
 */
export async function runAgent(
  attempt: Attempt,
  trees: OpenTrees,
  image: string,
): Promise<Outcome | undefined> {
  const { night, task, limits } = attempt;
  const place: AgentPlace = { attempt, agent: agentOf(night, task), trees, image };
  const access = await night.deps.modelAccess(task.agent, night.stop);
  if (access) return await runWithModel(place, access);
  const end = await letWork(place);
  return judgeAgentRun({ ...end, limits, answers: [], gatewayDied: null, overBudget: null });
}

async function runWithModel(place: AgentPlace, access: ModelAccess): Promise<Outcome | undefined> {
  const { night, task, ref, limits } = place.attempt;
  const { order, record } = night;
  const { budget, giveBack } = await night.budget.enter(ref, {
    ask: (others) => budgetOf({ state: record.state, task: task.id, limits, policy: order.policy, others }),
    signal: night.stop,
    onWait: () =>
      order.onProgress(`${task.id} waits: what is left of the night's budget may be used by others`),
  });
  try {
    return isNothingLeft(budget) ? nightIsUsedUp() : await runWithin(place, access, budget);
  } finally {
    giveBack();
  }
}

/** When it ends, all that was used is in the journal. */
async function runWithin(
  place: AgentPlace,
  access: ModelAccess,
  budget: Budget,
): Promise<Outcome | undefined> {
  const { night, ref, limits } = place.attempt;
  const { deps, record } = night;
  const { tokens, costUsd } = budget;
  const facts = new GatewayRecord(night, ref);
  const { provider, upstream, models } = access;
  await record.record({
    type: "gateway.started",
    data: { ...ref, provider, upstream: upstream.url, models: [...models] },
  });
  const gateway = await deps.gateways.open({
    attempt: ref,
    access,
    budget: { tokens, costUsd },
    onFact: facts.onFact,
  });
  const end = await withCleanUp(
    async () => await letWork(place, { gateway, facts }),
    async () => {
      await gateway.close();
      await facts.flush();
      await record.record({
        type: "gateway.finished",
        data: { ...ref, container: gateway.id, died: facts.died },
      });
    },
  );
  // Only now: what the gateway had to tell is complete when it is closed.
  const { answers, died: gatewayDied, overBudget } = facts;
  const bound = overBudget && (overBudget.cap === "tokens" ? budget.tokensBound : budget.costBound);
  if (bound === "night") return nightIsUsedUp();
  return judgeAgentRun({
    ...end,
    limits,
    answers,
    gatewayDied,
    overBudget: overBudget && { ...overBudget, isTasks: bound === "task" },
  });
}

function nightIsUsedUp(): Outcome {
  return failed("stopped", "the night has used what its policy allows (budget)");
}

/** One run of the agent, to its end. */
async function letWork({ attempt, agent, trees, image }: AgentPlace, way?: Way): Promise<AgentEnd> {
  const { night, task, ref, limits, slot, start, dependencies } = attempt;
  const attempts = night.record.state.tasks.get(task.id)?.attempts ?? [];
  const digest = retryDigest(attempts.filter(({ attempt: id }) => id !== ref.attempt).at(-1));
  const prompt = agent.client ? briefOf(task) : task.prompt;
  const { command, env, stdin } = agent.invocation({
    task: task.id,
    prompt: digest === undefined ? prompt : `${prompt.trimEnd()}\n\n${digest}`,
    model: way?.gateway.model,
    purpose: "task",
  });
  const reader = agent.reader();
  const build = buildOf(night, task.repo);
  const run = await runInSandbox({
    night,
    attempt: ref,
    role: "agent",
    trees,
    source: repositoryOf(night, task.repo).treeSource(start),
    image,
    limits,
    slot,
    ...(way ? { gateway: way.gateway, giveUp: way.facts.giveUp } : {}),
    job: {
      commands: [...build.map((step) => ["sh", "-c", step]), command],
      stdinOf: build.length,
      env,
      path: dependencies?.path ?? [],
      stdin,
      wallClockMs: limits.wallClock,
      firstOutputMs: limits.firstOutput,
      silence: { maxMs: limits.silence, heardAtMs: () => way?.facts.heardAtMs ?? 0 },
      maxLineBytes: MAX_EVENT_BYTES,
    },
    onLine: (line) => {
      reader.line(line);
      night.order.onOutput(task.id, line.text);
    },
  });
  const failedBuild = run.failedCommand === null ? undefined : build[run.failedCommand];
  return { run, report: reader.report(), ...(failedBuild === undefined ? {} : { failedBuild }) };
}
