import type { IncomingHttpHeaders } from "node:http";

const PASSING = new Set(["request-id", "x-request-id"]);
const PASSING_PREFIX = "anthropic-ratelimit-";
const MAX_VALUE_LENGTH = 200;
const MAX_PASSED = 40;

/** Clients obey this one by sleeping, some for as long as it says. */
const MAX_RETRY_AFTER_S = 30;

/**
 * The headers of the API's answer that its client sees. A wait that is longer than a client should sleep is left out, and
 * clients that can be told are told not to try again: when to try is decided outside of the sandbox.
 */
export function responseHeaders(
  received: IncomingHttpHeaders,
  options: { readonly hasRetryHeader: boolean },
): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const [name, value] of Object.entries(received)) {
    if (typeof value !== "string" || value.length > MAX_VALUE_LENGTH) continue;
    if (!PASSING.has(name) && !name.startsWith(PASSING_PREFIX)) continue;
    if (Object.keys(passed).length < MAX_PASSED) passed[name] = value;
  }
  const retryAfter = received["retry-after"];
  if (retryAfter !== undefined) {
    const isShort = /^\d{1,3}$/.test(retryAfter) && Number(retryAfter) <= MAX_RETRY_AFTER_S;
    if (isShort) passed["retry-after"] = retryAfter;
    else if (options.hasRetryHeader) passed["x-should-retry"] = "false";
  }
  return passed;
}
