import type { AttemptRef } from "../core/attempt.ts";
import type { EgressDenial } from "../core/gateway-protocol.ts";
import type { RegistryConfig } from "../core/registry-protocol.ts";
import type { WayOut } from "./gateway.ts";

/**
 * The one way out of a sandbox that installs dependencies. Like `Gateways`: `open` resolves as soon as a sandbox can be
 * given it, the credentials in `config` are in no file, argument, environment or log, and when `close` resolves, nothing is
 * left and every fact has been told.
 */
export interface Registries {
  open(request: RegistryRequest): Promise<WayOut>;
}

export interface RegistryRequest {
  readonly attempt: AttemptRef;
  readonly config: Omit<RegistryConfig, "caps">;
  /** Sees each refusal, in order. Must not throw. */
  readonly onDenied: (denial: EgressDenial) => void;
  /** It ended by itself: nothing more is served. Must not throw. */
  readonly onDied: (message: string) => void;
}
