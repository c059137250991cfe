import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDuration, parseDuration } from "../../src/core/duration.ts";

describe("parseDuration", () => {
  it.each([
    ["250ms", 250],
    ["90s", 90_000],
    ["15m", 900_000],
    ["1h30m", 5_400_000],
    ["0s", 0],
  ])("reads %s", (text, ms) => {
    expect(parseDuration(text)).toEqual({ ok: true, value: ms });
  });

  it.each(["", "30", "1.5h", "-1s", "1 h", "1h ", "h", "1d", "1M", "٣s", "99999999999999999h"])(
    "refuses %j, and says what to write",
    (text) => {
      const parsed = parseDuration(text);
      expect(parsed.ok ? "" : parsed.error).toContain(`"${text}" is `);
    },
  );

  it("never throws", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseDuration(text)).toHaveProperty("ok");
      }),
    );
  });
});

describe("formatDuration", () => {
  it.each([
    [0, "0ms"],
    [180, "180ms"],
    [999.6, "1s"],
    [4_200, "4.2s"],
    [59_940, "59.9s"],
    [59_999, "1m"],
    [125_000, "2m 5s"],
    [119_600, "2m"],
    [3_599_900, "1h"],
    [5_400_000, "1h 30m"],
    [86_400_000, "24h"],
  ])("writes %d ms as %s", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it("writes whole minutes of up to a day so that they can be read back", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1440 }), (minutes) => {
        const written = formatDuration(minutes * 60_000).replaceAll(" ", "");
        expect(parseDuration(written)).toEqual({ ok: true, value: minutes * 60_000 });
      }),
    );
  });

  it("never writes 60 seconds or 60 minutes", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e8, noNaN: true }), (ms) => {
        expect(formatDuration(ms)).toMatch(
          /^(?:\d{1,3}ms|[1-5]?\d(?:\.\d)?s|[1-5]?\dm(?: [1-5]?\ds)?|\d+h(?: [1-5]?\dm)?)$/,
        );
      }),
    );
  });
});
