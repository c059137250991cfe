import type { Journal, JournalContents, JournalStore } from "../../src/contracts/journal.ts";
import { EVENT_DATA, type Fact, type NightwardenEvent } from "../../src/core/event.ts";
import type { NightId } from "../../src/core/ids.ts";
import { NightwardenError } from "../../src/core/nightwarden-error.ts";
import { never, type SimProcess } from "./sim-process.ts";
import type { VirtualTime } from "./virtual-time.ts";

interface Stream {
  readonly id: string;
  readonly events: NightwardenEvent[];
  /** Who may write now: the process that has opened it last. */
  writer: object | undefined;
  /** The line that is being written. */
  last: Promise<unknown>;
}

const WORKSPACE = "00000000-0000-4000-8000-000000000000";

/** All journals of a workspace, in memory: what stays when a process dies. */
export class SimJournals {
  readonly streams = new Map<NightId | null, Stream>();
  /** Sees each event as soon as it is durable, before whoever wrote it does. */
  onDurable: (event: NightwardenEvent, process: SimProcess) => void = () => undefined;
  private readonly time: VirtualTime;
  private readonly isSlow: boolean;

  constructor(options: { readonly time: VirtualTime; readonly isSlow: boolean }) {
    this.time = options.time;
    this.isSlow = options.isSlow;
  }

  /** The store as one process sees it. */
  storeOf(process: SimProcess): JournalStore {
    return {
      nights: async () => await process.does(() => this.nights()),
      read: async (night) => await process.does(() => this.read(night)),
      open: async (night, onAppend) => await process.does(() => this.open(process, night, onAppend)),
    };
  }

  nights(): NightId[] {
    return [...this.streams].flatMap(([night, { events }]) => (night && events.length > 0 ? [night] : []));
  }

  read(night: NightId | null): JournalContents {
    return { events: [...(this.streams.get(night)?.events ?? [])], tornBytes: 0 };
  }

  private open(
    process: SimProcess,
    night: NightId | null,
    onAppend: (event: NightwardenEvent) => void = () => undefined,
  ): Journal {
    const stream = this.stream(night);
    const me = { isClosed: false };
    stream.writer = me;
    stream.last = Promise.resolve(); // what a dead process has begun to write never ends
    const write = (fact: Fact): NightwardenEvent => {
      if (me.isClosed) throw new Error("the journal is closed");
      if (stream.writer !== me)
        throw new NightwardenError({ code: "infra.journal", message: "another process writes this journal" });
      const event = this.seal(stream, night, fact);
      stream.events.push(event);
      this.onDurable(event, process);
      onAppend(event);
      return event;
    };
    const append = async (fact: Fact): Promise<NightwardenEvent> => {
      const step = process.begin();
      if (step === undefined) return await never();
      if (this.isSlow) await this.time.pass(Math.round(process.random.next() * 40));
      else await Promise.resolve(); // durable later, as on disk
      if (process.isDead) return await never();
      const event = write(fact);
      return process.diesAfter(step) ? await never() : event;
    };
    return {
      append: async (fact) => {
        if (!this.isSlow || process.isDead) return await append(fact);
        const mine = stream.last.then(async () => await append(fact));
        stream.last = mine.catch(() => undefined);
        return await mine;
      },
      close: async () => {
        await process.does(() => {
          me.isClosed = true;
        });
      },
    };
  }

  /** When all that was begun to be written by now is written. */
  async settled(night: NightId): Promise<void> {
    await this.stream(night).last;
  }

  /** A fact of the world's own, which no process has written: see the fault `give-up`. */
  append(night: NightId, fact: Fact, process: SimProcess): NightwardenEvent {
    const event = this.put(night, fact);
    this.onDurable(event, process);
    return event;
  }

  /** Between two nights: what a person or another command has recorded. */
  say(fact: Fact): NightwardenEvent {
    return this.put(null, fact);
  }

  private put(night: NightId | null, fact: Fact): NightwardenEvent {
    const stream = this.stream(night);
    const event = this.seal(stream, night, fact);
    stream.events.push(event);
    return event;
  }

  private stream(night: NightId | null): Stream {
    const known = this.streams.get(night);
    if (known) return known;
    const number = this.streams.size.toString(16).padStart(12, "0");
    const made: Stream = {
      id: `00000000-0000-4000-9000-${number}`,
      events: [],
      writer: undefined,
      last: Promise.resolve(),
    };
    this.streams.set(night, made);
    return made;
  }

  /** The envelope of the real journal, but for the hashes: numbers take their place. */
  private seal(stream: Stream, night: NightId | null, fact: Fact): NightwardenEvent {
    const parsed = EVENT_DATA[fact.type].safeParse(fact.data);
    if (!parsed.success) throw new TypeError(`"${fact.type}" cannot be recorded: ${parsed.error.message}`);
    const seq = stream.events.length;
    return {
      v: 1,
      stream: stream.id,
      workspace: WORKSPACE,
      seq,
      at: this.time.now().toISOString(),
      night,
      actor: "simulation",
      type: fact.type,
      data: Object.freeze(parsed.data), // nobody changes what was recorded
      prev: hashOf(seq - 1),
      hash: hashOf(seq),
    } as NightwardenEvent;
  }
}

function hashOf(seq: number): string {
  return (seq + 1).toString(16).padStart(64, "0");
}
