import { agentScript, CAPPED_PROGRAMS } from "../../tests/fixtures/capped-programs.ts";

/** A task of the soak, and what must come of it. */
export interface SoakTask {
  readonly id: string;
  readonly script: string;
  readonly verify: string;
  readonly limits: Readonly<Record<string, unknown>>;
  /** `landed`, or the reason for which it fails. */
  readonly expected: string;
}

/** Tasks of which about six in ten reach a cap, by a seed: the same seed gives the same tasks. */
export function soakTasks(count: number, seed: number): SoakTask[] {
  const random = seeded(seed);
  return Array.from({ length: count }, (_, index): SoakTask => {
    const id = `soak-${index}`;
    const program = CAPPED_PROGRAMS[Math.floor(random() * CAPPED_PROGRAMS.length)];
    if (!program || random() > 0.6)
      return { id, script: agentScript("true", id), verify: "true", limits: {}, expected: "landed" };
    return {
      id,
      script: agentScript(program.script, id),
      verify: program.verify ?? "true",
      limits: program.limits,
      expected: program.reason,
    };
  });
}

/** Numbers from 0 to 1 that look random (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
