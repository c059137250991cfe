import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isWithin, seatbeltPath } from "../../src/core/seatbelt-path.ts";
import { seatbeltProfile, type SeatbeltOptions } from "../../src/core/seatbelt-profile.ts";
import { readSeatbelt, type SeatbeltForm } from "../fixtures/seatbelt-reader.ts";

const SLOT = "/private/var/nightwarden/slots/0";
const OPTIONS: SeatbeltOptions = {
  writable: [`${SLOT}/tree`, `${SLOT}/home`],
  toolchain: ["/opt/homebrew"],
  gateway: { port: 8402 },
};

/** The profile as it is read, without the paths that were given. */
function shapeOf(options: SeatbeltOptions): unknown {
  const blank = (form: SeatbeltForm): unknown => {
    if (typeof form === "string") return form;
    return "text" in form ? "a string" : form.map(blank);
  };
  return readSeatbelt(seatbeltProfile(options)).map(blank);
}

/** The filters of what allows `operation`. */
function allowed(profile: string, operation: string): SeatbeltForm[] {
  return readSeatbelt(profile).flatMap((form) => {
    if (typeof form === "string" || "text" in form) return [];
    const [verb, name, ...filters] = form;
    return verb === "allow" && name === operation ? filters : [];
  });
}

describe("a profile", () => {
  const profile = seatbeltProfile(OPTIONS);

  it("denies by default, before it allows anything", () => {
    expect(readSeatbelt(profile).slice(0, 2)).toEqual([
      ["version", "1"],
      ["deny", "default"],
    ]);
  });

  it("allows nothing that is not in this list, and each only under conditions or for itself", () => {
    const operations = readSeatbelt(profile).flatMap((form) => {
      const [verb, name, ...filters] = form as readonly SeatbeltForm[];
      return verb === "allow" ? [[name, filters.length > 0]] : [];
    });
    expect(operations).toEqual([
      ["process-fork", false],
      ["process-exec", true],
      ["signal", true],
      ["process-info*", true],
      ["sysctl-read", true],
      ["file-read*", true],
      ["file-map-executable", true],
      ["file-read-metadata", true],
      ["file-write*", true],
      ["file-write-data", true],
      ["network-outbound", true],
    ]);
  });

  it.each([
    "mach-lookup",
    "appleevent-send",
    "network-bind",
    "network-inbound",
    "system-socket",
    "ipc-posix",
  ])(
    "has no %s: no service of the system, no name lookup, no listener, no memory shared with a neighbour",
    (operation) => {
      expect(profile).not.toContain(operation);
    },
  );

  it("lets exactly its own folders be changed", () => {
    expect(allowed(profile, "file-write*")).toEqual(OPTIONS.writable.map((text) => ["subpath", { text }]));
    expect(readSeatbelt(profile)).toContainEqual(["deny", "file-write-setugid"]);
  });

  it("has one way out: one port of this machine, or one socket", () => {
    expect(allowed(profile, "network-outbound")).toEqual([["remote", "tcp", { text: "localhost:8402" }]]);
    const socket = `${SLOT}/gateway/llm.sock`;
    const other = seatbeltProfile({ ...OPTIONS, gateway: { socket } });
    expect(allowed(other, "network-outbound")).toEqual([
      ["remote", "unix-socket", ["path-literal", { text: socket }]],
    ]);
    expect(other).not.toContain("localhost");
  });

  it("tells of each folder on the way that it is there, and no more", () => {
    const told = allowed(profile, "file-read-metadata");
    for (const text of ["/private/var/nightwarden/slots/0", "/private", "/opt"])
      expect(told).toContainEqual(["literal", { text }]);
    expect(JSON.stringify(allowed(profile, "file-read*"))).not.toContain("/Users");
    expect(allowed(profile, "file-read*")).not.toContainEqual([
      "subpath",
      { text: "/private/var/nightwarden" },
    ]);
  });
});

/** What would end a string, a list or a line, or begin a comment, if it were not escaped. */
const HOSTILE = [
  '/srv/x")) (allow network*) (allow file-write* (subpath "/srv/y',
  '/srv/x"))\\"(allow default)',
  "/srv/x\\",
  '/srv/x\\"',
  "/srv/x;(allow default)",
  "/srv/(allow default)",
  "/srv/)))((",
  "/srv/x y\u00A0z",
  "/srv/#\\(",
  "/srv/*?[a]${HOME}`id`",
  "/srv/\u202Eevil",
  "/srv/ \u{1F989}",
];

/** A path with as many folders, and nothing in it. */
function harmless(path: string): string {
  return path.replaceAll(/[^/]+/g, "x");
}

describe("a hostile path", () => {
  it.each(HOSTILE)("%j stays one string, and changes no rule", (path) => {
    const options = { ...OPTIONS, writable: [path] };
    expect(shapeOf(options)).toEqual(shapeOf({ ...OPTIONS, writable: [harmless(path)] }));
    expect(allowed(seatbeltProfile(options), "file-write*")).toEqual([["subpath", { text: path }]]);
    const socket = `${path}/s`;
    const profile = seatbeltProfile({ ...OPTIONS, gateway: { socket } });
    expect(allowed(profile, "network-outbound")).toEqual([
      ["remote", "unix-socket", ["path-literal", { text: socket }]],
    ]);
  });

  it("would change the rules if it were not escaped: the reader of these tests sees it", () => {
    const profile = seatbeltProfile({ ...OPTIONS, writable: [HOSTILE[0]!] });
    const injected = ["allow", "network*"];
    expect(readSeatbelt(profile.replaceAll('\\"', '"'))).toContainEqual(injected);
    expect(readSeatbelt(profile)).not.toContainEqual(injected);
  });

  it.each([
    ["", "is not absolute"],
    ["srv/x", "is not absolute"],
    ["/", 'has an empty part, ".", or ".."'],
    ["/srv", "is a folder of the whole machine"],
    ["/Users/", "has an empty part"],
    ["/srv//x", "has an empty part"],
    ["/srv/./x", "has an empty part"],
    ["/srv/x/..", "has an empty part"],
    ["/srv/x\n(allow default)", "has a line break or a control character"],
    ["/srv/x\0", "has a line break or a control character"],
    ["/srv/x\u007F", "has a line break or a control character"],
    ["/srv/x\u0085", "has a line break or a control character"],
    ["/srv/x\u2028", "has a line break or a control character"],
    ["/srv/\uD800", "has a line break or a control character"],
    [`/srv/${"é".repeat(510)}`, "is longer than 1023 bytes"],
    ["/tmp/x", "goes through /tmp, a link: write /private/tmp/…"],
    ["/VAR/folders", "goes through /var, a link"],
    ["/etc/x", "goes through /etc, a link"],
  ])("%j is refused: %s", (path, why) => {
    expect(seatbeltPath(path)).toMatchObject({ ok: false, error: expect.stringContaining(why) as string });
    expect(() => seatbeltProfile({ ...OPTIONS, writable: [path] })).toThrow(why);
    expect(() => seatbeltProfile({ ...OPTIONS, toolchain: [path] })).toThrow(why);
    expect(() => seatbeltProfile({ ...OPTIONS, gateway: { socket: path } })).toThrow(why);
  });

  it("of any kind is refused, or read back as it was, in a profile of the same form", () => {
    const part = fc.oneof(
      fc.string({ unit: "binary", maxLength: 12 }),
      fc.constantFrom(
        '"',
        "\\",
        '\\"',
        "(",
        ")",
        ";",
        '") (allow default) ("',
        "..",
        ".",
        "\n",
        "tmp",
        "#|",
        "|#",
      ),
    );
    const path = fc.array(part, { maxLength: 6 }).map((parts) => `/srv/${parts.join("/")}`);
    let accepted = 0;
    fc.assert(
      fc.property(path, (writable) => {
        const options = { ...OPTIONS, writable: [writable] };
        if (!seatbeltPath(writable).ok) {
          expect(() => seatbeltProfile(options)).toThrow();
          return;
        }
        accepted += 1;
        const profile = seatbeltProfile(options);
        expect(allowed(profile, "file-write*")).toEqual([["subpath", { text: writable }]]);
        expect(shapeOf(options)).toEqual(shapeOf({ ...OPTIONS, writable: [harmless(writable)] }));
      }),
      { numRuns: 1000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });
});

describe("folders that fit each alone", () => {
  it.each<[string, Partial<SeatbeltOptions>, string]>([
    ["nothing that may be changed", { writable: [] }, "no folder is named"],
    ["a folder of the system", { writable: ["/usr/bin/x"] }, "/usr/bin is the system's"],
    [
      "a folder of the system in capitals",
      { writable: ["/SYSTEM/library/x"] },
      "/System/Library is the system's",
    ],
    ["a folder with the system in it", { writable: ["/private/etc"] }, "is the system's"],
    ["tools where they could be replaced", { toolchain: [`${SLOT}/tree/bin`] }, "which may be changed"],
    ["tools in another case", { toolchain: [`${SLOT.toUpperCase()}/TREE/bin`] }, "which may be changed"],
    [
      "a socket where it could be replaced",
      { gateway: { socket: `${SLOT}/home/s` } },
      "which may be changed",
    ],
    [
      "a socket that no Mac can bind",
      { gateway: { socket: `/srv/${"x".repeat(99)}` } },
      "longer than 103 bytes",
    ],
    ["a port of the system", { gateway: { port: 80 } }, "80 is not a port"],
    ["half a port", { gateway: { port: 8402.5 } }, "is not a port"],
    ["no number", { gateway: { port: Number.NaN } }, "is not a port"],
  ])("are refused together: %s", (_, changes, why) => {
    expect(() => seatbeltProfile({ ...OPTIONS, ...changes })).toThrow(why);
  });

  it("are told apart by whole names", () => {
    expect(isWithin("/srv/tree-2", "/srv/tree")).toBe(false);
    expect(isWithin("/srv/tree/2", "/srv/tree")).toBe(true);
    expect(isWithin("/srv/E\u0301t\u00E9", "/srv/\u00E9te\u0301")).toBe(true);
    expect(seatbeltProfile({ ...OPTIONS, toolchain: [`${SLOT}/tree-of-tools`] })).toContain("tree-of-tools");
  });
});
