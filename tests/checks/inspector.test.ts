import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { Inspector } from "../../src/checks/inspector.ts";
import { changeOf, settingsOf } from "./check-world.ts";

const open: Inspector[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each.close();
});

function inspector(options: ConstructorParameters<typeof Inspector>[0] = {}): Inspector {
  const made = new Inspector(options);
  open.push(made);
  return made;
}

const CHANGE = changeOf({}, { "src/a.py": "a\0", "src/b.py": "x = 1\n" });

describe("the program that reads changes", () => {
  it("answers for one change after the other, in one process", async () => {
    const checks = inspector();
    const first = await checks.inspect({ change: CHANGE, settings: settingsOf({}) });
    const { pid } = checks;
    const second = await checks.inspect({ change: CHANGE, settings: settingsOf({}) });
    expect(first).toMatchObject({ findings: [{ rule: "unreadable-code", path: "src/a.py" }], unlisted: 0 });
    expect(second).toEqual(first);
    expect(checks.pid).toBe(pid);
  });

  it("answers each of several that ask at the same time for its own change", async () => {
    const checks = inspector({ deadlineMs: 10_000 });
    await checks.inspect({ change: CHANGE, settings: settingsOf({}) });
    const { pid } = checks;
    const paths = ["src/a.py", "src/b.py", "src/c.py", "src/d.py"];
    const answers = await Promise.all(
      paths.map(async (path) => {
        const change = changeOf({}, { [path]: "a\0" });
        return await checks.inspect({ change, settings: settingsOf({}) });
      }),
    );
    expect(answers.map(({ findings }) => findings.map(({ path }) => path))).toEqual(
      paths.map((path) => [path]),
    );
    expect(checks.pid).toBe(pid);
  });

  it("is a finding where it is killed, and answers again for the next change", async () => {
    const checks = inspector();
    await checks.inspect({ change: CHANGE, settings: settingsOf({}) });
    const { pid = 0 } = checks;
    const waiting = checks.inspect({ change: CHANGE, settings: settingsOf({}) });
    process.kill(pid, "SIGKILL");
    const { findings } = await waiting;
    expect(findings).toContainEqual(expect.objectContaining({ rule: "unreadable-code", level: "block" }));
    const next = await checks.inspect({ change: CHANGE, settings: settingsOf({}) });
    expect(next.findings).toHaveLength(1);
  });

  it("is a finding where it takes too long, and the program is gone", async () => {
    const { findings } = await inspector({ deadlineMs: 1 }).inspect({
      change: CHANGE,
      settings: settingsOf({}),
    });
    expect(findings[0]).toMatchObject({ rule: "unreadable-code", level: "block" });
    expect(findings[0]?.message).toContain("takes longer to read than the checks may take");
  });

  // What a process has had at most, only Linux says.
  it.skipIf(process.platform !== "linux")("reads every file of this repository in 300 MB", async () => {
    const root = join(import.meta.dirname, "../..");
    const files = ["src", "tests"].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".ts"))
        .map((name) => [join(folder, name), readFileSync(join(root, folder, name), "utf8")] as const),
    );
    const checks = inspector();
    await checks.inspect({ change: changeOf({}, Object.fromEntries(files)), settings: settingsOf({}) });
    const status = readFileSync(`/proc/${checks.pid ?? 0}/status`, "utf8");
    const peakMb = (Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) * 1024) / 1e6;
    expect(peakMb).toBeGreaterThan(50);
    expect(peakMb).toBeLessThan(300);
  });

  it("ends at once with the reason of whoever stops it", async () => {
    const stop = new AbortController();
    const checks = inspector();
    const waiting = checks.inspect({ change: CHANGE, settings: settingsOf({}), signal: stop.signal });
    const reason = new Error("the night stops");
    stop.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    expect(checks.pid).toBeUndefined();
  });
});
