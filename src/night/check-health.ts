import type { EventData } from "../core/event.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import { lastProbeValues } from "../core/probe.ts";
import { GatewayRecord } from "./gateway-record.ts";
import type { History } from "./history.ts";
import type { Night } from "./night.ts";

/** Runs the health checks and records each. Throws `refused.probe`, with all that was refused, where the night must not start. */
export async function checkHealth(night: Night, history: History): Promise<void> {
  const refused: EventData<"probe.finished">[] = [];
  /** One for each hello, by its token. */
  const gateways = new Map<string, GatewayRecord>();
  await night.deps.runProbes({
    previous: lastProbeValues(history.nights.flatMap(({ probes }) => probes)),
    signal: night.stop,
    onResult: async (result) => {
      if (result.verdict === "refused") refused.push(result);
      await night.record.record({ type: "probe.finished", data: result });
    },
    onFact: (attempt, fact) => {
      const record = gateways.get(attempt.token) ?? new GatewayRecord(night, attempt);
      gateways.set(attempt.token, record);
      record.onFact(fact);
    },
  });
  for (const record of gateways.values()) await record.flush();
  const [first] = refused;
  if (!first) return;
  throw new NightwardenError({
    code: "refused.probe",
    message: refused.map(({ probe, subject, message }) => `${probe} ${subject}: ${message}`).join("\n"),
    ...(first.hint === undefined ? {} : { hint: first.hint }),
  });
}
