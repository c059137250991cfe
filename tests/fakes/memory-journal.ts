import { randomUUID } from "node:crypto";
import type { Clock } from "../../src/contracts/clock.ts";
import type { Journal, JournalContents, JournalStore } from "../../src/contracts/journal.ts";
import type { NightwardenEvent } from "../../src/core/event.ts";
import type { NightId } from "../../src/core/ids.ts";
import { CHAIN_START, sealEvent, type ChainEnd } from "../../src/journal/seal-event.ts";
import { TickingClock } from "./ticking-clock.ts";

/** Journals in memory, with the same envelopes and the same order as on disk; for the tests of the night's flow. */
export class MemoryJournalStore implements JournalStore {
  private readonly workspace = randomUUID();
  private readonly streams = new Map<
    NightId | null,
    { readonly id: string; readonly events: NightwardenEvent[] }
  >();
  private readonly open_ = new Set<NightId | null>();
  private readonly clock: Clock;

  constructor(options: { readonly clock?: Clock } = {}) {
    this.clock = options.clock ?? new TickingClock();
  }

  /** The same journals, none of them open, to go on with apart from these. */
  copy(): MemoryJournalStore {
    const copy = new MemoryJournalStore({ clock: this.clock });
    Object.assign(copy, { workspace: this.workspace });
    for (const [night, { id, events }] of this.streams) copy.streams.set(night, { id, events: [...events] });
    return copy;
  }

  async nights(): Promise<NightId[]> {
    const begun = [...this.streams].flatMap(([night, { events }]) =>
      night && events[0] ? [{ night, at: events[0].at }] : [],
    );
    return begun.sort((a, b) => a.at.localeCompare(b.at)).map(({ night }) => night);
  }

  async read(night: NightId | null): Promise<JournalContents> {
    return { events: [...(this.streams.get(night)?.events ?? [])], tornBytes: 0 };
  }

  async open(
    night: NightId | null,
    onAppend: (event: NightwardenEvent) => void = () => {},
  ): Promise<Journal> {
    if (this.open_.has(night)) throw new Error("the journal is open already");
    this.open_.add(night);
    if (this.streams.size === 0) await this.createWorkspace();
    const stream = this.streams.get(night) ?? { id: randomUUID(), events: [] };
    this.streams.set(night, stream);
    let closed = false;
    let after: ChainEnd = stream.events.at(-1) ?? CHAIN_START;
    return {
      append: async (fact) => {
        if (closed) throw new Error("the journal is closed");
        const identity = { stream: stream.id, workspace: this.workspace, night };
        const { event } = sealEvent({ fact, identity, actor: "test", at: this.clock.now(), after });
        after = event;
        await Promise.resolve(); // durable later, as on disk
        stream.events.push(event);
        onAppend(event);
        return event;
      },
      close: async () => {
        closed = true;
        this.open_.delete(night);
      },
    };
  }

  private async createWorkspace(): Promise<void> {
    this.streams.set(null, { id: randomUUID(), events: [] });
    const isOpen = this.open_.delete(null);
    const journal = await this.open(null);
    await journal.append({ type: "workspace.created", data: { version: "0.0.0" } });
    await journal.close();
    if (isOpen) this.open_.add(null);
  }
}
