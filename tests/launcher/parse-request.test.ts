import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseRequest } from "../../src/launcher/parse-request.ts";

const LIMITS = { memory: 2 ** 29, cpus: 1.5, pids: 64, openFiles: 1024, fileSize: 2 ** 20, tmp: 2 ** 20 };
const RUN = {
  op: "run",
  owner: "0f9c2d1e-7a",
  id: "agent-fix-1-abcd1234-0a1b2c",
  attempt: "fix.1",
  role: "agent",
  slot: 0,
  trees: "trees-fix-1",
  tree: "agent",
  set: null,
  gateway: null,
  files: null,
  limits: LIMITS,
};

function parse(value: unknown): ReturnType<typeof parseRequest> {
  return parseRequest(JSON.stringify(value));
}

describe("the launcher's requests", () => {
  it("a run as the supervisor writes it is taken word by word, and no other word with it", () => {
    expect(parse({ ...RUN, command: ["sh"], env: { PATH: "/tmp" } })).toEqual({ ok: true, value: RUN });
  });

  it.each([
    "../x",
    "a/b",
    "a.b",
    "-a",
    "",
    "A",
    "a b",
    "a\nb",
    "a\0b",
    "é",
    "a".repeat(101),
    "--bind",
    null,
    7,
    ["a"],
    { toString: "a" },
  ])("a name such as %j is no name", (id) => {
    expect(parse(RUN).ok).toBe(true);
    expect(parse({ ...RUN, id }).ok).toBe(false);
    expect(parse({ ...RUN, owner: id === "A" ? "_" : id }).ok).toBe(false);
    if (id !== null) {
      expect(parse({ ...RUN, trees: id }).ok).toBe(false);
      expect(parse({ ...RUN, gateway: id }).ok).toBe(false);
      expect(parse({ ...RUN, role: "collector", tree: null, limits: null, set: id }).ok).toBe(false);
      for (const op of ["open-set", "settle-set", "remove-set", "list-sets"]) {
        const request = { op, owner: "owner", id: "set-1", attempt: "fix.1" };
        expect(parse(request).ok).toBe(true);
        if (op === "list-sets") expect(parse({ ...request, owner: id === "A" ? "_" : id }).ok).toBe(false);
        else expect(parse({ ...request, id }).ok).toBe(false);
      }
      expect(parse({ ...RUN, files: id }).ok).toBe(false);
    }
  });

  it.each([
    ["slot", -1],
    ["slot", 999],
    ["slot", 0.5],
    ["slot", "0"],
    ["role", "root"],
    ["role", undefined],
    ["op", "exec"],
    ["tree", "../agent"],
    ["limits", null],
    ["limits", { ...LIMITS, memory: 0 }],
    ["limits", { ...LIMITS, memory: "1G" }],
    ["limits", { ...LIMITS, pids: 1e300 }],
    ["limits", { ...LIMITS, cpus: Infinity }],
    ["limits", { ...LIMITS, tmp: -1 }],
  ])("%s must not be %j", (field, value) => {
    expect(parse({ ...RUN, [field]: value }).ok).toBe(false);
  });

  it("a sandbox has limits and a tree, a gateway has neither, and a verify command no way out", () => {
    const collector = { ...RUN, role: "collector", tree: null, limits: null };
    const gateway = { ...collector, role: "gateway", trees: null };
    expect(parse(collector).ok).toBe(true);
    expect(parse(gateway).ok).toBe(true);
    expect(parse({ ...RUN, gateway: "gateway-1" }).ok).toBe(true);
    expect(parse({ ...RUN, role: "verify" }).ok).toBe(true);
    const prepare = { ...RUN, role: "prepare", trees: null, tree: null, set: "set-1" };
    expect(parse({ ...prepare, gateway: "registry-1" }).ok).toBe(true);
    expect(parse({ ...collector, set: "set-1" }).ok).toBe(true);
    expect(parse({ ...collector, trees: null, set: "set-1" }).ok).toBe(true);
    expect(parse({ ...gateway, role: "registry" }).ok).toBe(true);
    for (const wrong of [
      { ...collector, limits: LIMITS },
      { ...collector, tree: "agent" },
      { ...collector, trees: null },
      { ...gateway, trees: "trees-1" },
      { ...gateway, files: "0".repeat(64) },
      { ...RUN, role: "verify", gateway: "gateway-1" },
      { ...RUN, tree: null },
      { ...RUN, set: "set-1" },
      { ...gateway, set: "set-1" },
      { ...gateway, role: "registry", gateway: "gateway-1" },
      { ...prepare, set: null },
      { ...prepare, trees: "trees-1" },
      { ...prepare, tree: "agent" },
      { ...prepare, limits: null },
      { ...RUN, trees: null },
    ])
      expect(parse(wrong).ok).toBe(false);
  });

  it("whatever comes, it is a request or a reason, and a reason repeats nothing of it", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc.jsonValue().map((data) => JSON.stringify({ ...RUN, id: data })),
        ),
        (line) => {
          const parsed = parseRequest(line);
          if (!parsed.ok) expect(parsed.error).toMatch(/^the request('s [a-zA-Z]+)? [a-z ]+( JSON)?$/);
        },
      ),
      { numRuns: 500 },
    );
  });
});
