import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseOrder } from "../../src/launcher/parse-order.ts";
import { callerOf } from "../../src/launcher/state-root.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("an order to a run", () => {
  it("is one of two", () => {
    expect(parseOrder(bytes('{"type":"kill"}'))).toEqual({ type: "kill" });
    expect(parseOrder(bytes('{"type":"ask-memory","more":1}'))).toEqual({ type: "ask-memory" });
  });

  it("never throws, whatever comes: a launcher that died of it would leave its run behind", () => {
    expect(parseOrder(bytes("{"))).toBeUndefined();
    expect(parseOrder(bytes('{"type":"run"}'))).toBeUndefined();
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.json().map(bytes)), (sent) => {
        expect(["kill", "ask-memory", undefined]).toContain(parseOrder(sent)?.type);
      }),
    );
  });
});

describe("who asks", () => {
  it("is root, or whom sudo names; a name that sudo never gives is nobody's", () => {
    expect(callerOf({})).toBe(0);
    expect(callerOf({ SUDO_UID: "1000" })).toBe(1000);
    for (const SUDO_UID of ["", "-1", "1000x", "0x10"])
      expect(() => callerOf({ SUDO_UID })).toThrow("is not known who asks");
  });
});
