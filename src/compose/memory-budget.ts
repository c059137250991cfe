import { totalmem } from "node:os";
import type { Config } from "../config/config.ts";
import { defaultMemoryBudget } from "../core/admission.ts";
import { readEngineFacts } from "../health/read-engine-facts.ts";
import type { MemoryBudget } from "../night/deps.ts";
import { COLLECTOR_MEMORY_BYTES, GATEWAY_MEMORY_BYTES } from "../sandbox/docker/container-spec.ts";
import type { BackEnd } from "./back-end.ts";

/** What the programs of a night may use together: what the configuration says, or what the engine's machine, or this one, has. */
export async function memoryBudget(
  { engine }: Pick<BackEnd, "engine">,
  { sandbox }: Pick<Config, "sandbox">,
): Promise<MemoryBudget> {
  const own = { collectorBytes: COLLECTOR_MEMORY_BYTES, gatewayBytes: GATEWAY_MEMORY_BYTES };
  if (sandbox.memoryBudgetBytes !== undefined) return { ...own, budgetBytes: sandbox.memoryBudgetBytes };
  const machineBytes = engine ? (await readEngineFacts(engine)).memoryBytes : null;
  return { ...own, budgetBytes: defaultMemoryBudget(machineBytes ?? totalmem()) };
}
