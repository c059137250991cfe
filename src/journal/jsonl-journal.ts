import type { Clock } from "../contracts/clock.ts";
import type { Journal } from "../contracts/journal.ts";
import type { Fact, NightwardenEvent } from "../core/event.ts";
import type { DurableFile } from "./durable-file.ts";
import { sealEvent, type ChainEnd, type StreamIdentity } from "./seal-event.ts";

/** One open stream: gives each fact its place in the chain and hands the line to the file. */
export class JsonlJournal implements Journal {
  private readonly identity: StreamIdentity;
  private readonly actor: string;
  private readonly clock: Clock;
  private readonly file: DurableFile;
  private end: ChainEnd;
  private closed = false;

  constructor(options: {
    readonly identity: StreamIdentity;
    readonly actor: string;
    readonly clock: Clock;
    readonly file: DurableFile;
    readonly end: ChainEnd;
  }) {
    this.identity = options.identity;
    this.actor = options.actor;
    this.clock = options.clock;
    this.file = options.file;
    this.end = options.end;
  }

  async append(fact: Fact): Promise<NightwardenEvent> {
    if (this.closed) throw new Error(`"${fact.type}" came after the journal was closed`);
    // No await before the line is handed over: the order of the calls is the order of the chain.
    const { identity, actor, end: after } = this;
    const { event, line } = sealEvent({ fact, identity, actor, at: this.clock.now(), after });
    this.end = { seq: event.seq, hash: event.hash };
    await this.file.append(line);
    return event;
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.file.close();
  }
}
