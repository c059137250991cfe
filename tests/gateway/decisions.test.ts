import { describe, expect, it } from "vitest";
import type { EgressDenial } from "../../src/core/gateway-protocol.ts";
import { Budget, type OverBudget } from "../../src/gateway/budget.ts";
import { DenialLog } from "../../src/egress/denial-log.ts";
import { PROVIDER_TABLE } from "../../src/gateway/provider-table.ts";
import { relayError } from "../../src/gateway/relay-error.ts";
import { RequestRate } from "../../src/gateway/request-rate.ts";
import { responseHeaders } from "../../src/gateway/response-headers.ts";
import { retryAtOf } from "../../src/gateway/retry-at.ts";

const NOW = Date.parse("2026-11-21T02:00:00Z");
const DAY_S = 24 * 3600;

describe("when to try again", () => {
  const seconds = (later: number): string => String(NOW / 1000 + later);
  const iso = (later: number): string => new Date(NOW + later * 1000).toISOString();
  it.each<[string, Record<string, string>, object | undefined, number | null]>([
    ["is not said", {}, undefined, null],
    ["is in seconds", { "retry-after": "30" }, undefined, 30],
    ["is a date", { "retry-after": new Date(NOW + 90_000).toUTCString() }, undefined, 90],
    ["is nonsense", { "retry-after": "soon" }, undefined, null],
    ["is in the past", { "retry-after": new Date(NOW - 90_000).toUTCString() }, undefined, 0],
    ["is too far", { "retry-after": String(30 * DAY_S) }, undefined, 8 * DAY_S],
    ["is without end", { "retry-after": "9".repeat(400) }, undefined, null],
    [
      "is Anthropic's, in seconds since 1970",
      { "anthropic-ratelimit-unified-reset": seconds(3600) },
      undefined,
      3600,
    ],
    [
      "is Anthropic's, of a limit that holds",
      { "anthropic-ratelimit-unified-reset": seconds(3600), "anthropic-ratelimit-unified-status": "allowed" },
      undefined,
      null,
    ],
    [
      "is that of the bucket that is empty",
      {
        "anthropic-ratelimit-requests-remaining": "10",
        "anthropic-ratelimit-requests-reset": iso(500),
        "anthropic-ratelimit-tokens-remaining": "0",
        "anthropic-ratelimit-tokens-reset": iso(60),
      },
      undefined,
      60,
    ],
    [
      "is the latest of all",
      { "retry-after": "30", "anthropic-ratelimit-unified-reset": seconds(3600) },
      undefined,
      3600,
    ],
    ["is OpenAI's, in the error", {}, { error: { resets_at: NOW / 1000 + 3600 } }, 3600],
    ["is OpenAI's, in seconds from now", {}, { error: { resets_in_seconds: 120 } }, 120],
    [
      "is OpenAI's, of a window that is used up",
      { "x-codex-primary-reset-at": seconds(600), "x-codex-primary-used-percent": "100" },
      undefined,
      600,
    ],
    [
      "is OpenAI's, of a window that is not",
      { "x-codex-primary-reset-at": seconds(600), "x-codex-primary-used-percent": "99" },
      undefined,
      null,
    ],
    [
      "is a span",
      { "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6m0.5s" },
      undefined,
      360.5,
    ],
    [
      "is a span of nothing",
      { "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "20ms" },
      undefined,
      0.02,
    ],
  ])("%s", (_, headers, error, expected) => {
    const found = retryAtOf({ headers, error: error as never, nowMs: NOW });
    expect(found === null ? null : (found - NOW) / 1000).toBe(expected);
  });
});

describe("the headers of an answer", () => {
  it.each<[Record<string, string>, boolean, Record<string, string>]>([
    [{ "retry-after": "30" }, true, { "retry-after": "30" }],
    [{ "retry-after": "31" }, true, { "x-should-retry": "false" }],
    [{ "retry-after": "31" }, false, {}],
    [{ "retry-after": "Sat, 21 Nov 2026 03:00:00 GMT" }, false, {}],
    [{ "request-id": "r", "x-request-id": "s" }, true, { "request-id": "r", "x-request-id": "s" }],
    [{ "anthropic-ratelimit-tokens-remaining": "5" }, true, { "anthropic-ratelimit-tokens-remaining": "5" }],
    [{ "set-cookie": "a", server: "b", location: "c", "x-should-retry": "true" }, true, {}],
    [{ "request-id": "x".repeat(500) }, true, {}],
  ])("%o (a client with retries by header: %s) become %o", (received, hasRetryHeader, expected) => {
    expect(responseHeaders(received as never, { hasRetryHeader })).toEqual(expected);
  });
});

describe("the requests of a minute", () => {
  it("are counted in any minute, not in those of a clock", () => {
    const rate = new RequestRate(2);
    expect([rate.admit(0), rate.admit(50_000)]).toEqual([0, 0]);
    expect(rate.admit(59_000)).toBe(1_000);
    expect(rate.admit(60_000)).toBe(0);
    expect(rate.admit(60_001)).toBe(49_999);
  });
});

describe("a budget", () => {
  const price = { input: 1, cacheRead: 1, cacheWrite: 1, output: 10 };
  const used = (input: number, output: number) => ({ input, cacheRead: 0, cacheWrite: 0, output });
  const make = (caps: { tokens: number; costUsd: number }): { budget: Budget; overs: OverBudget[] } => {
    const overs: OverBudget[] = [];
    return { budget: new Budget({ caps, prices: { m: price }, onOver: (over) => overs.push(over) }), overs };
  };

  it("adds up answers that run with those that have ended", () => {
    const { budget, overs } = make({ tokens: 100, costUsd: 1 });
    const [a, b] = [Symbol("a"), Symbol("b")];
    budget.update(a, "m", used(40, 0));
    budget.update(a, "m", used(40, 10));
    budget.settle(a, "m", used(40, 20));
    budget.update(b, "m", used(40, 0));
    expect(overs).toEqual([]);
    budget.update(b, "m", used(40, 1));
    expect([budget.admits(), overs]).toEqual([false, [{ cap: "tokens", limit: 100, value: 101 }]]);
    budget.update(b, "m", used(40, 5));
    expect(overs.length).toBe(1);
  });

  it("admits nothing when all is used, to the token", () => {
    const { budget } = make({ tokens: 100, costUsd: 1 });
    budget.settle(Symbol("a"), "m", used(99, 0));
    expect(budget.admits()).toBe(true);
    budget.settle(Symbol("b"), "m", used(1, 0));
    expect([budget.admits(), budget.over?.value]).toEqual([false, 100]);
  });

  it("says how long an answer it can pay for, and how much a model without a price costs: nothing", () => {
    const { budget } = make({ tokens: 1000, costUsd: 0.001 });
    expect([budget.affordableOutput("m"), budget.affordableOutput("free")]).toEqual([100, 1000]);
    budget.settle(Symbol("a"), "m", used(500, 0));
    expect([budget.affordableOutput("m"), budget.affordableOutput("free")]).toEqual([50, 500]);
    expect([budget.costOf("m", used(1, 1)), budget.costOf("free", used(1, 1))]).toEqual([11e-6, null]);
    expect(budget.costOf("constructor", used(1, 1))).toBeNull();
  });
});

describe("the log of refusals", () => {
  it("tells the first each, later ones ever more seldom, and loses none", () => {
    const told: EgressDenial[] = [];
    const log = new DenialLog((denial) => told.push(denial));
    const request = { method: "M".repeat(99), target: "/x".repeat(999) };
    for (let index = 0; index < 1000; index += 1) {
      log.add({ rule: index % 2 === 0 ? "route" : "token", detail: "d".repeat(999) }, request);
    }
    log.flush();
    log.flush();
    expect(told.slice(0, 20).every(({ count }) => count === 1)).toBe(true);
    expect(told.length).toBeLessThan(45);
    expect(told.reduce((sum, { count }) => sum + count, 0)).toBe(1000);
    expect(told[0]).toMatchObject({
      method: "M".repeat(20),
      target: "/x".repeat(100),
      detail: "d".repeat(300),
    });
  });
});

describe("an error of the API's", () => {
  it.each([
    [400, { error: { type: "t", message: "m", extra: "x" } }, { error: { type: "t", message: "m" } }],
    [400, { type: "error", error: { message: "KEY" } }, { type: "error", error: { message: "[redacted]" } }],
    [429, { error: { resets_at: 5, message: "m" } }, { error: { resets_at: 5, message: "m" } }],
    [
      401,
      { error: { code: "c", message: "KE***" } },
      { error: { code: "c", message: "HTTP 401 from the model API" } },
    ],
    [400, { error: { code: { a: 1 }, message: 5 } }, { error: { message: "HTTP 400 from the model API" } }],
    [
      502,
      undefined,
      {
        error: {
          message: "HTTP 502 from the model API",
          type: "server_error",
          param: null,
          code: "api_error",
        },
      },
    ],
    [
      502,
      { error: "x" },
      {
        error: {
          message: "HTTP 502 from the model API",
          type: "server_error",
          param: null,
          code: "api_error",
        },
      },
    ],
  ])("with %i: %o is shown as %o", (status, body, expected) => {
    const rules = PROVIDER_TABLE["openai-responses"];
    expect(relayError({ rules, status, body, secrets: ["KEY"] })).toEqual(expected);
  });
});
