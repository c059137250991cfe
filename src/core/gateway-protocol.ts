import type { EventData } from "./event.ts";
import type { Credential, Provider, Upstream } from "./provider.ts";
import type { Price } from "./usage.ts";

/**
 * What the supervisor and a gateway say to each other. The gateway is the only program of an attempt that holds the
 * key: it gets one line of JSON on its standard input after it has started, and answers with one line of JSON for each
 * fact on standard output. It ends when its standard input ends.
 */

/** The folder of the socket, in the gateway's container (writable) and in the sandbox (read-only). */
export const GATEWAY_FOLDER = "/run/gateway";
export const GATEWAY_SOCKET = `${GATEWAY_FOLDER}/api.sock`;
/** Where the shim listens in the sandbox and forwards to the socket. */
export const GATEWAY_PORT = 8402;

export interface GatewayConfig {
  readonly provider: Provider;
  /** What the sandbox must present: the attempt's own, worth nothing anywhere else. */
  readonly token: string;
  readonly credential: Credential;
  readonly upstream: Upstream;
  /** Exact names; a request for another model is refused. */
  readonly models: readonly string[];
  /** A request's own limit on what the model may answer is lowered to this. */
  readonly maxOutputTokens: number;
  /** By model. A model without a price costs nothing here: whether that is allowed is decided before. */
  readonly prices: Readonly<Record<string, Price>>;
  readonly caps: GatewayCaps;
}

export interface GatewayCaps {
  /** All tokens of the attempt together, and US dollars. Over either, the answer is cut and nothing more is served. */
  readonly tokens: number;
  readonly costUsd: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** At one time. */
  readonly concurrent: number;
  readonly requestsPerMinute: number;
  /** From the end of a request to the answer's first byte. */
  readonly firstByteMs: number;
  /** Silence inside an answer. */
  readonly idleMs: number;
  /** A whole answer. */
  readonly answerMs: number;
}

/** One answer of the model API, or the lack of one. */
export type ModelAnswer = Omit<EventData<"model.answered">, "task" | "attempt" | "token">;

/** A request that was refused and never reached the API. What was tried is untrusted text: escape it. */
export type EgressDenial = Omit<EventData<"egress.denied">, "task" | "attempt" | "token">;

export type GatewayMessage =
  /** It listens; `port`: on this one of the loopback interface, and on no socket. */
  | { readonly type: "ready"; readonly port?: number | undefined }
  | { readonly type: "answered"; readonly answer: ModelAnswer }
  | { readonly type: "denied"; readonly denial: EgressDenial }
  /** A part of an answer has come. Told every few seconds while answers come: a long one is no silence. */
  | { readonly type: "alive" }
  /** A cap was reached: nothing more is served. `value` is what was seen, `limit` what was allowed. */
  | {
      readonly type: "over-budget";
      readonly cap: "tokens" | "cost";
      readonly limit: number;
      readonly value: number;
    };
