import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LABEL_WORKSPACE } from "../../src/sandbox/docker/container-spec.ts";
import { sweep } from "../../src/sandbox/docker/sweep.ts";
import { testEngine } from "../fixtures/test-engine.ts";

const GROUPS = "/sys/fs/cgroup/memory";
/** Less than a fat supervisor and what the sandbox may use; more than either. */
const GROUP_BYTES = 900 * 2 ** 20;
/** A group of our own needs root and control groups of version 1. */
const canMakeGroups = existsSync(join(GROUPS, "memory.limit_in_bytes")) && process.getuid?.() === 0;

let folder: string;
let group: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "nw-host-memory-"));
  group = `nightwarden-test-${randomUUID()}`;
  if (!canMakeGroups) return;
  mkdirSync(join(GROUPS, group));
  writeFileSync(join(GROUPS, group, "memory.limit_in_bytes"), String(GROUP_BYTES));
});
afterEach(async () => {
  const { docker } = await testEngine();
  const idFile = join(folder, "workspace-id");
  if (existsSync(idFile)) await sweep(docker, { owners: [readFileSync(idFile, "utf8")] });
  rmSync(folder, { recursive: true, force: true });
  if (canMakeGroups) rmdirSync(join(GROUPS, group));
});

/** A night of a fat supervisor whose containers share a group with it that runs out of memory. */
async function night(
  scores: "scores" | "no-scores",
): Promise<{ signal: string | undefined; stdout: string; stderr: string }> {
  const script = join(import.meta.dirname, "../fixtures/night-in-group.ts");
  const enter = `echo $$ > ${GROUPS}/${group}/cgroup.procs && exec "$0" "$@"`;
  const { signal, stdout, stderr } = await execa(
    "sh",
    ["-c", enter, process.execPath, script, folder, group, scores],
    { reject: false },
  );
  return { signal, stdout, stderr };
}

const kills = (): number =>
  Number(/^oom_kill (\d+)$/m.exec(readFileSync("/proc/vmstat", "utf8"))?.[1] ?? Number.NaN);

describe.skipIf(!canMakeGroups)("a machine that runs out of memory", () => {
  it("takes the sandbox: the supervisor lives, records whose doing it was, tries once more and ends in order", async () => {
    const before = kills();
    const { stdout, stderr, signal } = await night("scores");
    expect(kills()).toBeGreaterThan(before);
    expect({ signal, stderr }).toEqual({ signal: undefined, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({ end: "infra", outcomes: ["host-memory", "host-memory"] });
    const { docker } = await testEngine();
    const filters = { label: [`${LABEL_WORKSPACE}=${readFileSync(join(folder, "workspace-id"), "utf8")}`] };
    expect(await docker.listContainers({ all: true, filters })).toEqual([]);
  }, 300_000);

  it("control: without the scores it takes the supervisor, which is the largest", async () => {
    const { signal, stdout } = await night("no-scores");
    expect(signal).toBe("SIGKILL");
    expect(stdout).toBe("");
  }, 300_000);
});
