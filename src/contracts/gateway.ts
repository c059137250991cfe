import type { SandboxModel } from "./agent.ts";
import type { AttemptRef } from "../core/attempt.ts";
import type { EgressDenial, GatewayMessage, ModelAnswer } from "../core/gateway-protocol.ts";
import type { Credential, Provider, Upstream } from "../core/provider.ts";
import type { Price } from "../core/usage.ts";

/** Everything that an attempt's gateway must know about the model API, the secret included. Made anew for each attempt. */
export interface ModelAccess {
  readonly provider: Provider;
  readonly credential: Credential;
  readonly upstream: Upstream;
  /** Exact names. */
  readonly models: readonly string[];
  readonly maxOutputTokens: number;
  readonly prices: Readonly<Record<string, Price>>;
}

/**
 * The one way out of a sandbox: a reverse proxy to the model API that holds the key.
 *
 * - `open` resolves as soon as a sandbox can be given the gateway; it may still be starting. `ready` resolves when it
 *   serves, and rejects with `infra.gateway` where it cannot.
 * - Nothing but `open`'s own request reaches it: the key is in no file, argument, environment or log.
 * - `close` may be called at any time and again; when it resolves, nothing of the gateway is left, and every fact has
 *   been told.
 */
export interface Gateways {
  open(request: GatewayRequest): Promise<OpenGateway>;
}

export interface GatewayRequest {
  readonly attempt: AttemptRef;
  readonly access: ModelAccess;
  /** What this attempt may still use. */
  readonly budget: { readonly tokens: number; readonly costUsd: number };
  /** Sees each fact, in order. Must not throw. */
  readonly onFact: (fact: GatewayFact) => void;
}

export type GatewayFact =
  | { readonly type: "answered"; readonly answer: ModelAnswer }
  | { readonly type: "denied"; readonly denial: EgressDenial }
  /** A part of an answer has come: a sign of life, and no fact for the record. */
  | { readonly type: "alive" }
  | Extract<GatewayMessage, { readonly type: "over-budget" }>
  /** It ended by itself: nothing more is served. */
  | { readonly type: "died"; readonly message: string };

/** The one way out of a sandbox, whatever it leads to. */
export interface WayOut {
  /** Names it to a person. */
  readonly id: string;
  ready(): Promise<void>;
  close(): Promise<void>;
}

export interface OpenGateway extends WayOut {
  /** What the agent in the sandbox is told. */
  readonly model: SandboxModel;
}
