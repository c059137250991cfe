import type { ModelAnswer } from "../core/gateway-protocol.ts";

/** How one exchange with the API has ended. */
export interface ExchangeEnd {
  readonly result: ModelAnswer["result"];
  readonly errorCode?: string | null;
  readonly retryAtMs?: number | null;
}
