import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { runHostScript } from "../../src/images/host-script.ts";
import { temporaryFolder } from "../fixtures/git-repository.ts";

afterEach(() => vi.unstubAllEnvs());

it("gives npm and apt this machine's environment without the variables that hold an agent's key", async () => {
  vi.stubEnv("A_KEY", "sk-a-sentinel");
  vi.stubEnv("A_SETTING", "of npm");
  const script = join(temporaryFolder(), "print.sh");
  writeFileSync(script, "env\n");
  const printed = async (withheld: readonly string[]): Promise<string[]> => {
    const lines: string[] = [];
    await runHostScript({ script, args: [], withheld, onProgress: (line) => lines.push(line) });
    return lines.filter((line) => line.startsWith("A_"));
  };
  expect(await printed(["A_KEY"])).toEqual(["A_SETTING=of npm"]);
  expect((await printed([])).toSorted()).toEqual(["A_KEY=sk-a-sentinel", "A_SETTING=of npm"]);
});
