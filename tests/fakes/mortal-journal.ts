import type { Journal, JournalContents, JournalStore } from "../../src/contracts/journal.ts";
import type { EventType, NightwardenEvent } from "../../src/core/event.ts";
import type { NightId } from "../../src/core/ids.ts";

/**
 * A journal whose process dies: once an event of a chosen type is durable, nothing can be written any more, just as
 * after kill -9. What the flow still does in memory after that goes unrecorded.
 */
export class MortalJournalStore implements JournalStore {
  private readonly inner: JournalStore;
  private readonly opened: Journal[] = [];
  private lastWords: EventType | undefined;
  private isDead = false;

  constructor(inner: JournalStore) {
    this.inner = inner;
  }

  crashAfter(type: EventType): void {
    this.lastWords = type;
  }

  /** The next process: the same files, and no journal open. */
  async recover(): Promise<void> {
    this.lastWords = undefined;
    this.isDead = false;
    for (const journal of this.opened.splice(0)) await journal.close();
  }

  async nights(): Promise<NightId[]> {
    return await this.inner.nights();
  }

  async read(night: NightId | null): Promise<JournalContents> {
    return await this.inner.read(night);
  }

  async open(night: NightId | null, onAppend?: (event: NightwardenEvent) => void): Promise<Journal> {
    const journal = await this.inner.open(night, onAppend);
    this.opened.push(journal);
    return {
      append: async (fact) => {
        if (this.isDead) throw new Error("the process is dead");
        if (fact.type === this.lastWords) this.isDead = true;
        const event = await journal.append(fact);
        if (this.isDead) throw new Error("the process died");
        return event;
      },
      close: async () => await journal.close(),
    };
  }
}
