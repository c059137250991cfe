import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { Sandboxes } from "../../src/contracts/sandbox.ts";
import type { CanaryResult } from "../../src/core/canary.ts";
import { runCanaries } from "../../src/drills/containment/run-canaries.ts";
import type * as Named from "../../src/drills/containment/processes-named.ts";
import { dockerUnderTest, type DockerUnderTest } from "../fixtures/docker-under-test.ts";
import { TEST_LIMITS } from "../fixtures/test-limits.ts";

vi.setConfig({ testTimeout: 180_000 });

// As where the engine is on another machine, or in a virtual one: what runs in its containers is not seen from here.
vi.mock(import("../../src/drills/containment/processes-named.ts"), async (original) => {
  const real: typeof Named = await original();
  return {
    ...real,
    processesNamed: async (marker) => (marker.includes("-attack-") ? [] : await real.processesNamed(marker)),
  };
});

let under: DockerUnderTest;
beforeAll(async () => void (under = await dockerUnderTest("unseen")));
afterAll(async () => {
  await under.gateways.close();
  expect(await under.leftovers()).toEqual([]);
});

async function survivorOf(sandboxes: Sandboxes): Promise<CanaryResult | undefined> {
  const results = await runCanaries({
    parts: { ...under, sandboxes, newToken: () => randomUUID().replaceAll("-", "") },
    isolation: "docker",
    image: under.image,
    limits: TEST_LIMITS,
    signal: new AbortController().signal,
  });
  return results.find(({ canary }) => canary === "survivor");
}

it("a process whose end cannot be seen is looked for in its tree, from another sandbox", async () => {
  expect(await survivorOf(under.sandboxes)).toEqual({
    canary: "survivor",
    verdict: "held",
    detail: "it wrote to its tree, and stopped",
  });
});

it("one that goes on writing there has survived", async () => {
  const sandboxes: Sandboxes = {
    start: async (request) => {
      const sandbox = await under.sandboxes.start(request);
      if (request.role !== "verify") return sandbox;
      // Somebody writes to the tree while it is watched.
      return {
        id: sandbox.id,
        selfCheck: sandbox.selfCheck,
        run: async (job, signal) => {
          const beat =
            'for file in *-survivor; do while :; do date +%N >"$file"; sleep 0.1; done & done; exec "$@"';
          const commands = job.commands.map((command) => ["sh", "-c", beat, "sh", ...command]);
          return await sandbox.run({ ...job, commands }, signal);
        },
        destroy: async () => await sandbox.destroy(),
      };
    },
  };
  expect(await survivorOf(sandboxes)).toMatchObject({ verdict: "survived" });
});
