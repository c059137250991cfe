import { spawn, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../fixtures/git-repository.ts";

const SCRIPT = join(import.meta.dirname, "../../scripts/simulate");

function simulate(args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
  return spawnSync(SCRIPT, args, { encoding: "utf8", env, timeout: 55_000 });
}

describe("scripts/simulate", () => {
  test("says how many nights kept every promise, and is documented", () => {
    const { status, stdout } = simulate(["--nights", "12", "--seed", "7", "--json"]);
    const figures = JSON.parse(stdout) as { readonly nights: number; readonly failing: unknown };
    expect(status).toBe(0);
    expect(figures.nights).toBeGreaterThanOrEqual(12);
    expect(figures.failing).toBeNull();
    expect(simulate(["--help"]).stdout).toContain("--seed S");
  });

  test.each([["--nights", "none"], ["--seed", "-1"], ["--tasks", "0"], ["--what"]])(
    "refuses what it does not understand: %s %s",
    (...args) => {
      const { status, stderr } = simulate(args);
      expect(status).toBe(2);
      expect(stderr).toContain("see scripts/simulate --help");
    },
  );

  test("ends with 1, the seed and the shortest history where a promise is broken, the same each time", () => {
    const broken = join(temporaryFolder(), "broken.mjs");
    const invariants = join(import.meta.dirname, "invariants.ts");
    writeFileSync(
      broken,
      `import { INVARIANTS } from ${JSON.stringify(invariants)};
       INVARIANTS["never-lands"] = ({ broken }) => ({
         onEvent: ({ type, data }) => type === "landing.finished" && broken(data.task + " has landed"),
       });`,
    );
    const env = { ...process.env, NODE_OPTIONS: `--import=${encodeURI(`file://${broken}`)}` };
    const first = simulate(["--nights", "1", "--seed", "5"], env);
    expect(first.status).toBe(1);
    const lines = first.stdout.trimEnd().split("\n");
    expect(lines[0]).toBe("scripts/simulate --nights 1 --seed 5");
    expect(lines.at(-1)).toMatch(/^broken: never-lands: t\d+ has landed$/);
    expect(lines.filter((line) => line.startsWith("task "))).toHaveLength(1);
    expect(simulate(["--nights", "1", "--seed", "5"], env).stdout).toBe(first.stdout);
  });

  test("ends at Ctrl-C, and says how far it came", async () => {
    const child = spawn(SCRIPT, ["--nights", "1000000"], { stdio: ["ignore", "ignore", "pipe"] });
    let printed = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
      if (/ of 1000000 nights/.test(printed)) child.kill("SIGINT");
    });
    const [status] = (await once(child, "exit")) as [number | null];
    expect(status).toBe(130);
    expect(printed).toContain("interrupted after");
  });
});
