import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AttemptRef } from "../../src/core/attempt.ts";
import { countKinds } from "../../src/core/residue.ts";
import {
  makeControlGroup,
  removeControlGroup,
  requiredControlGroups,
} from "../../src/launcher/control-group.ts";
import { planGroup } from "../../src/launcher/control-group-plan.ts";
import { HostResidue } from "../../src/sandbox/user/host-residue.ts";
import { groupIn, mountsIn } from "../../src/sandbox/user/host-traces.ts";
import { newName } from "../../src/sandbox/user/run-name.ts";
import { newAttempt } from "../contract/sandboxes.ts";
import { TEST_LIMITS } from "../fixtures/test-limits.ts";
import { userUnderTest, type UserUnderTest } from "../fixtures/user-under-test.ts";

const WHOLE = { kind: "workspace" } as const;
const of = (attempt: AttemptRef) => ({ kind: "attempt", attempt, repo: "app" }) as const;

function attemptOfOurs(): AttemptRef {
  return { ...newAttempt(), token: randomBytes(16).toString("hex") };
}

function placeFor(...attempts: AttemptRef[]): HostResidue {
  return new HostResidue({
    tokens: async () => await Promise.resolve(attempts.map(({ token }) => token)),
  });
}

describe("what the kernel shows of OS-user sandboxes", () => {
  let under: UserUnderTest;
  beforeEach(async () => void (under = await userUnderTest("host-residue")));
  afterEach(async () => {
    await under.launcher.sweep([under.workspace]);
    expect(await under.leftovers()).toEqual([]);
    rmSync(under.root, { recursive: true, force: true });
  });

  /** An attempt whose agent's sandbox runs, on trees with a bound. */
  async function stand(): Promise<AttemptRef> {
    const attempt = attemptOfOurs();
    const trees = await under.trees.open({ attempt, slot: 0, bound: { bytes: 2 ** 24, inodes: 1000 } });
    const place = { attempt, image: under.image, trees, limits: TEST_LIMITS, slot: 0 };
    await under.sandboxes.start({ ...place, role: "agent", tree: "agent" });
    return attempt;
  }

  it("are processes, mounts and loop devices; nothing of them is shown when the launcher has removed all", async () => {
    const attempt = await stand();
    const place = placeFor(attempt);
    const { residue } = await place.count(of(attempt));
    const { process, mount, "loop-device": devices } = countKinds(residue);
    expect(process).toBeGreaterThan(1); // the collector's and the shim's
    expect(mount).toBeGreaterThanOrEqual(4);
    expect(devices).toBe(2);
    expect((await place.count(WHOLE)).residue).toEqual(expect.arrayContaining([...residue]));
    await under.launcher.sweep([under.workspace]);
    expect((await place.count(WHOLE)).residue).toEqual([]);
    expect(await place.remove(residue)).toEqual([]);
  });

  it("of a sibling, and of another workspace's attempts, is neither counted nor ended", async () => {
    const [mine, sibling] = [await stand(), await stand()];
    const { residue } = await placeFor(sibling).count(WHOLE);
    const counted = (await placeFor(mine).count(of(mine))).residue.map(({ name }) => name);
    expect(counted.length).toBeGreaterThan(4);
    expect(residue.filter(({ name }) => counted.includes(name))).toEqual([]);
    // Asked for by name, by a workspace whose journals do not know the attempt.
    expect(await placeFor(mine).remove(residue)).toEqual([]);
    // Its collector may have started something more meanwhile.
    expect((await placeFor(sibling).count(WHOLE)).residue).toEqual(expect.arrayContaining([...residue]));
  });

  it("with the launcher's record gone is still counted: a process is ended, a mount is told", async () => {
    const attempt = await stand();
    const place = placeFor(attempt);
    const found = (await place.count(WHOLE)).residue;
    const unremoved = await place.remove(found);
    expect(unremoved.map(({ residue }) => residue.kind)).not.toContain("process");
    expect(unremoved.length).toBeGreaterThan(0);
    for (const { why } of unremoved) expect(why).toContain("only root can take it away");
    expect(countKinds((await place.count(WHOLE)).residue).process).toBeUndefined();
  });
});

describe("a process in the control group of a run that the launcher does not know", () => {
  let orphan: ChildProcess;
  let ended: Promise<unknown>;
  let group: ReturnType<typeof planGroup>;
  let attempt: AttemptRef;
  beforeEach(async () => {
    attempt = attemptOfOurs();
    const limits = { memoryBytes: 2 ** 26, cpus: 1, pids: 10 };
    group = planGroup(requiredControlGroups(), newName("agent", attempt), limits);
    makeControlGroup(group);
    orphan = spawn("sleep", ["600"], { stdio: "ignore" });
    ended = once(orphan, "exit");
    await once(orphan, "spawn");
    for (const file of group.joins) writeFileSync(file, String(orphan.pid));
  });
  afterEach(async () => {
    orphan.kill("SIGKILL");
    await ended;
    await removeControlGroup(group);
  });

  it("is counted after its attempt and in the whole, and ended", async () => {
    for (const scope of [of(attempt), WHOLE]) {
      const { residue } = await placeFor(attempt).count(scope);
      expect(residue).toMatchObject([{ kind: "process", place: "host" }]);
      expect(residue[0]?.name.startsWith(`process ${orphan.pid} (agent-`)).toBe(true);
    }
    const place = placeFor();
    const { residue } = await place.count(of(attempt));
    expect(await place.remove(residue)).toEqual([]);
    expect(await ended).toEqual([null, "SIGKILL"]);
    expect((await place.count(WHOLE)).residue).toEqual([]);
  });

  it("is nobody's where no attempt of ours has its token, and is left alone", async () => {
    const { residue } = await placeFor(attempt).count(WHOLE);
    const other = placeFor(attemptOfOurs());
    expect((await other.count(WHOLE)).residue).toEqual([]);
    expect(await other.remove(residue)).toEqual([]);
    expect(orphan.exitCode).toBeNull();
    expect(orphan.signalCode).toBeNull();
    expect((await placeFor(attempt).count(WHOLE)).residue).toEqual(residue);
  });
});

describe("what the kernel says", () => {
  it.each([
    [
      "version 1",
      "4:memory:/user.slice\n3:pids:/nightwarden/agent-one-1-01234567-abcdef\n0::/\n",
      "agent-one-1-01234567-abcdef",
    ],
    ["version 2", "0::/nightwarden/verify-one-1-01234567-abcdef\n", "verify-one-1-01234567-abcdef"],
    ["version 2, in a group of the supervisor's", "0::/system.slice/x.service/nightwarden/a-1\n", "a-1"],
    ["a group that only begins alike", "0::/nightwarden-other/agent-one\n", undefined],
    ["no group", "0::/\n", undefined],
    ["nothing", "", undefined],
  ])("of a process's control groups, %s, names the run or nothing", (_, cgroup, id) => {
    expect(groupIn(cgroup)).toBe(id);
  });

  it("of mounts names those below the launcher's folders, with odd characters as they are", () => {
    const line = (place: string): string => `36 35 98:0 / ${place} rw,noatime master:1 - ext4 /dev/loop0 rw`;
    const text = [
      line("/var/lib/night\\040warden/trees/trees-one-1-01234567-abcdef/agent"),
      line("/var/lib/nightwarden/runs/agent-one-1-01234567-abcdef/tmp"),
      line("/var/lib/docker/volumes"),
      "",
    ].join("\n");
    expect(mountsIn(text)).toEqual([
      {
        kind: "mount",
        name: "/var/lib/night warden/trees/trees-one-1-01234567-abcdef/agent",
        id: "trees-one-1-01234567-abcdef",
      },
      {
        kind: "mount",
        name: "/var/lib/nightwarden/runs/agent-one-1-01234567-abcdef/tmp",
        id: "agent-one-1-01234567-abcdef",
      },
    ]);
  });
});
