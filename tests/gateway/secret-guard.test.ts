import { describe, expect, it } from "vitest";
import { SecretGuard } from "../../src/egress/secret-guard.ts";

const SECRET = 'sk-sk-a/"b';

/** What passes of a text that comes in pieces of `size` bytes; undefined: it was stopped. */
function passed(text: string, size: number): { readonly out: string; readonly isStopped: boolean } {
  const guard = new SecretGuard(SECRET);
  const bytes = Buffer.from(text);
  let out = "";
  for (let at = 0; at < bytes.length; at += size) {
    const passing = guard.push(bytes.subarray(at, at + size));
    if (passing === undefined) return { out, isStopped: true };
    out += passing.toString("latin1");
  }
  return { out: out + guard.rest().toString("latin1"), isStopped: false };
}

const SIZES = [1, 2, 3, 5, 7, 11, 1000];

describe("a secret in bytes that pass", () => {
  it.each([
    ["as it is", SECRET],
    ["as JSON writes it", 'sk-sk-a/\\"b'],
    ["as other programs write JSON", 'sk-sk-a\\/\\"b'],
    ["after a beginning of itself", `sk-${SECRET}`],
  ])("is stopped %s, with no byte of it before, in pieces of any size", (_, written) => {
    for (const size of SIZES) {
      const { out, isStopped } = passed(`before ${written} after`, size);
      expect(isStopped).toBe(true);
      expect("before sk-".startsWith(out)).toBe(true);
    }
  });

  it.each(["", "nothing", "sk-sk-", "sk-sk-a/ sk-sk-a/", "sssk-sk-a", 'sk-sk-a/"'])(
    "is not taken for %j: that passes whole",
    (text) => {
      for (const size of SIZES) expect(passed(text, size)).toEqual({ out: text, isStopped: false });
    },
  );

  it("keeps nothing waiting that can not be its beginning", () => {
    const guard = new SecretGuard(SECRET);
    expect(guard.push(Buffer.from("data: words s"))?.toString()).toBe("data: words ");
    expect(guard.push(Buffer.from("o on"))?.toString()).toBe("so on");
    expect(guard.rest()).toHaveLength(0);
  });
});
