import type { IncomingHttpHeaders } from "node:http";
import type { Credential } from "../core/provider.ts";
import { err, ok, type Result } from "../core/result.ts";
import type { Denial } from "./denial.ts";
import type { HeaderRule, ProviderRules } from "./provider-rules.ts";

type Headers = Readonly<Record<string, string>>;

const ACCEPT: HeaderRule = {
  pattern:
    /^(?:application\/json|text\/event-stream|\*\/\*)(?:, ?(?:application\/json|text\/event-stream|\*\/\*)){0,3}$/,
};

/** What is sent to the API, and nothing else: the headers that the rules let pass, and our own. */
export function requestHeaders(options: {
  readonly rules: ProviderRules;
  readonly received: IncomingHttpHeaders;
  readonly credential: Credential;
}): Result<Headers, Denial> {
  const { rules, received, credential } = options;
  const passed: Record<string, string> = {};
  for (const [name, rule] of Object.entries({ ...rules.requestHeaders, accept: ACCEPT })) {
    const value = received[name];
    if (value === undefined) continue;
    const allowed = allowedValue(rule, String(value));
    if (allowed === undefined) return err({ rule: "http.header-value", detail: `${name}: ${String(value)}` });
    if (allowed !== "") passed[name] = allowed;
  }
  const key = rules.keyHeaders(credential) ?? {};
  return ok({
    ...passed,
    ...key,
    // A list that both have a part in.
    ...(passed["anthropic-beta"] && key["anthropic-beta"]
      ? { "anthropic-beta": `${passed["anthropic-beta"]},${key["anthropic-beta"]}` }
      : {}),
    "content-type": "application/json",
    // What is compressed could not be measured.
    "accept-encoding": "identity",
    "user-agent": "nightwarden-gateway",
  });
}

/** What of a header's value passes; undefined: the header is refused. */
function allowedValue(rule: HeaderRule, value: string): string | undefined {
  if ("pattern" in rule) return rule.pattern.test(value) ? value : undefined;
  const items = value.split(",").map((item) => item.trim());
  return [...new Set(items.filter((item) => rule.items.test(item)))].join(",");
}
