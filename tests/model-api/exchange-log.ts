import type { RecordedConnection, RecordedRequest } from "./recorded.ts";

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

interface Connection {
  readonly id: number;
  readonly chunks: Buffer[];
  handshakeError: string | null;
  malformed: string | null;
}

/** Keeps everything that the server receives, until it is told to forget. */
export class ExchangeLog {
  private connections: Connection[] = [];
  private requests: Writable<RecordedRequest>[] = [];
  private lastConnection = 0;
  private readonly watchers = new Set<() => void>();

  connect(): Connection {
    this.lastConnection += 1;
    const connection = { id: this.lastConnection, chunks: [], handshakeError: null, malformed: null };
    this.connections.push(connection);
    return connection;
  }

  /** The record can still be written: a request's end comes later than its start. */
  add(request: RecordedRequest): Writable<RecordedRequest> {
    const record = { ...request };
    this.requests.push(record);
    this.changed();
    return record;
  }

  changed(): void {
    for (const look of this.watchers) look();
  }

  requestsOf(run?: string): readonly RecordedRequest[] {
    return run === undefined ? this.requests : this.requests.filter((request) => request.run === run);
  }

  allConnections(): RecordedConnection[] {
    return this.connections.map(({ id, chunks, handshakeError, malformed }) => {
      const bytes = Buffer.concat(chunks).toString("latin1");
      return { id, bytes, handshakeError, malformed };
    });
  }

  /** Forgets a run's requests; without a run, all requests and connections. */
  forget(run?: string): void {
    this.requests = run === undefined ? [] : this.requests.filter((request) => request.run !== run);
    if (run === undefined) this.connections = [];
  }

  /** Resolves as soon as `isReached` says so, which is asked now and after every change, or when it is aborted. */
  async until(isReached: () => boolean, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const settle = (): void => {
        this.watchers.delete(look);
        signal.removeEventListener("abort", settle);
        resolve();
      };
      const look = (): void => {
        if (isReached()) settle();
      };
      this.watchers.add(look);
      signal.addEventListener("abort", settle, { once: true });
      look();
    });
  }
}
