import type { Provider } from "../core/provider.ts";
import { ANTHROPIC_RULES } from "./anthropic-rules.ts";
import { GEMINI_RULES } from "./gemini-rules.ts";
import { OPENAI_CHAT_RULES } from "./openai-chat-rules.ts";
import { OPENAI_RESPONSES_RULES } from "./openai-responses-rules.ts";
import type { ProviderRules } from "./provider-rules.ts";

/** Everything that depends on whose API it is. */
export const PROVIDER_TABLE: Readonly<Record<Provider, ProviderRules>> = {
  anthropic: ANTHROPIC_RULES,
  "openai-responses": OPENAI_RESPONSES_RULES,
  "openai-chat": OPENAI_CHAT_RULES,
  gemini: GEMINI_RULES,
};
