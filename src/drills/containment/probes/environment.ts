import type { ProbeFunction } from "../probe-targets.ts";

/** Looks for the supervisor's secret among its own variables. */
export const environment: ProbeFunction = async ({ secret }) => {
  const variables = Object.entries(process.env);
  const reached = variables.flatMap(([name, value]) => (value?.includes(secret) ? [`variable ${name}`] : []));
  const refused = reached.length > 0 ? [] : [`in none of ${variables.length} variables`];
  return await Promise.resolve({ reached, refused, unclear: [] });
};
