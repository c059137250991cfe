import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { hostNpmRegistry } from "../../src/images/host-npm-registry.ts";
import { PrepareWorld } from "./prepare-world.ts";
import { registryOf } from "./registry-of.ts";

let world: PrepareWorld | undefined;
afterEach(async () => {
  const left = await world?.dispose();
  world = undefined;
  expect(left).toEqual([]);
});

/** A project on one small package, locked by the npm of this machine. */
function project(): Record<string, string> {
  const folder = mkdtempSync(join(tmpdir(), "nightwarden-project-"));
  try {
    writeFileSync(
      join(folder, "package.json"),
      JSON.stringify({ name: "app", version: "1.0.0", dependencies: { "is-number": "7.0.0" } }),
    );
    execFileSync("npm", ["install", "--package-lock-only", "--ignore-scripts", "--no-audit"], {
      cwd: folder,
    });
    return Object.fromEntries(
      ["package.json", "package-lock.json"].map((name) => [name, readFileSync(join(folder, name), "utf8")]),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe("the registry that this machine's npm is configured with", { timeout: 240_000 }, () => {
  it("is where a repository's dependencies come from, through a tunnel that npm itself secures", async () => {
    const url = await hostNpmRegistry();
    if (url === undefined) throw new Error("this machine's npm names no registry");
    // Where this machine trusts authorities of its own, the container must be told about them.
    const own = process.env["NODE_EXTRA_CA_CERTS"];
    const ca = own !== undefined && existsSync(own) ? readFileSync(own, "utf8") : null;
    world = await PrepareWorld.create("npm-usual", project());
    const state = await world.run({
      access: { registries: [registryOf({ url })], ca, proxy: null },
      verify: ["node -e 'process.exit(require(\"is-number\")(5) ? 0 : 1)'"],
    });
    expect([...state.tasks.values()].map(({ result }) => result)).toEqual(["landed"]);
    expect(world.events("prepare.finished")).toMatchObject([{ result: "prepared" }]);
    expect(world.events("egress.denied")).toEqual([]);
  });
});
