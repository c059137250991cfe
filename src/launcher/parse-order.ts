import type { LauncherOrder } from "../core/launcher-protocol.ts";

const TYPES: readonly string[] = ["kill", "ask-memory"] satisfies readonly LauncherOrder["type"][];

/** What the supervisor orders of a run; undefined: that is no order, and whoever sent it is no supervisor of ours. */
export function parseOrder(bytes: Uint8Array): LauncherOrder | undefined {
  let order: unknown;
  try {
    order = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
  if (typeof order !== "object" || order === null || !("type" in order)) return undefined;
  const { type } = order;
  return typeof type === "string" && TYPES.includes(type) ? ({ type } as LauncherOrder) : undefined;
}
