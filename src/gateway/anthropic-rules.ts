import { ANTHROPIC_ANSWER } from "./anthropic-answer.ts";
import { COUNT_TOKENS_BODY, MESSAGES_BODY } from "./anthropic-shapes.ts";
import { isJsonObject, type JsonObject } from "./filter-json.ts";
import { lowered, without } from "./output-limit.ts";
import type { ProviderRules } from "./provider-rules.ts";

/**
 * Betas that change how a conversation or an answer is written, or what the client does with it, by name and date. All
 * others are left out:
 * tools, files, containers and servers at the API; longer contexts and caches, which have another price.
 */
const BETA =
  /^(?:claude-code|interleaved-thinking|context-management|thinking-token-count|thinking-display-updates|advanced-tool-use|effort|per-turn-control|mid-conversation-tool-changes|fine-grained-tool-streaming|structured-outputs)-20\d{2}-?\d{2}-?\d{2}$/;

/** The beta of a client that is signed in, which its token needs. */
const OAUTH_BETA = "oauth-2025-04-20";

/** The API's own lower bound for thinking. */
const MIN_THINKING_TOKENS = 1024;

const QUERIES = ["", "?beta=true"];

export const ANTHROPIC_RULES: ProviderRules = {
  routes: [
    {
      method: "POST",
      path: "/v1/messages",
      queries: QUERIES,
      body: MESSAGES_BODY,
      cost: "counted",
      streams: (body) => body["stream"] === true,
      complete: (body, maxTokens) =>
        limitThinking({ ...body, max_tokens: lowered(body["max_tokens"], maxTokens) }),
    },
    {
      method: "POST",
      path: "/v1/messages/count_tokens",
      queries: QUERIES,
      body: COUNT_TOKENS_BODY,
      cost: "free",
      streams: () => false,
      complete: (body) => body,
    },
  ],
  requestHeaders: {
    "anthropic-version": { pattern: /^\d{4}-\d{2}-\d{2}$/ },
    "anthropic-beta": { items: BETA },
    "x-app": { pattern: /^cli$/ },
  },
  tokenHeaders: [
    { name: "x-api-key", scheme: null },
    { name: "authorization", scheme: "Bearer" },
  ],
  keyHeaders: ({ kind, value }) =>
    kind === "oauth-token"
      ? { authorization: `Bearer ${value}`, "anthropic-beta": OAUTH_BETA }
      : { "x-api-key": value },
  errorBody: ({ status, message }) => ({ type: "error", error: { type: errorType(status), message } }),
  hasRetryHeader: true,
  answer: ANTHROPIC_ANSWER,
};

/** The API refuses a budget for thinking that leaves nothing for the answer, and one below its own bound. */
function limitThinking(body: JsonObject): JsonObject {
  const [thinking, maxTokens] = [body["thinking"], body["max_tokens"]];
  if (!isJsonObject(thinking) || typeof maxTokens !== "number") return body;
  const budget = thinking["budget_tokens"];
  if (typeof budget !== "number" || budget < maxTokens) return body;
  if (maxTokens > MIN_THINKING_TOKENS) {
    return { ...body, thinking: { ...thinking, budget_tokens: maxTokens - 1 } };
  }
  // Edits of the thinking are refused where there is none.
  return { ...without(body, "context_management"), thinking: { type: "disabled" } };
}

function errorType(status: number): string {
  if (status === 401) return "authentication_error";
  if (status === 402) return "billing_error";
  if (status === 403) return "permission_error";
  if (status === 413) return "request_too_large";
  if (status === 429) return "rate_limit_error";
  return status >= 500 ? "api_error" : "invalid_request_error";
}
