import type { AgentReader } from "../contracts/agent.ts";
import type { OpenGateway } from "../contracts/gateway.ts";
import type { OpenTrees } from "../contracts/trees.ts";
import { failed, type Outcome } from "../core/attempt.ts";
import { briefOf } from "../core/brief.ts";
import { budgetOf, type Budget } from "../core/budget.ts";
import { judgeAgentRun } from "../core/judge-agent-run.ts";
import type { Attempt } from "./attempt.ts";
import { GatewayRecord } from "./gateway-record.ts";
import { agentOf, repositoryOf } from "./night.ts";
import { runInSandbox } from "./run-in-sandbox.ts";
import { withCleanUp } from "./with-clean-up.ts";

/** An event of a client holds whole files and answers on one line. */
const MAX_EVENT_BYTES = 1024 * 1024;

/**
 * Lets the agent work in its tree, until nothing of it and of its gateway runs any more. Undefined: its tree may be
 * captured; otherwise why not.
 */
export async function runAgent(
  attempt: Attempt,
  trees: OpenTrees,
  image: string,
): Promise<Outcome | undefined> {
  const { night, task, ref } = attempt;
  const { deps, order, record } = night;
  const access = await deps.modelAccess(task.agent, night.stop);
  if (!access) return await runWithGateway({ attempt, trees, image });
  const budget = budgetOf({
    state: record.state,
    task: task.id,
    limits: attempt.limits,
    policy: order.policy,
  });
  const facts = new GatewayRecord(night, ref);
  const { tokens, costUsd } = budget;
  const gateway = await deps.gateways.open({
    attempt: ref,
    access,
    budget: { tokens, costUsd },
    onFact: facts.onFact,
  });
  return await withCleanUp(
    async () => {
      const { provider, upstream, models } = access;
      await record.record({
        type: "gateway.started",
        data: { ...ref, container: gateway.id, provider, upstream: upstream.url, models: [...models] },
      });
      return await runWithGateway({ attempt, trees, image, with_: { gateway, facts, budget } });
    },
    async () => {
      await gateway.close();
      await facts.flush();
      await record.record({
        type: "gateway.finished",
        data: { ...ref, container: gateway.id, died: facts.died },
      });
    },
  );
}

async function runWithGateway(options: {
  readonly attempt: Attempt;
  readonly trees: OpenTrees;
  readonly image: string;
  readonly with_?: { readonly gateway: OpenGateway; readonly facts: GatewayRecord; readonly budget: Budget };
}): Promise<Outcome | undefined> {
  const { attempt, trees, image, with_ } = options;
  const { night, task, ref, limits, base } = attempt;
  const agent = agentOf(night, task);
  const { command, env, stdin } = agent.invocation({
    task: task.id,
    prompt: agent.client ? briefOf(task) : task.prompt,
    model: with_?.gateway.model,
    purpose: "task",
  });
  const reader: AgentReader = agent.reader();
  const run = await runInSandbox({
    night,
    attempt: ref,
    role: "agent",
    trees,
    source: repositoryOf(night, task.repo).treeSource(base),
    image,
    limits,
    ...(with_ ? { gateway: with_.gateway, giveUp: with_.facts.giveUp } : {}),
    job: {
      commands: [command],
      env,
      stdin,
      wallClockMs: limits.wallClock,
      firstOutputMs: limits.firstOutput,
      silence: { maxMs: limits.silence, heardAtMs: () => with_?.facts.heardAtMs ?? 0 },
      maxLineBytes: MAX_EVENT_BYTES,
    },
    onLine: (line) => {
      reader.line(line);
      night.order.onOutput(task.id, line.text);
    },
  });
  if (with_?.facts.overBudget && boundOf(with_.facts.overBudget.cap, with_.budget) === "night")
    return failed("stopped", "the night has used what its policy allows (budget)");
  return judgeAgentRun({
    run,
    limits,
    report: reader.report(),
    answers: with_?.facts.answers ?? [],
    gatewayDied: with_?.facts.died ?? null,
    overBudget: with_?.facts.overBudget ?? null,
  });
}

function boundOf(cap: "tokens" | "cost", budget: Budget): Budget["tokensBound"] {
  return cap === "tokens" ? budget.tokensBound : budget.costBound;
}
