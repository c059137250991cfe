import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { StateRoot } from "../../src/launcher/state-root.ts";

let folder: string;
beforeEach(() => (folder = realpathSync(mkdtempSync(join(tmpdir(), "nw-root-")))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it.skipIf(process.getuid?.() !== 0)(
  "the launcher's folder is named as the kernel lists mounts, also behind a link",
  () => {
    mkdirSync(join(folder, "disk"));
    symlinkSync("disk", join(folder, "var"));
    const state = new StateRoot({ NIGHTWARDEN_LAUNCHER_ROOT: join(folder, "var/sandboxes") });
    expect(state.path).toBe(join(folder, "disk/sandboxes"));
    expect(state.folder("runs", "a")).toBe(join(folder, "disk/sandboxes/runs/a"));
  },
);

describe.skipIf(process.getuid?.() !== 0)("what one user may have at one time", () => {
  const MOST = { runs: 96, trees: 32 } as const;

  it.each(["runs", "trees"] as const)(
    "is so many %s: more are refused with a hint, and another user has none the fewer",
    (kind) => {
      const state = new StateRoot({ NIGHTWARDEN_LAUNCHER_ROOT: join(folder, "root") });
      const make = (id: string, caller: number, owner = "workspace"): string =>
        state.make(kind, id, { owner, caller });
      // Of several workspaces: they are one user's all the same.
      for (let at = 0; at < MOST[kind]; at += 1) make(`own-${at}`, 1000, `workspace-${at % 3}`);
      expect(() => make("one-more", 1000)).toThrow(/you have \d+ (runs|trees) at one time already/);
      try {
        make("one-more", 1000);
      } catch (error) {
        expect(error).toMatchObject({ hint: expect.stringContaining("doctor --repair") as string });
      }
      expect(readdirSync(join(state.path, kind))).not.toContain("one-more");
      expect(readdirSync(make("of-another", 1001))).toEqual(["owner.json"]);
      rmSync(state.folder(kind, "own-0"), { recursive: true });
      expect(readdirSync(make("one-more", 1000))).toEqual(["owner.json"]);
    },
  );
});
