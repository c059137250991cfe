import { err, ok, type Result } from "./result.ts";

export const SECOND_MS = 1000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: SECOND_MS, m: MINUTE_MS, h: HOUR_MS };

/**
 * Reads a duration such as `90s`, `15m`, `1h30m` or `250ms` as whole milliseconds.
 * A number without a unit is refused: `30` could be seconds or minutes, and a night should not depend on a guess.
 */
export function parseDuration(text: string): Result<number, string> {
  const parts = [...text.matchAll(/(\d+)(ms|s|m|h)/gy)];
  const read = parts.map((part) => part[0]).join("");
  if (parts.length === 0 || read !== text) {
    return err(`"${text}" is not a duration: write a whole number with a unit, as in 90s, 15m or 1h30m`);
  }
  const totalMs = parts.reduce((sum, part) => sum + Number(part[1]) * (UNIT_MS[part[2] ?? ""] ?? 0), 0);
  return Number.isSafeInteger(totalMs) ? ok(totalMs) : err(`"${text}" is too long for a duration`);
}

/** Writes milliseconds for a person, to the two largest units: `1h 30m`, `2m 5s`, `4.2s`, `180ms`. */
export function formatDuration(ms: number): string {
  // Each step rounds before it compares, so that 59,999 ms is one minute and never "60s".
  if (Math.round(ms) < SECOND_MS) return `${Math.round(ms)}ms`;
  const tenths = Math.round(ms / 100);
  if (tenths < 600) return `${tenths / 10}s`;
  const wholeSeconds = Math.round(ms / SECOND_MS);
  const hours = Math.floor(wholeSeconds / 3600);
  const minutes = Math.floor((wholeSeconds % 3600) / 60);
  const seconds = wholeSeconds % 60;
  if (hours > 0) return minutes > 0 ? `${hours}h ${minutes}m` : `${hours}h`;
  return seconds > 0 ? `${minutes}m ${seconds}s` : `${minutes}m`;
}
