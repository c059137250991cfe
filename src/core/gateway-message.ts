import { z } from "zod";
import { EVENT_DATA } from "./event.ts";
import type { GatewayMessage } from "./gateway-protocol.ts";

const ownOnly = { task: true, attempt: true, token: true } as const;

const message: z.ZodType<GatewayMessage> = z.discriminatedUnion("type", [
  z.object({ type: z.literal("ready"), port: z.number().int().positive().optional() }),
  z.object({ type: z.literal("alive") }),
  z.object({ type: z.literal("answered"), answer: EVENT_DATA["model.answered"].omit(ownOnly) }),
  z.object({ type: z.literal("denied"), denial: EVENT_DATA["egress.denied"].omit(ownOnly) }),
  z.object({
    type: z.literal("over-budget"),
    cap: z.enum(["tokens", "cost"]),
    limit: z.number(),
    value: z.number(),
  }),
]);

/** A gateway's line; undefined where it is none. The gateway is ours, but it reads what an agent sends. */
export function parseGatewayMessage(line: string): GatewayMessage | undefined {
  try {
    return message.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
