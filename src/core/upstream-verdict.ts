import type { ModelAnswer } from "./gateway-protocol.ts";

/**
 * What one exchange with the model API means for the attempt.
 * `auth`: the key or the login was refused. `quota`: it works, but not now, or not without paying. `overloaded`: the
 * same, for everybody. `api`: the API did not work. `request`: it did, and refused what the client asked for.
 */
export type UpstreamVerdict = "auth" | "quota" | "overloaded" | "api" | "request" | "fine";

/** These mean one thing, whatever the body says: a 403 for a region is no more the task's fault than one for a key. */
const STATUS_VERDICTS: ReadonlyMap<number, UpstreamVerdict> = new Map([
  [401, "auth"],
  [402, "quota"],
  [403, "auth"],
  [408, "api"], // the API gave up waiting for a request that had been sent
  [429, "quota"],
  [529, "overloaded"],
]);

/** The names that the APIs give to errors. They also come inside a stream, long after a status of 200. */
const CODE_VERDICTS: ReadonlyMap<string, UpstreamVerdict> = new Map([
  ["authentication_error", "auth"],
  ["permission_error", "auth"],
  ["invalid_api_key", "auth"],

  ["rate_limit_error", "quota"],
  ["rate_limit_exceeded", "quota"],
  ["insufficient_quota", "quota"],
  ["usage_limit_reached", "quota"],
  ["usage_not_included", "quota"],
  ["billing_error", "quota"],
  ["billing_hard_limit_reached", "quota"],

  ["overloaded_error", "overloaded"],
  ["server_is_overloaded", "overloaded"],
  ["slow_down", "overloaded"],

  ["api_error", "api"],
  ["server_error", "api"],
  ["timeout_error", "api"],
]);

/**
 * A status and a code are the API's own words; prose is never looked at. `clientCode` is what the agent's client made of
 * its failure (`AgentReport.code`). It decides one thing only: Anthropic tells an empty account as a malformed request,
 * and it is the client that tells the two apart.
 */
export function upstreamVerdict(
  answer: Pick<ModelAnswer, "result" | "status" | "errorCode">,
  clientCode: string | null = null,
): UpstreamVerdict {
  switch (answer.result) {
    case "complete":
    case "over-budget": // our own doing, and judged as such
    case "cancelled": // the client's
      return "fine";
    case "cut":
    case "timeout":
    case "unreachable":
    case "malformed":
      return "api";
    case "refused":
      return answer.status === 400 && clientCode === "billing_error"
        ? "quota"
        : refusal(answer.status, answer.errorCode);
  }
}

function refusal(status: number | null, code: string | null): UpstreamVerdict {
  const known = STATUS_VERDICTS.get(status ?? 0) ?? CODE_VERDICTS.get(code ?? "");
  if (known) return known;
  if (status === null || status >= 500) return "api";
  if (status >= 400) return "request";
  // An error inside a stream, or a redirect that nobody follows: only one with a name is about the request.
  return status < 300 && code !== null ? "request" : "api";
}

/**
 * The last answer that went wrong and was not made good, and what it means: a client that got a whole answer afterwards
 * did not fail for it. `answers` are in the order in which they ended.
 */
export function lastTrouble(
  answers: readonly ModelAnswer[],
  clientCode: string | null,
): { readonly answer: ModelAnswer; readonly verdict: UpstreamVerdict } | undefined {
  const sinceComplete = answers.slice(answers.findLastIndex(({ result }) => result === "complete") + 1);
  return sinceComplete
    .map((answer) => ({ answer, verdict: upstreamVerdict(answer, clientCode) }))
    .findLast(({ verdict }) => verdict !== "fine");
}

/** What the API said, for a person: `HTTP 401, authentication_error`. The code is untrusted text. */
export function answerInWords({
  result,
  status,
  errorCode,
}: Pick<ModelAnswer, "result" | "status" | "errorCode">): string {
  const words = [result === "refused" ? null : result, status === null ? null : `HTTP ${status}`, errorCode];
  return words.filter((word) => word !== null).join(", ") || result;
}
