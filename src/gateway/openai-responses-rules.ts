import { OPENAI_RESPONSES_ANSWER } from "./openai-responses-answer.ts";
import { RESPONSES_BODY } from "./openai-shapes.ts";
import { lowered } from "./output-limit.ts";
import type { ProviderRules } from "./provider-rules.ts";

/** The API's own lower bound. */
const MIN_OUTPUT_TOKENS = 16;

/** What both of OpenAI's APIs have in common. */
export const OPENAI_ACCESS: Pick<
  ProviderRules,
  "requestHeaders" | "tokenHeaders" | "keyHeaders" | "errorBody" | "hasRetryHeader"
> = {
  requestHeaders: {},
  tokenHeaders: [{ name: "authorization", scheme: "Bearer" }],
  keyHeaders: ({ kind, value }) => (kind === "api-key" ? { authorization: `Bearer ${value}` } : undefined),
  errorBody: ({ status, message, code }) => ({
    error: { message, type: status >= 500 ? "server_error" : "invalid_request_error", param: null, code },
  }),
  hasRetryHeader: false,
};

export const OPENAI_RESPONSES_RULES: ProviderRules = {
  ...OPENAI_ACCESS,
  routes: [
    {
      method: "POST",
      path: "/v1/responses",
      queries: [""],
      body: RESPONSES_BODY,
      cost: "counted",
      streams: (body) => body["stream"] === true,
      complete: (body, maxTokens) => ({
        ...body,
        store: false,
        max_output_tokens: lowered(body["max_output_tokens"], Math.max(maxTokens, MIN_OUTPUT_TOKENS)),
      }),
    },
  ],
  answer: OPENAI_RESPONSES_ANSWER,
};
