import { describe, expect, it } from "vitest";
import type { ModelAnswer } from "../../src/core/gateway-protocol.ts";
import { answerInWords, upstreamVerdict, type UpstreamVerdict } from "../../src/core/upstream-verdict.ts";

type Row = readonly [ModelAnswer["result"], number | null, string | null, UpstreamVerdict];

describe("what an answer of the model API means", () => {
  it.each<Row>([
    ["complete", 200, null, "fine"],
    ["cancelled", 200, null, "fine"],
    ["over-budget", 200, null, "fine"],

    ["refused", 401, "authentication_error", "auth"],
    ["refused", 401, "invalid_api_key", "auth"],
    ["refused", 401, null, "auth"],
    ["refused", 403, "permission_error", "auth"],
    ["refused", 403, "unsupported_country_region_territory", "auth"],
    ["refused", 403, "rate_limit_error", "auth"],
    ["refused", 200, "authentication_error", "auth"],

    ["refused", 429, "rate_limit_error", "quota"],
    ["refused", 429, "rate_limit_exceeded", "quota"],
    ["refused", 429, "insufficient_quota", "quota"],
    ["refused", 429, "usage_limit_reached", "quota"],
    ["refused", 429, "usage_not_included", "quota"],
    ["refused", 429, null, "quota"],
    ["refused", 402, "billing_error", "quota"],
    ["refused", 402, null, "quota"],
    ["refused", 400, "billing_hard_limit_reached", "quota"],
    ["refused", 200, "rate_limit_error", "quota"],
    ["refused", 200, "rate_limit_exceeded", "quota"],
    ["refused", 200, "insufficient_quota", "quota"],

    ["refused", 529, "overloaded_error", "overloaded"],
    ["refused", 529, null, "overloaded"],
    ["refused", 503, "server_is_overloaded", "overloaded"],
    ["refused", 503, "slow_down", "overloaded"],
    ["refused", 200, "overloaded_error", "overloaded"],
    ["refused", 200, "server_is_overloaded", "overloaded"],

    ["refused", 500, "api_error", "api"],
    ["refused", 500, null, "api"],
    ["refused", 503, "something_new", "api"],
    ["refused", 504, "timeout_error", "api"],
    ["refused", 408, null, "api"],
    ["refused", 307, "redirect", "api"],
    ["refused", 200, "server_error", "api"],
    ["refused", 200, null, "api"],
    ["refused", null, null, "api"],
    ["cut", 200, null, "api"],
    ["timeout", null, null, "api"],
    ["timeout", 200, null, "api"],
    ["unreachable", null, null, "api"],
    ["malformed", 200, null, "api"],

    ["refused", 400, "invalid_request_error", "request"],
    ["refused", 400, null, "request"],
    ["refused", 404, "not_found_error", "request"],
    ["refused", 404, "model_not_found", "request"],
    ["refused", 413, "request_too_large", "request"],
    ["refused", 422, "something_new", "request"],
    ["refused", 200, "context_length_exceeded", "request"],
    ["refused", 200, "invalid_prompt", "request"],
    ["refused", 200, "something_new", "request"],
  ])("%s, status %s, %s: %s", (result, status, errorCode, verdict) => {
    expect(upstreamVerdict({ result, status, errorCode })).toBe(verdict);
  });

  it("an empty account is a quota where the client says so of a request that was refused, and nowhere else", () => {
    const refused = { result: "refused", status: 400, errorCode: "invalid_request_error" } as const;
    expect(upstreamVerdict(refused)).toBe("request");
    expect(upstreamVerdict(refused, "billing_error")).toBe("quota");
    expect(upstreamVerdict(refused, "rate_limit")).toBe("request");
    expect(upstreamVerdict({ ...refused, status: 401 }, "billing_error")).toBe("auth");
    expect(upstreamVerdict({ ...refused, status: 500 }, "billing_error")).toBe("api");
  });

  it.each([
    ["refused", 401, "authentication_error", "HTTP 401, authentication_error"],
    ["refused", 529, null, "HTTP 529"],
    ["cut", 200, null, "cut, HTTP 200"],
    ["unreachable", null, "ECONNREFUSED", "unreachable, ECONNREFUSED"],
    ["refused", null, null, "refused"],
  ] as const)("is told to people as what the API said: %s, %s, %s", (result, status, errorCode, words) => {
    expect(answerInWords({ result, status, errorCode })).toBe(words);
  });
});
