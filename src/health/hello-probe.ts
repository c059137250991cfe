import type { Agent } from "../contracts/agent.ts";
import type { GatewayFact, Gateways, ModelAccess } from "../contracts/gateway.ts";
import type { SandboxRun } from "../contracts/sandbox.ts";
import type { AttemptRef } from "../core/attempt.ts";
import type { EgressDenial, ModelAnswer } from "../core/gateway-protocol.ts";
import { judgeHello } from "../core/judge-hello.ts";
import { SandboxStop } from "../core/sandbox-stop.ts";
import type { Probe } from "./probe.ts";
import { probeAttempt, runInProbeSandbox, type ProbeSandboxDeps } from "./probe-sandbox.ts";
import type { ProbeImage } from "./sandbox-probe.ts";

/** A model that thinks before it greets takes some seconds; a gateway's container takes one to start. */
const DEADLINE_MS = 120_000;
const PROMPT = "Reply with the single word hello. Do not use any tools.";
/** A client's own instructions are tens of thousands of tokens, and it may ask twice. */
const BUDGET = { tokens: 150_000, costUsd: 1 };
/** An event of a client is one line. */
const MAX_LINE_BYTES = 1024 * 1024;

/** Where a model API's key comes from, and what its gateway needs. */
export interface ProbeModel {
  /** For people: "the environment variable ANTHROPIC_API_KEY". */
  readonly source: string;
  readonly access: (stop: AbortSignal) => Promise<ModelAccess>;
}

/** Sends a dummy prompt on the very way that tasks take: trees, gateway, sandbox, client, model. */
export function helloProbe(
  options: Omit<ProbeImage, "deps"> & {
    readonly deps: () => Promise<ProbeSandboxDeps & { readonly gateways: Gateways }>;
    readonly agent: Agent;
    readonly model: ProbeModel;
    readonly needs: readonly Probe[];
    /** Sees what its gateway tells, for the record. Must not throw. */
    readonly onFact: (attempt: AttemptRef, fact: GatewayFact) => void;
  },
): Probe {
  const { agent, limits, model } = options;
  return {
    name: "hello",
    subject: agent.name,
    deadlineMs: DEADLINE_MS,
    cleanUpMs: 60_000,
    needs: options.needs,
    lack: `${agent.name} does not answer`,
    run: async ({ signal, stop }) => {
      const deps = await options.deps();
      const access = await model.access(stop);
      const image = await options.image();
      signal.throwIfAborted();
      const attempt = probeAttempt(`hello-${agent.name}`, deps);
      const heard = new Heard();
      const gateway = await deps.gateways.open({
        attempt,
        access,
        budget: {
          tokens: Math.min(BUDGET.tokens, limits.tokens),
          costUsd: Math.min(BUDGET.costUsd, limits.cost),
        },
        onFact: (fact) => {
          heard.onFact(fact);
          options.onFact(attempt, fact);
        },
      });
      const reader = agent.reader();
      let run: SandboxRun;
      try {
        const { command, env, stdin } = agent.invocation({
          task: "hello",
          prompt: PROMPT,
          model: gateway.model,
          purpose: "hello",
        });
        ({ run } = await runInProbeSandbox(deps, {
          attempt,
          role: "agent",
          gateway,
          image,
          limits,
          command,
          env,
          stdin,
          wallClockMs: DEADLINE_MS,
          maxLineBytes: MAX_LINE_BYTES,
          signal,
          giveUp: heard.giveUp,
          onLine: (line) => reader.line(line),
        }));
      } finally {
        // Before anything is judged: a client ends as soon as it has its answer, and the gateway's word of it comes later.
        await gateway.close();
      }
      return judgeHello({
        run,
        report: reader.report(),
        answers: heard.answers,
        denial: heard.denial,
        isOverBudget: heard.isOverBudget,
        gatewayDied: heard.died,
        upstream: access.upstream.url,
        source: model.source,
      });
    },
  };
}

/** What a gateway told during one run. */
class Heard {
  readonly answers: ModelAnswer[] = [];
  denial: EgressDenial | null = null;
  isOverBudget = false;
  died: string | null = null;
  private readonly givingUp = new AbortController();

  /** Aborted, with a SandboxStop, when nothing more can come of the run. */
  get giveUp(): AbortSignal {
    return this.givingUp.signal;
  }

  readonly onFact = (fact: GatewayFact): void => {
    switch (fact.type) {
      case "alive":
        return;
      case "answered":
        this.answers.push(fact.answer);
        return;
      case "denied":
        this.denial = fact.denial;
        return;
      case "over-budget":
        this.isOverBudget = true;
        this.givingUp.abort(new SandboxStop("over-budget", fact.cap));
        return;
      case "died":
        this.died = fact.message;
        this.givingUp.abort(new SandboxStop("gateway-died", fact.message));
    }
  };
}
