import type { Journal } from "../contracts/journal.ts";
import type { Fact, NightwardenEvent } from "../core/event.ts";
import { apply, type NightState } from "../core/night-state.ts";

/**
 * The night's journal and the state that follows from it. Whatever the flow does, it records first what it is about to
 * do, and the state changes by the recorded event and in no other way.
 */
export class NightRecord {
  readonly state: NightState;
  private readonly journal: Journal;

  constructor(state: NightState, journal: Journal) {
    this.state = state;
    this.journal = journal;
  }

  /** Durable when it resolves. */
  async record(fact: Fact): Promise<NightwardenEvent> {
    const event = await this.journal.append(fact);
    apply(this.state, event);
    return event;
  }

  async close(): Promise<void> {
    await this.journal.close();
  }
}
