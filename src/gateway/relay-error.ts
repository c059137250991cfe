import { isJsonObject, type Json, type JsonObject } from "./filter-json.ts";
import { objectAt } from "./json-fields.ts";
import type { ProviderRules } from "./provider-rules.ts";

const KEPT = ["type", "code", "param", "status", "plan_type", "resets_at", "resets_in_seconds"] as const;
const MAX_TEXT_LENGTH = 200;
const MAX_MESSAGE_LENGTH = 4096;

/**
 * An error of the API as its client sees it: the fields that clients decide by, and the message. Where the API complains
 * about the key, its message may quote it, whole or in part: there it is replaced.
 */
export function relayError(options: {
  readonly rules: ProviderRules;
  readonly status: number;
  /** undefined: the body is not JSON. */
  readonly body: Json | undefined;
  readonly secrets: readonly string[];
}): JsonObject {
  const { rules, status, body, secrets } = options;
  const error = objectAt(body, "error");
  if (!error) {
    return rules.errorBody({ status, message: `HTTP ${status} from the model API`, code: "api_error" });
  }
  const kept = KEPT.flatMap((key) => {
    const value = Object.hasOwn(error, key) ? error[key] : undefined;
    const isPlain =
      typeof value === "number" || (typeof value === "string" && value.length <= MAX_TEXT_LENGTH);
    return isPlain ? [[key, redacted(value, secrets)] as const] : [];
  });
  const message = error["message"];
  const isAboutKey = status === 401 || status === 403;
  const shown =
    typeof message === "string" && !isAboutKey
      ? redacted(message, secrets).slice(0, MAX_MESSAGE_LENGTH)
      : `HTTP ${status} from the model API`;
  const outer = isJsonObject(body) && body["type"] === "error" ? { type: "error" } : {};
  return { ...outer, error: { ...Object.fromEntries(kept), message: shown } };
}

function redacted<T extends string | number>(value: T, secrets: readonly string[]): T | string {
  if (typeof value !== "string") return value;
  return secrets.reduce<string>((text, secret) => text.replaceAll(secret, "[redacted]"), value);
}
