/** What the scripted API has seen, as its control plane shows it. Bytes are latin1 text: one character for each byte. */

export interface RecordedConnection {
  readonly id: number;
  /** Every byte that arrived after the handshake, also those that were no HTTP. */
  readonly bytes: string;
  /** Why no TLS connection came about, as the server saw it; null where one did. */
  readonly handshakeError: string | null;
  /** Why the HTTP parser gave up; null where it did not. */
  readonly malformed: string | null;
}

export interface RecordedRequest {
  readonly run: string;
  readonly connection: number;
  readonly method: string;
  /** As it arrived. */
  readonly url: string;
  /** Without the run and the query. */
  readonly path: string;
  readonly httpVersion: string;
  /** Names and values by turns, as they arrived. */
  readonly rawHeaders: readonly string[];
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Which `byPrompt` entry answered; null: the scenario's own turns, or none. */
  readonly prompt: string | null;
  /** Which turn answered, and the kind of its answer; null where the request is for no model. */
  readonly turn: number | null;
  readonly answer: string | null;
  /** null: no head was sent. */
  readonly status: number | null;
  /**
   * `open`: it is still being answered. `complete`: all was sent that the scenario has. `broken`: the server broke the
   * connection. `client-gone`: the client closed it before the end.
   */
  readonly end: "open" | "complete" | "broken" | "client-gone";
}
