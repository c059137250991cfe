/** From the moment at which a cap is exceeded to the moment at which no process of the sandbox is left. */
import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
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
  const own = join(folder, "floor");
  mkdirSync(own);
  makeRepository(own, 3);
  const { image: floorImage } = await makeNights({
    folder: own,
    sandbox: "docker",
    count: 1,
    onEvent: () => undefined,
  });
  for (const sandbox of ["docker", "user"] as const) await benchStop(sandbox, floorImage);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit();

async function benchStop(sandbox: "docker" | "user", floorImage: string): Promise<void> {
  const own = join(folder, sandbox);
  mkdirSync(own);
  makeRepository(own, 3);
  const nights = await makeNights({ folder: own, sandbox, count: 1, onEvent: () => undefined });
  const { deps, image, limits } = nights;
  const repository = deps.repositories.get("app");
  if (!repository) throw new Error("the bench's own repository is missing");
  const { commit } = await repository.prepare("main");
  const measured = await interleaved({
    bench: "stop",
    case: `${sandbox}: cap exceeded to all processes gone`,
    rounds: options.rounds,
    floorName: "docker kill of the same container to its end",
    floor: async () => await killOf(floorImage),
    run: async () => {
      const attempt = { task: "t", attempt: "t.1", token: randomBytes(16).toString("hex") } as never;
      const trees = await deps.trees.open({ attempt, slot: 0 });
      const place = { attempt, role: "agent", image, trees, tree: "agent", limits, slot: 0 } as const;
      const running = await deps.sandboxes.start(place);
      try {
        await trees.fill("agent", repository.treeSource(commit));
        const lines: string[] = [];
        const { end } = await running.run(
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
        await running.destroy();
        await trees.close();
      }
    },
  });
  print(measured, options.json);
}

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
