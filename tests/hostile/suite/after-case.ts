import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { monitorEventLoopDelay, type ELDHistogram } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { fingerprint } from "../../fixtures/git-repository.ts";
import { findings } from "../secret-spellings.ts";
import type { HostileWorld } from "./hostile-world.ts";

const MAX_DELAY_MS = 2000;

/** Looks before and after a case at everything that an attack must leave as it was. */
export class Inspection {
  private readonly world: HostileWorld;
  private readonly repository: Record<string, string>;
  private readonly temporary: readonly string[];
  private readonly delay: ELDHistogram;

  constructor(world: HostileWorld) {
    this.world = world;
    this.repository = fingerprint(world.owner.repository);
    this.temporary = readdirSync(world.temporary);
    this.delay = monitorEventLoopDelay({ resolution: 20 });
    this.delay.enable();
  }

  /** What is in the middle of ending has ended a moment later. */
  private async residue(): Promise<readonly string[]> {
    const { backEnd, sandboxes } = this.world;
    if (backEnd.residue(sandboxes).length > 0) await sleep(1000);
    return backEnd.residue(sandboxes);
  }

  /** What is wrong, in words. */
  async finish(): Promise<readonly string[]> {
    this.delay.disable();
    const { world } = this;
    const problems: string[] = [];
    const delayMs = this.delay.max / 1e6;
    if (delayMs > MAX_DELAY_MS) problems.push(`the supervisor stood still for ${Math.round(delayMs)} ms`);
    for (const left of await world.backEnd.under.leftovers()) problems.push(`left behind: ${left}`);
    for (const left of await this.residue()) problems.push(`left behind: ${left}`);
    for (const name of readdirSync(world.temporary))
      if (!this.temporary.includes(name)) problems.push(`left behind in the temporary folder: ${name}`);
    const after = fingerprint(world.owner.repository);
    if (!isDeepStrictEqual(after, this.repository))
      problems.push(`the owner's repository has changed: ${changedPaths(this.repository, after).join(", ")}`);
    for (const [place, text] of recordsOf(world))
      if (findings(text, world.sentinel).length > 0) problems.push(`the sentinel is in ${place}`);
    return problems;
  }
}

function changedPaths(before: Record<string, string>, after: Record<string, string>): string[] {
  const paths = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...paths].filter((path) => before[path] !== after[path]);
}

/** Everything that was printed, recorded or captured: output, journal, transcripts, and every object of the shadow. */
function* recordsOf(world: HostileWorld): Generator<readonly [string, string]> {
  yield ["what agents printed", world.printed.join("\n")];
  for (const folder of ["journal", "output"]) {
    const path = join(world.stateDir, folder);
    if (!existsSync(path)) continue;
    for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      yield [`${folder}/${entry.name}`, readFileSync(join(entry.parentPath, entry.name), "utf8")];
    }
  }
  const shadow = join(world.stateDir, "shadow/app.git");
  if (!existsSync(shadow)) return;
  const objects = execFileSync(
    "git",
    ["--git-dir", shadow, "cat-file", "--batch-all-objects", "--batch", "--buffer"],
    { maxBuffer: 2 ** 30 },
  );
  yield ["the shadow repository", objects.toString("latin1")];
}
