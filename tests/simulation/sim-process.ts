import type { SeededRandom } from "./seeded-random.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** When a process dies: before its n-th step, or when that has happened and nobody knows of it. */
export interface Death {
  readonly atStep: number;
  readonly after: boolean;
}

/**
 * One supervisor process. Everything that it does to the world is a step; when it dies, nothing that it asked for is
 * ever answered, and nothing of it happens any more, as after kill -9.
 */
export class SimProcess {
  readonly random: SeededRandom;
  steps = 0;
  isDead = false;
  private readonly time: VirtualTime;
  private readonly death: Death | undefined;

  constructor(options: {
    readonly time: VirtualTime;
    readonly random: SeededRandom;
    readonly death?: Death | undefined;
  }) {
    this.time = options.time;
    this.random = options.random;
    this.death = options.death;
  }

  /** Does something to the world, which takes up to `maxMs`, and happens at the end of it. */
  async does<T>(effect: () => T | Promise<T>, maxMs = 0): Promise<T> {
    const step = this.begin();
    if (step === undefined) return await never();
    if (maxMs > 0) await this.time.pass(Math.round(this.random.next() * maxMs));
    if (this.isDead) return await never();
    const result = await effect();
    return this.isDead || this.diesAfter(step) ? await never() : result;
  }

  /** The same for what happens at once, in the order of the calls; undefined: the process is dead. */
  begin(): number | undefined {
    if (this.isDead) return undefined;
    this.steps += 1;
    if (this.death?.atStep === this.steps && !this.death.after) this.isDead = true;
    return this.isDead ? undefined : this.steps;
  }

  /** Whether it dies now that a step has happened. */
  diesAfter(step: number): boolean {
    if (this.death?.atStep === step && this.death.after) this.isDead = true;
    return this.isDead;
  }
}

/** What a dead process is answered. */
export async function never(): Promise<never> {
  return await new Promise<never>(() => undefined);
}
