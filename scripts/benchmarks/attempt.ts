/** What the supervisor adds to an attempt, on the real engine, in users of their own, and on the real git. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NightwardenEvent } from "../../src/core/event.ts";
import { bwrapRun, dockerRun, makeNights, makeRepository } from "./bench-nights.ts";
import { benchOptions, interleaved, print, timed } from "./measure.ts";

const options = benchOptions(15);
const folder = mkdtempSync(join(tmpdir(), "nightwarden-bench-"));
try {
  if (options.files === undefined) await benchAttempt();
  else await benchFiles(options.files);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit();

async function benchAttempt(): Promise<void> {
  makeRepository(folder, 3);
  await benchSandbox("docker", {
    name: "docker run --rm of the same container with true",
    run: (image) => execFileSync("docker", dockerRun(image, ["true"])),
  });
  await benchSandbox("user", {
    name: "bwrap around true, with the same name spaces",
    run: () => execFileSync("bwrap", bwrapRun(["true"])),
  });
}

/** The overhead on one back end, without a gateway and with one. */
async function benchSandbox(
  sandbox: "docker" | "user",
  floor: { readonly name: string; readonly run: (image: string) => unknown },
): Promise<void> {
  const events: NightwardenEvent[] = [];
  const { image, run } = await makeNights({
    folder,
    sandbox,
    count: 2 * options.rounds + 2,
    onEvent: (event) => events.push(event),
  });
  for (const [name, usesModel] of [
    ["overhead", false],
    ["overhead-with-gateway", true],
  ] as const) {
    const measured = await interleaved({
      bench: "attempt",
      case: `${sandbox} ${name}`,
      rounds: options.rounds,
      floorName: floor.name,
      floor: async () => await timed(async () => await Promise.resolve(floor.run(image))),
      run: async () => {
        events.length = 0;
        await run(usesModel);
        return overheadOf(events);
      },
    });
    print(measured, options.json);
  }
}

/** From the attempt's first event to its task's last, without what the agent and the verify commands took. */
function overheadOf(events: readonly NightwardenEvent[]): number {
  const at = (type: string): number => Date.parse(events.find((event) => event.type === type)?.at ?? "");
  const own = events
    .filter((event) => event.type === "sandbox.finished")
    .filter((event) => !event.data.attempt.startsWith("baseline"))
    .reduce((sum, event) => sum + event.data.end.durationMs, 0);
  return at("task.finished") - at("attempt.started") - own;
}

async function benchFiles(files: number): Promise<void> {
  makeRepository(folder, files);
  const repositoryPath = join(folder, "app");
  const { deps } = await makeNights({ folder, sandbox: "docker", count: 1, onEvent: () => undefined });
  const repository = deps.repositories.get("app");
  if (!repository) throw new Error("the bench's own repository is missing");
  const { commit } = await repository.prepare("main");
  const measured = await interleaved({
    bench: "attempt",
    case: `tree-of-${files}-files`,
    rounds: options.files === undefined ? options.rounds : 3,
    floorName: "git checkout-index of it and a read of the tree",
    floor: async () => {
      const target = join(folder, "floor");
      try {
        return await timed(async () => {
          execFileSync("git", ["-C", repositoryPath, "checkout-index", "--all", `--prefix=${target}/`]);
          for (const entry of readdirSync(target, { recursive: true, withFileTypes: true })) {
            if (entry.isFile()) readFileSync(join(entry.parentPath, entry.name));
          }
          await Promise.resolve();
        });
      } finally {
        rmSync(target, { recursive: true, force: true });
      }
    },
    run: async () => {
      const attempt = { task: "t", attempt: "t.1", token: randomBytes(16).toString("hex") } as never;
      const trees = await deps.trees.open({ attempt, slot: 0 });
      try {
        return await timed(async () => {
          await trees.fill("agent", repository.treeSource(commit));
          const limits = { files: 10_000_000, bytes: 2 ** 26, fileBytes: 2 ** 26 };
          const records = trees.capture({ tree: "agent", limits, ignore: [] });
          await repository.commitCapture({ attempt, base: commit, message: "bench\n", records });
          await trees.fill("verify", repository.treeSource(commit));
        });
      } finally {
        await trees.close();
      }
    },
  });
  print(measured, options.json);
}
