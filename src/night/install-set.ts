import type { DependencySet, SetFile } from "../contracts/dependencies.ts";
import type { AttemptRef } from "../core/attempt.ts";
import type { SetSource } from "../core/event-fields.ts";
import type { EventData } from "../core/event.ts";
import type { Limits } from "../core/limits.ts";
import { PREPARE_FOLDER } from "../core/registry-access.ts";
import {
  installFailure,
  openInstaller,
  putInputs,
  runInstaller,
  verdictOf,
  type InstallerRun,
} from "./installer.ts";
import type { Night } from "./night.ts";
import type { PrepareInputs } from "./prepare-inputs.ts";
import { withCleanUp } from "./with-clean-up.ts";

/** Whose set it is, where it is not the night's base's. */
export interface SetOwner {
  readonly of: AttemptRef;
  readonly source: SetSource;
}

/**
 * Makes a set of dependencies from exactly these files, and records it. Throws `refused.prepare` where the commands fail,
 * and then nothing of it is left.
 */
export async function installSet(options: {
  readonly night: Night;
  readonly repo: string;
  readonly inputs: PrepareInputs;
  readonly files: readonly SetFile[];
  /** Whose containers they are. */
  readonly attempt: AttemptRef;
  readonly slot: number;
  readonly owner?: SetOwner;
}): Promise<DependencySet> {
  const { night, repo, inputs, owner, attempt, slot } = options;
  const { settings, recipe, key } = inputs;
  const installer = await openInstaller({ night, repo, settings, attempt, slot });
  const { preparation, access } = installer;
  const whose = ownerData(owner);
  await night.record.record({
    type: "prepare.started",
    data: {
      repo,
      ...whose,
      key,
      files: [...recipe.files],
      commands: [...recipe.commands],
      registries: access.registries.map(({ url }) => url),
      scripts: settings.allowScripts,
    },
  });
  const startedMs = night.deps.clock.monotonicMs();
  const set = await preparation.dependencies.open({ attempt, slot });
  return await withCleanUp(
    async () => {
      await putInputs(installer, set, options.files);
      const ended = await runInstaller(installer, set, recipe);
      const size = ended.run.allPassed ? await set.settle([PREPARE_FOLDER, ...recipe.files]) : undefined;
      const facts = size ? heldToLimits(ended, size, night.order.limits) : ended;
      const durationMs = Math.round(night.deps.clock.monotonicMs() - startedMs);
      if (!size || !facts.run.allPassed) {
        const nothing = { repo, ...whose, key, set: null, path: [], inodes: 0, bytes: 0 };
        const verdict = verdictOf(facts);
        await night.record.record({
          type: "prepare.finished",
          data: { ...nothing, result: "failed", durationMs, verdict },
        });
        throw installFailure(repo, facts);
      }
      const made: DependencySet = { id: set.id, key, path: recipe.path, ...size };
      // From here on it is a set: a crash before this line leaves nothing that anybody would use.
      await recordSet(night, { repo, set: made, owner, result: "prepared", durationMs });
      return made;
    },
    async () => await set.close(),
  );
}

/** Records that there is a set: it was made, or is used again. */
export async function recordSet(
  night: Night,
  options: {
    readonly repo: string;
    readonly set: DependencySet;
    readonly owner: SetOwner | undefined;
    readonly result: "prepared" | "cached";
    readonly durationMs: number;
  },
): Promise<void> {
  const { repo, set, owner, result, durationMs } = options;
  const { id, key, path, inodes, bytes } = set;
  const size = { path: [...path], inodes, bytes };
  await night.record.record({
    type: "prepare.finished",
    data: { repo, ...ownerData(owner), set: id, key, ...size, result, durationMs, verdict: null },
  });
}

function ownerData(owner: SetOwner | undefined): Pick<EventData<"prepare.started">, "of" | "source"> {
  if (!owner) return {};
  const { task, attempt, token } = owner.of;
  return { of: { task, attempt, token }, source: owner.source };
}

/** A short installation is over before its tree is looked at for the first time: what it has left is held to the caps, too. */
function heldToLimits(
  facts: InstallerRun,
  { bytes, inodes }: Pick<DependencySet, "bytes" | "inodes">,
  limits: Pick<Limits, "disk" | "inodes">,
): InstallerRun {
  const over = (reason: "disk" | "inodes", seen: number): InstallerRun => {
    const { run } = facts;
    return { ...facts, run: { ...run, allPassed: false, end: { ...run.end, reason, seen } } };
  };
  if (bytes > limits.disk) return over("disk", bytes);
  return inodes > limits.inodes ? over("inodes", inodes) : facts;
}
