import type { WayOut } from "../contracts/gateway.ts";
import type { OutputLine, Sandbox, SandboxJob, SandboxRun } from "../contracts/sandbox.ts";
import type { TreeSource } from "../contracts/trees.ts";
import type { OpenTrees } from "../contracts/trees.ts";
import type { AttemptRef } from "../core/attempt.ts";
import type { TreeName } from "../core/collector-protocol.ts";
import type { Limits } from "../core/limits.ts";
import type { Night } from "./night.ts";
import { treeGuard } from "./tree-guard.ts";
import { withCleanUp } from "./with-clean-up.ts";

/**
 * Fills a tree while its sandbox and gateway start, runs a job in it, keeps what it prints, and makes sure that nothing of it
 * runs any more. Records the sandbox's start and end; what the run means is the caller's to say.
 */
export async function runInSandbox(options: {
  readonly night: Night;
  readonly attempt: AttemptRef;
  readonly role: "agent" | "verify" | "replay" | "prepare";
  readonly trees: OpenTrees;
  /** Absent: the tree holds already what it has to. */
  readonly source?: TreeSource;
  readonly image: string;
  readonly limits: Limits;
  readonly slot: number;
  readonly job: Omit<SandboxJob, "outputBytes" | "onLine" | "guard">;
  /** The sandbox's one way out; absent: none. */
  readonly gateway?: WayOut;
  /** Ends the run, beside the night's own stop. */
  readonly giveUp?: AbortSignal;
  readonly onLine: (line: OutputLine) => void;
}): Promise<SandboxRun> {
  const { night, attempt, role, image, limits } = options;
  const sandbox = await startOnTree(options);
  return await withCleanUp(
    async () => {
      const place = { ...attempt, role, container: sandbox.id };
      const { record, deps } = night;
      await record.record({
        type: "sandbox.started",
        data: { ...place, image, selfCheck: sandbox.selfCheck },
      });
      const sink = await deps.outputs.open(record.state.night, attempt, role);
      const kept: { output: Awaited<ReturnType<typeof sink.close>> | null } = { output: null };
      const run = await withCleanUp(
        async () =>
          await sandbox.run(
            {
              ...options.job,
              outputBytes: limits.output,
              guard: treeGuard({
                trees: options.trees,
                tree: treeOf(options),
                limits,
                ignore: night.order.policy.ignore,
              }),
              onLine: (line) => {
                sink.write(line);
                options.onLine(line);
              },
            },
            options.giveUp ? AbortSignal.any([night.stop, options.giveUp]) : night.stop,
          ),
        async () => {
          kept.output = await sink.close();
        },
      );
      await record.record({
        type: "sandbox.finished",
        data: { ...place, end: run.end, output: kept.output },
      });
      return run;
    },
    async () => await sandbox.destroy(),
  );
}

/** The sandbox on its filled tree, its gateway serving. Where one of them fails, the sandbox is not left. */
async function startOnTree(options: Parameters<typeof runInSandbox>[0]): Promise<Sandbox> {
  const { night, attempt, role, trees, image, limits, slot } = options;
  const { gateway } = options;
  const tree = treeOf(options);
  // For the sandbox it is one like verify's.
  const place = role === "replay" ? "verify" : role;
  const request = { attempt, role: place, image, trees, tree, limits, slot };
  const [filled, started, serving] = await Promise.allSettled([
    options.source && trees.fill(tree, options.source),
    night.deps.sandboxes.start(gateway ? { ...request, gateway } : request),
    gateway?.ready(),
  ]);
  if (started.status === "rejected") throw started.reason;
  if (filled.status === "fulfilled" && serving.status === "fulfilled") return started.value;
  await started.value.destroy().catch(() => undefined);
  throw filled.status === "rejected" ? filled.reason : (serving as PromiseRejectedResult).reason;
}

function treeOf({ role }: Pick<Parameters<typeof runInSandbox>[0], "role">): TreeName {
  if (role === "prepare") return "dependencies";
  return role === "agent" ? "agent" : "verify";
}
