import { randomBytes } from "node:crypto";
import type { GatewayRequest } from "../contracts/gateway.ts";
import type { GatewayCaps, GatewayConfig } from "../core/gateway-protocol.ts";

const MIB = 1024 * 1024;
const MINUTE_MS = 60_000;

/** What a gateway serves to one attempt, beside the attempt's budget. */
export type GatewayServiceCaps = Omit<GatewayCaps, "tokens" | "costUsd">;

/** What no gateway serves beyond, whatever the attempt's budget. */
const CAPS: GatewayServiceCaps = {
  // Of two such bodies at the same time, parsed, copied and written anew, its memory has room for all that they become.
  requestBytes: 16 * MIB,
  responseBytes: 64 * MIB,
  concurrent: 8,
  requestsPerMinute: 240,
  firstByteMs: 2 * MINUTE_MS,
  idleMs: 2 * MINUTE_MS, // providers send a sign of life every few seconds
  answerMs: 20 * MINUTE_MS,
};

/** What a gateway is told when it starts, with a token of the attempt's own. */
export function newGatewayConfig(
  { access, budget }: Pick<GatewayRequest, "access" | "budget">,
  caps: Partial<GatewayServiceCaps> = {},
): GatewayConfig {
  const token = `nightwarden-${randomBytes(32).toString("hex")}`;
  return { ...access, token, caps: { ...CAPS, ...caps, ...budget } };
}
