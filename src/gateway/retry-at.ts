import type { IncomingHttpHeaders } from "node:http";
import type { Json } from "./filter-json.ts";
import { numberAt, objectAt } from "./json-fields.ts";

/** Quotas are of a week at most; a day more for clocks and for time zones. */
const MAX_WAIT_MS = 8 * 24 * 60 * 60 * 1000;

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Said on every answer, so they mean something only where nothing remains. */
const BUCKETS = [
  "anthropic-ratelimit-requests",
  "anthropic-ratelimit-tokens",
  "anthropic-ratelimit-input-tokens",
  "anthropic-ratelimit-output-tokens",
] as const;

/**
 * When a refusal says that it is worth trying again: the latest of all that apply, in milliseconds since 1970, never in the
 * past and at most eight days ahead. null: it does not say.
 */
export function retryAtOf(options: {
  readonly headers: IncomingHttpHeaders;
  /** The error in the body, if it is JSON. */
  readonly error: Json | undefined;
  readonly nowMs: number;
}): number | null {
  const { headers, error, nowMs } = options;
  const times = [
    retryAfter(headerOf(headers, "retry-after"), nowMs),
    ...unifiedReset(headers),
    ...BUCKETS.filter((name) => headerOf(headers, `${name}-remaining`) === "0").map((name) =>
      instant(headerOf(headers, `${name}-reset`)),
    ),
    ...["requests", "tokens"]
      .filter((name) => headerOf(headers, `x-ratelimit-remaining-${name}`) === "0")
      .map((name) => span(headerOf(headers, `x-ratelimit-reset-${name}`), nowMs)),
    ...["primary", "secondary"]
      .filter((name) => Number(headerOf(headers, `x-codex-${name}-used-percent`)) >= 100)
      .map((name) => instant(headerOf(headers, `x-codex-${name}-reset-at`))),
    ...bodyReset(error, nowMs),
  ].filter((time) => time !== undefined);
  if (times.length === 0) return null;
  return Math.min(Math.max(nowMs, ...times), nowMs + MAX_WAIT_MS);
}

function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" ? value.trim() : undefined;
}

/** Seconds, or a date. */
function retryAfter(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}(?:\.\d{1,6})?$/.test(value)) return nowMs + Number(value) * 1000;
  return date(value);
}

function unifiedReset(headers: IncomingHttpHeaders): readonly (number | undefined)[] {
  const prefix = "anthropic-ratelimit-unified";
  const status = headerOf(headers, `${prefix}-status`);
  return status === undefined || status === "rejected" ? [instant(headerOf(headers, `${prefix}-reset`))] : [];
}

function bodyReset(error: Json | undefined, nowMs: number): readonly (number | undefined)[] {
  const inner = objectAt(error, "error") ?? error;
  const [at, inSeconds] = [numberAt(inner, "resets_at"), numberAt(inner, "resets_in_seconds")];
  return [
    at === undefined ? undefined : at * 1000,
    inSeconds === undefined ? undefined : nowMs + inSeconds * 1000,
  ];
}

/** Seconds since 1970, or a date. */
function instant(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  return /^\d{1,11}$/.test(value) ? Number(value) * 1000 : date(value);
}

function date(value: string): number | undefined {
  const time = value.length <= 100 ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}

/** `1s`, `6m0s`, `20ms`. */
function span(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined || !/^(?:\d{1,9}(?:\.\d{1,6})?(?:ms|[smhd])){1,5}$/.test(value)) return undefined;
  const parts = value.matchAll(/([\d.]+)(ms|[smhd])/g);
  return [...parts].reduce(
    (sum, [, digits, unit]) => sum + Number(digits) * (UNIT_MS[unit ?? ""] ?? 0),
    nowMs,
  );
}
