import type { TreeSource } from "../../../src/contracts/trees.ts";
import { captureAll, newAttempt, type SandboxesUnderTest } from "../../contract/sandboxes.ts";
import { TEST_LIMITS } from "../../fixtures/test-limits.ts";

/** Beside the night's own slot. */
const CANARY_SLOT = 7;
const WORK = `set -e; for i in 1 2 3; do head -c 65536 /dev/zero | sha256sum >>canary.txt; done; echo sang`;

/**
 * A task of somebody else that works in its own slot while an attack runs: what is wrong with it. It does what a task
 * does, from the filling of its tree to the capture.
 */
export async function sing(under: SandboxesUnderTest, source: TreeSource): Promise<readonly string[]> {
  const attempt = newAttempt();
  const trees = await under.trees.open({ attempt, slot: CANARY_SLOT });
  try {
    await trees.fill("agent", source);
    const { image } = under;
    const place = { attempt, image, trees, limits: TEST_LIMITS, slot: CANARY_SLOT };
    const sandbox = await under.sandboxes.start({ ...place, role: "agent", tree: "agent" });
    const lines: string[] = [];
    try {
      const run = await sandbox.run(
        {
          commands: [["bash", "-c", WORK]],
          env: {},
          stdin: "",
          wallClockMs: 60_000,
          outputBytes: 2 ** 20,
          onLine: ({ text }) => lines.push(text),
        },
        new AbortController().signal,
      );
      if (!run.allPassed || lines.join() !== "sang")
        return [`the sibling's task failed: ${JSON.stringify(run.end)} ${lines.join()}`];
    } finally {
      await sandbox.destroy();
    }
    const { contents } = await captureAll(trees, TEST_LIMITS, []);
    const written = [...contents].map(([path, text]) => `${path}:${text.split("\n").length - 1}`).join();
    return written === "canary.txt:3" ? [] : [`the sibling's work is not what it did: ${written}`];
  } finally {
    await trees.close();
  }
}
