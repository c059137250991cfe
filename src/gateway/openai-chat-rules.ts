import { isJsonObject, type JsonObject } from "./filter-json.ts";
import { OPENAI_CHAT_ANSWER } from "./openai-chat-answer.ts";
import { OPENAI_ACCESS } from "./openai-responses-rules.ts";
import { CHAT_BODY } from "./openai-shapes.ts";
import { lowered } from "./output-limit.ts";
import type { ProviderRules } from "./provider-rules.ts";

export const OPENAI_CHAT_RULES: ProviderRules = {
  ...OPENAI_ACCESS,
  routes: [
    {
      method: "POST",
      path: "/v1/chat/completions",
      queries: [""],
      body: CHAT_BODY,
      cost: "counted",
      streams: (body) => body["stream"] === true,
      complete: (body, maxTokens) => withUsage(limited(body, maxTokens)),
    },
  ],
  answer: OPENAI_CHAT_ANSWER,
};

/** Both names of the limit are in use: the one that is there is lowered, and each where both are. */
function limited(body: JsonObject, maxTokens: number): JsonObject {
  const names = ["max_tokens", "max_completion_tokens"].filter((name) => typeof body[name] === "number");
  const used = names.length > 0 ? names : ["max_completion_tokens"];
  return { ...body, ...Object.fromEntries(used.map((name) => [name, lowered(body[name], maxTokens)])) };
}

/** Without this, a stream says nothing about what it has used. */
function withUsage(body: JsonObject): JsonObject {
  if (body["stream"] !== true) return body;
  const options = isJsonObject(body["stream_options"]) ? body["stream_options"] : {};
  return { ...body, stream_options: { ...options, include_usage: true } };
}
