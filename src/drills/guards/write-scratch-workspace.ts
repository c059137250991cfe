import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CheckPolicy } from "../../core/check-policy.ts";
import { DRILL_VERIFY, type DrillTask } from "../../core/guard-drills.ts";
import type { VersionRules } from "../../core/judge-version.ts";
import type { Limits } from "../../core/limits.ts";
import type { Isolation } from "../../core/policy.ts";

/** What a scratch workspace has of the one that it stands for: where attempts run, and what is looked for in their changes. */
export interface ScratchSettings {
  readonly isolation: Isolation;
  readonly engineHost: string | undefined;
  readonly versions: VersionRules;
  readonly memoryBudgetBytes: number | undefined;
  readonly treeBound: "auto" | "loop";
  /** Memory and processors have to fit into this machine; all other caps are the phase's. */
  readonly limits: Pick<Limits, "memory" | "cpus">;
  readonly checks: CheckPolicy;
  readonly ignore: readonly string[];
}

const REASON = "A drill uses the checks and the memory of the workspace that it is run for";

/**
 * Writes the files of a workspace whose only repository is at `repository`, each task done by its own command. The rules
 * of the phase are as the package has them: they are what is tried. Its nights are a demonstration, never evidence.
 */
export async function writeScratchWorkspace(options: {
  /** Made here. */
  readonly folder: string;
  readonly repository: string;
  readonly tasks: readonly DrillTask[];
  readonly settings: ScratchSettings;
  /** Default: the tests. */
  readonly verify?: readonly string[];
}): Promise<void> {
  const { folder, repository, tasks, settings, verify = [DRILL_VERIFY] } = options;
  const { limits } = settings;
  await mkdir(folder, { mode: 0o700 });
  // JSON is YAML, and needs no library.
  const write = async (name: string, content: object): Promise<void> =>
    await writeFile(join(folder, name), `${JSON.stringify(content, null, 2)}\n`, { flag: "wx" });
  const [first] = tasks;
  await write("nightwarden.yaml", {
    version: 1,
    repositories: { drill: { path: repository, verify } },
    agents: Object.fromEntries(
      tasks.map(({ id, script }) => [id, { kind: "command", command: ["sh", "-c", script] }]),
    ),
    agent: first?.id,
    policy: "policy.yaml",
    sandbox: sandboxOf(settings),
    ...(settings.engineHost === undefined ? {} : { engine: { host: settings.engineHost } }),
  });
  await write("policy.yaml", {
    reason: REASON,
    purpose: "demo",
    changes: {
      checks: settings.checks,
      ignore: settings.ignore,
      limits: { memory: `${limits.memory}B`, cpus: limits.cpus },
    },
  });
  await write("tasks.yaml", {
    version: 1,
    tasks: tasks.map(({ id, title }) => ({
      id,
      title,
      prompt: `${title}.`,
      kind: "refactor",
      repo: "drill",
      agent: id,
    })),
  });
}

function sandboxOf({ isolation, versions, memoryBudgetBytes, treeBound }: ScratchSettings): object {
  return {
    kind: isolation,
    ...(memoryBudgetBytes === undefined ? {} : { memoryBudget: `${memoryBudgetBytes}B` }),
    treeBound,
    strict: versions.strict,
    allowVersions: versions.allowed,
  };
}
