import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
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
