import { setTimeout as sleep } from "node:timers/promises";
import { Inspection } from "./after-case.ts";
import { sing } from "./canary.ts";
import type { HostileCase, HostileRecord, Results } from "./hostile-case.ts";
import type { HostileWorld } from "./hostile-world.ts";
import { judgeCase } from "./judge-case.ts";

export const DEFAULT_DEADLINE_MS = 120_000;

/**
 * One case: the attack while a sibling works, a look at all that must not have changed, and the control. A guard that
 * held and left something behind has not held.
 */
export async function runCase(world: HostileWorld, theCase: HostileCase): Promise<HostileRecord> {
  const { id, title, on, control: controlInWords, deadlineMs = DEFAULT_DEADLINE_MS } = theCase;
  const asRoot = world.backEnd.asRoot ? theCase.asRoot : undefined;
  const record = {
    id,
    title,
    on,
    control: controlInWords,
    backEnd: world.backEnd.name,
    asRoot: asRoot !== undefined,
  } as const;
  const ended = new AbortController();
  const late = sleep(deadlineMs, undefined, { signal: ended.signal }).then(() => {
    throw new Error(`it did not end within ${deadlineMs} ms`);
  });
  late.catch(() => undefined);
  const deadline = new AbortController();
  world.deadline = deadline.signal;
  const inTime = async <T>(work: Promise<T>): Promise<T> => await Promise.race([work, late]);
  const inspection = new Inspection(world);
  try {
    const { commit } = await world.repository.prepare("main");
    const song = sing(world.backEnd.under, world.repository.treeSource(commit));
    song.catch(() => undefined);
    const attacks: Results[] = [await inTime(theCase.attack(world))];
    const problems = [...(await inTime(song))];
    if (asRoot) attacks.push(await inTime(asRoot(world)));
    problems.push(...(await inTime(inspection.finish())));
    if (problems.length > 0) return { ...record, verdict: "survived", why: problems.join("; ") };
    const control = await inTime(theCase.unguarded(world));
    return { ...record, ...judgeCase(theCase, { attacks, control }) };
  } catch (error) {
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { ...record, verdict: "inconclusive", why };
  } finally {
    ended.abort();
    // What has not ended by itself must not run on into the next case.
    deadline.abort();
    await world.idle();
  }
}
