import { join } from "node:path";
import { execa } from "execa";
import { expect, it } from "vitest";

interface Growth {
  readonly grownBytes: number;
  readonly maxGrownBytes: number;
}

interface Report {
  readonly sandbox: string;
  readonly tasks: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly heap: Growth;
  readonly rss: Growth;
  readonly problems: readonly string[];
}

it.each(["docker", "user"])(
  "12 tasks with random caps tripping, 4 at one time, %s: nothing is left behind, the journal is whole, memory is flat",
  async (sandbox) => {
    const script = join(import.meta.dirname, "../../scripts/soak-caps");
    const args = ["--tasks", "12", "--seed", "3", "--sandbox", sandbox, "--json"];
    const { stdout, exitCode } = await execa(script, args, { reject: false });
    const report = JSON.parse(stdout) as Report;
    expect(report.sandbox).toBe(sandbox);
    expect(report.problems).toEqual([]);
    expect(exitCode).toBe(0);
    // The seed has both: caps of several kinds, and tasks that land.
    expect(Object.values(report.outcomes).reduce((sum, each) => sum + each, 0)).toBe(12);
    expect(report.outcomes["landed"]).toBeGreaterThan(2);
    expect(
      Object.keys(report.outcomes).filter((outcome) => outcome.startsWith("cap-")).length,
    ).toBeGreaterThan(3);
    for (const growth of [report.heap, report.rss])
      expect(growth.grownBytes).toBeLessThanOrEqual(growth.maxGrownBytes);
  },
  300_000,
);
