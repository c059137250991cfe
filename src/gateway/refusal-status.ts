import type { DenialRule } from "./denial.ts";

const STATUSES: Partial<Record<DenialRule, number>> = {
  "http.header-size": 431,
  "http.header-count": 431,
  "http.timeout": 408,
  "http.expect": 417,
  "http.transfer-encoding": 411,
  "http.content-encoding": 415,
  "http.content-type": 415,
  route: 403,
  token: 401,
  "rate.concurrent": 429,
  "rate.per-minute": 429,
  "body.bytes": 413,
};

/** The HTTP status of a refusal. */
export function refusalStatus(rule: DenialRule): number {
  return STATUSES[rule] ?? 400;
}
