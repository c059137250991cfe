import type { AgentReport } from "./agent-report.ts";
import { formatDuration } from "./duration.ts";
import type { EgressDenial, ModelAnswer } from "./gateway-protocol.ts";
import { formatMoney } from "./limits.ts";
import type { ProbeFinding } from "./probe.ts";
import type { RunFacts } from "./run-failure.ts";
import { answerInWords, lastTrouble, upstreamVerdict } from "./upstream-verdict.ts";
import { totalTokens } from "./usage.ts";

export interface HelloFacts {
  readonly run: RunFacts;
  readonly report: AgentReport;
  /** In the order in which they ended. */
  readonly answers: readonly ModelAnswer[];
  /** The last request that the gateway refused; null: none. */
  readonly denial: EgressDenial | null;
  /** The gateway ended the run, because it had used what a hello may. */
  readonly isOverBudget: boolean;
  /** Why the gateway ended by itself; null: it did not. */
  readonly gatewayDied: string | null;
  /** The API's address, for people. */
  readonly upstream: string;
  /** Where the credential comes from, for people. */
  readonly source: string;
}

/**
 * What a dummy prompt came to. It either was answered on the very way that tasks take, or no night starts: there is
 * nothing between. What the gateway saw decides; the client's own words only explain what never reached the API.
 */
export function judgeHello(facts: HelloFacts): ProbeFinding {
  const { run, report, answers } = facts;
  const answer = answers.findLast(({ result }) => result === "complete");
  if (run.allPassed && report.verdict === "succeeded" && answer) return answered(answer, answers);
  if (facts.gatewayDied !== null) {
    return refused(`the gateway to the model API ended: ${facts.gatewayDied}`, AGAIN);
  }
  if (facts.isOverBudget) {
    return refused("it used more tokens than a hello should", "Does the model's API send what it should?");
  }
  const trouble = lastTrouble(answers, report.code);
  if (trouble) return inTrouble(trouble.answer, facts);
  if (facts.denial && answers.length === 0) {
    const { rule, method, target, detail } = facts.denial;
    return refused(
      `the gateway refused the client's request ${method} ${target} (${rule}: ${detail})`,
      "The client's version is perhaps not one that Nightwarden knows: leave out its `version`.",
    );
  }
  return refused(unanswered(facts), CLIENT);
}

const AGAIN = "nightwarden doctor asks again; if it stays so, please report it with what it prints.";
const CLIENT =
  "Is the agent's `version` one that Nightwarden knows? Leave it out to have the one that it was tested with.";

function answered(answer: ModelAnswer, answers: readonly ModelAnswer[]): ProbeFinding {
  const tokens = answers.reduce((sum, { usage }) => sum + totalTokens(usage), 0);
  const costUsd = answers.reduce((sum, each) => sum + (each.costUsd ?? 0), 0);
  const used = `${tokens} tokens, ${formatMoney(costUsd)}`;
  return {
    verdict: "ok",
    message: `${answer.model} answered in ${formatDuration(answer.durationMs)} (${used})`,
  };
}

function inTrouble(answer: ModelAnswer, facts: HelloFacts): ProbeFinding {
  const { upstream, source } = facts;
  const said = answerInWords(answer);
  switch (upstreamVerdict(answer, facts.report.code)) {
    case "auth":
      return answer.status === 403
        ? refused(
            `the API does not let this key use ${answer.model} (${said})`,
            `Let the key in ${source} use the model, or name another: the key's project, plan or region forbids it.`,
          )
        : refused(
            `the API refused the key (${said})`,
            `Put a key that is valid into ${source}: this one is wrong, revoked or expired.`,
          );
    case "quota":
      return refused(`the key works, but its quota or credit is used up (${said})`, whenAgain(answer));
    case "overloaded":
      return refused(`the API is overloaded (${said})`, whenAgain(answer));
    case "request":
      return answer.status === 404
        ? refused(
            `the API does not know the model ${answer.model} (${said})`,
            "Write a model that this key may use as the agent's `model` in nightwarden.yaml.",
          )
        : refused(`the API refused the request (${said})`, CLIENT);
    case "api":
    case "fine":
      return notReached(answer, upstream, said);
  }
}

/** The names that Node, OpenSSL and their errors give to certificates that are not trusted. */
const UNTRUSTED = /CERT|TLS|SSL|SIGNATURE|ISSUER|CRL/i;

function notReached(answer: ModelAnswer, upstream: string, said: string): ProbeFinding {
  if (answer.result === "unreachable") {
    return UNTRUSTED.test(answer.errorCode ?? "")
      ? refused(
          `the certificate of ${upstream} is not trusted (${said})`,
          "Where your company has a certificate authority of its own, name its file: network.caFile in nightwarden.yaml.",
        )
      : refused(
          `${upstream} cannot be reached (${said})`,
          "Is the network there? Where it needs a proxy, write network.proxy; see also the agent's `upstream`.",
        );
  }
  return refused(
    `${upstream} did not answer as it should (${said})`,
    "Try again in some minutes: nightwarden doctor. The provider's status page may say more.",
  );
}

function whenAgain({ retryAt }: ModelAnswer): string {
  return retryAt === null
    ? "Look at the account's usage and credit, or wait for the next period."
    : `Go on after ${retryAt}: the API says that it will answer again then.`;
}

function unanswered({ run, report, answers }: HelloFacts): string {
  if (run.missingProgram !== null) return `the client is not in the image: ${run.missingProgram}`;
  if (run.end.outOfMemory) return "the client ran out of memory (limit memory)";
  if (run.end.reason !== "exited") {
    return `the client had not answered after ${formatDuration(run.end.durationMs)} (${run.end.reason})`;
  }
  const ended = `the client ended with exit code ${run.end.exitCode ?? "unknown"}`;
  if (report.verdict === "succeeded") {
    const last = answers.at(-1);
    return `${ended}, but its gateway saw no whole answer (${last ? answerInWords(last) : "it saw none"})`;
  }
  const code = report.code === null ? "" : ` (${report.code})`;
  return `${ended} and did not succeed${code}${report.message === "" ? "" : `: ${report.message}`}`;
}

function refused(message: string, hint: string): ProbeFinding {
  return { verdict: "refused", message, hint };
}
