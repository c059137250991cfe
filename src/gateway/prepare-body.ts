import { err, ok, type Result } from "../core/result.ts";
import type { Denial } from "./denial.ts";
import { filterJson, isJsonObject, type JsonObject } from "./filter-json.ts";
import type { FoundRoute } from "./find-route.ts";
import { parseJsonBody } from "./parse-json-body.ts";

const WITHHELD = "[token]";

export interface PreparedBody {
  readonly model: string;
  readonly isStream: boolean;
  /** Written anew from what was understood: the API cannot read it in another way. */
  readonly bytes: Buffer;
}

/** Makes of a client's body what is sent to the API, or says what in it does not pass. */
export function prepareBody(options: {
  readonly found: FoundRoute;
  readonly received: Buffer;
  readonly models: readonly string[];
  /** The attempt's token. An agent that shows its environment to the model does not show it to the API. */
  readonly token: string;
  /** What the model may answer at most, by its name. */
  readonly maxOutputTokens: (model: string) => number;
}): Result<PreparedBody, Denial> {
  const { found, received, models } = options;
  const parsed = parseJsonBody(received);
  if (!parsed.ok) return parsed;
  const filtered = filterJson(found.route.body, parsed.value);
  if (!filtered.ok) return filtered;
  if (!isJsonObject(filtered.value))
    return err({ rule: "body.value", detail: "the body: must be an object" });
  const body: JsonObject = filtered.value;
  const model = found.model ?? body["model"];
  if (typeof model !== "string" || !models.includes(model)) {
    return err({ rule: "body.model", detail: typeof model === "string" ? model : "none" });
  }
  const complete = found.route.complete(body, options.maxOutputTokens(model));
  return ok({
    model,
    isStream: found.route.streams(complete),
    bytes: Buffer.from(JSON.stringify(complete).replaceAll(options.token, WITHHELD)),
  });
}
