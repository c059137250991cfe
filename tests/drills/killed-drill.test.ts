import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { processesNamed } from "../../src/drills/containment/processes-named.ts";
import { startProgram } from "../fixtures/cli-process.ts";
import { temporaryFolder } from "../fixtures/git-repository.ts";

vi.setConfig({ testTimeout: 60_000 });

const DRILL_HOST = join(import.meta.dirname, "../../src/drills/containment/drill-host.ts");

it("a supervisor that is killed in mid-drill leaves no process, and the next drill removes its folder", async () => {
  const folder = temporaryFolder();
  const TMPDIR = join(folder, "tmp");
  mkdirSync(TMPDIR);
  const token = "abcdef123456";
  const script = (after: string): string =>
    `const { DrillHost } = await import(${JSON.stringify(DRILL_HOST)});
     const host = await DrillHost.open("${token}"); console.error("open"); ${after}`;
  const start = (after: string): ReturnType<typeof startProgram> =>
    startProgram({
      file: process.execPath,
      args: ["--input-type=module", "-e", script(after)],
      cwd: folder,
      env: { TMPDIR },
    });
  const killed = start("setInterval(() => {}, 1000);");
  await expect
    .poll(() => killed.stderr().includes("open") || killed.hasEnded(), { timeout: 30_000 })
    .toBe(true);
  const [left = "none"] = readdirSync(TMPDIR);
  expect(existsSync(join(TMPDIR, left, "secret"))).toBe(true);
  expect(await processesNamed(`nightwarden-drill-${token}`)).toHaveLength(1);
  killed.kill("SIGKILL");
  await killed.ended;
  await expect
    .poll(async () => await processesNamed(`nightwarden-drill-${token}`), { timeout: 30_000 })
    .toEqual([]);
  expect(readdirSync(TMPDIR)).toEqual([left]);
  const { exitCode, stderr } = await start("await host.close(); process.exit(0);").ended;
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringContaining("open") as string });
  expect(readdirSync(TMPDIR)).toEqual([]);
});
