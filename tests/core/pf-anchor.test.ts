import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pfAnchor } from "../../src/core/pf-anchor.ts";

describe("pf's rules", () => {
  it("pass each user to its own gateway's port, then block everything, in and out, in both versions of IP", () => {
    expect(
      pfAnchor([
        { user: "_nightwarden0", port: 8402 },
        { user: "_nightwarden1", port: null },
      ]),
    ).toBe(`# Written by nightwarden ops macos-pf; ops/macos/README.md says what it is for.
pass out quick on lo0 inet proto tcp from any to 127.0.0.1 port 8402 user _nightwarden0
block drop out quick inet proto { tcp, udp } from any to any user { _nightwarden0, _nightwarden1 }
block drop out quick inet6 proto { tcp, udp } from any to any user { _nightwarden0, _nightwarden1 }
block drop in quick inet proto { tcp, udp } from any to any user { _nightwarden0, _nightwarden1 }
block drop in quick inet6 proto { tcp, udp } from any to any user { _nightwarden0, _nightwarden1 }
`);
  });

  it.each([
    ["root", "root"],
    ["a person", "alice"],
    ["nobody", ""],
    ["a second rule", "_a\npass all"],
    ["a list", "_a, root"],
    ["a comment", "_a#"],
    ["a number", "0"],
    ["a macro", "$all"],
  ])("are not written for %s", (_, user) => {
    expect(() => pfAnchor([{ user, port: null }])).toThrow("is not the name of a hidden user");
  });

  it("are not written for nobody, for one user twice, or for a gateway that two share", () => {
    expect(() => pfAnchor([])).toThrow("no user is named");
    const one = { user: "_a", port: 8402 };
    expect(() => pfAnchor([one, one])).toThrow("named twice");
    expect(() => pfAnchor([one, { user: "_b", port: 8402 }])).toThrow("share a port");
    expect(() => pfAnchor([{ user: "_a", port: 22 }])).toThrow("22 is not a port");
  });

  it("have as many lines as users and ports ask for, whatever is given", () => {
    const slot = fc.record({
      user: fc.oneof(
        fc.string({ unit: "binary", maxLength: 20 }),
        fc.stringMatching(/^_[a-z][a-z0-9]{0,20}$/),
      ),
      port: fc.option(fc.integer({ min: -1, max: 70_000 })),
    });
    let written = 0;
    fc.assert(
      fc.property(fc.array(slot, { maxLength: 4 }), (slots) => {
        let rules: string;
        try {
          rules = pfAnchor(slots);
        } catch (error) {
          expect(error).toMatchObject({ code: "usage.arguments" });
          return;
        }
        written += 1;
        const lines = rules.trimEnd().split("\n");
        expect(lines).toHaveLength(5 + slots.filter(({ port }) => port !== null).length);
        expect(
          lines.every((line) => /^(?:# |pass out quick on lo0 |block drop (?:in|out) quick )/.test(line)),
        ).toBe(true);
      }),
      { numRuns: 2000 },
    );
    expect(written).toBeGreaterThan(30);
  });
});
