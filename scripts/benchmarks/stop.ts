/** From the moment at which a cap is exceeded to the moment at which no process of the sandbox is left. */
import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dockerRun, makeNights, makeRepository } from "./bench-nights.ts";
import { benchOptions, interleaved, print, timed } from "./measure.ts";

/** Processes that nobody would find by their parent: each in a session of its own. */
const SPREAD = "for i in $(seq 30); do setsid sleep 600 & done; echo spread; exec sleep 600";
/** Long enough for all of them to be there, which is looked at. */
const CAP_MS = 1500;

const options = benchOptions(15);
const folder = mkdtempSync(join(tmpdir(), "nightwarden-bench-"));
try {
  makeRepository(folder, 3);
  const { deps, image, limits } = await makeNights({ folder, count: 1, onEvent: () => undefined });
  const repository = deps.repositories.get("app");
  if (!repository) throw new Error("the bench's own repository is missing");
  const { commit } = await repository.prepare("main");
  const measured = await interleaved({
    bench: "stop",
    case: "cap exceeded to all processes gone",
    rounds: options.rounds,
    floorName: "docker kill of the same container to its end",
    floor: async () => await killOf(image),
    run: async () => {
      const attempt = { task: "t", attempt: "t.1", token: randomBytes(16).toString("hex") } as never;
      const trees = await deps.trees.open({ attempt, slot: 0 });
      const place = { attempt, role: "agent", image, trees, tree: "agent", limits, slot: 0 } as const;
      const sandbox = await deps.sandboxes.start(place);
      try {
        await trees.fill("agent", repository.treeSource(commit));
        const lines: string[] = [];
        const { end } = await sandbox.run(
          {
            commands: [["sh", "-c", SPREAD]],
            env: {},
            stdin: "",
            wallClockMs: CAP_MS,
            outputBytes: limits.output,
            onLine: ({ text }) => lines.push(text),
          },
          new AbortController().signal,
        );
        if (end.reason !== "wall-clock" || !lines.includes("spread")) throw new Error("nothing was capped");
        return end.durationMs - CAP_MS;
      } finally {
        await sandbox.destroy();
        await trees.close();
      }
    },
  });
  print(measured, options.json);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit();

async function killOf(image: string): Promise<number> {
  const name = `nightwarden-bench-${randomBytes(6).toString("hex")}`;
  const [run = "", ...flags] = dockerRun(image, ["sh", "-c", SPREAD]);
  const child = spawn("docker", [run, "--name", name, ...flags], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit");
  await once(child.stdout, "data");
  return await timed(async () => {
    execFileSync("docker", ["kill", name], { stdio: "ignore" });
    await exited;
  });
}
