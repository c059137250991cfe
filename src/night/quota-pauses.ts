import type { NextStep } from "../core/next-step.ts";
import type { Night } from "./night.ts";
import { waitForQuota } from "./wait-for-quota.ts";

/** Waits for the quotas of agents, while others go on. */
export class QuotaPauses {
  private readonly night: Night;
  private readonly stopped = new AbortController();
  private readonly waits = new Map<string, Promise<() => undefined>>();

  constructor(night: Night) {
    this.night = night;
  }

  async begin({ task, agent, until, detail }: Extract<NextStep, { kind: "pause" }>): Promise<void> {
    await this.night.record.record({ type: "night.paused", data: { task, agent, until, detail } });
    const wait = this.wait(agent, until);
    wait.catch(() => undefined); // whoever waits for the first end hears of it
    this.waits.set(agent, wait);
  }

  /** Each resolves when a wait is over, to what lets go of it. */
  ends(): Promise<() => undefined>[] {
    return [...this.waits.values()];
  }

  /** Nobody waits any more. */
  async stop(): Promise<void> {
    this.stopped.abort(new DOMException("the night ends", "AbortError"));
    await Promise.allSettled(this.waits.values());
  }

  private async wait(agent: string, until: string): Promise<() => undefined> {
    const signal = AbortSignal.any([this.night.stop, this.stopped.signal]);
    await waitForQuota(this.night, { agent, until }, signal);
    return () => void this.waits.delete(agent);
  }
}
