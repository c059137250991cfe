import { isJsonObject, type JsonObject } from "./filter-json.ts";
import { GEMINI_ANSWER } from "./gemini-answer.ts";
import { GENERATE_BODY } from "./gemini-shapes.ts";
import { lowered } from "./output-limit.ts";
import type { ProviderRules, Route } from "./provider-rules.ts";

const GENERATE: Pick<Route, "method" | "body" | "cost" | "complete"> = {
  method: "POST",
  body: GENERATE_BODY,
  cost: "counted",
  complete: limited,
};

export const GEMINI_RULES: ProviderRules = {
  routes: [
    {
      ...GENERATE,
      path: "/v1beta/models/<model>:streamGenerateContent",
      queries: ["?alt=sse"],
      streams: () => true,
    },
    { ...GENERATE, path: "/v1beta/models/<model>:generateContent", queries: [""], streams: () => false },
  ],
  requestHeaders: {},
  tokenHeaders: [{ name: "x-goog-api-key", scheme: null }],
  keyHeaders: ({ kind, value }) => (kind === "api-key" ? { "x-goog-api-key": value } : undefined),
  errorBody: ({ status, message, code }) => ({ error: { code: status, message, status: code } }),
  hasRetryHeader: false,
  answer: GEMINI_ANSWER,
};

function limited(body: JsonObject, maxTokens: number): JsonObject {
  const config = isJsonObject(body["generationConfig"]) ? body["generationConfig"] : {};
  const maxOutputTokens = lowered(config["maxOutputTokens"], maxTokens);
  return { ...body, generationConfig: { ...config, maxOutputTokens } };
}
