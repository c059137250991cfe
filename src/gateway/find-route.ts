import type { Route } from "./provider-rules.ts";

export interface FoundRoute {
  readonly route: Route;
  /** Path and query, made from the route and not from what was asked. */
  readonly target: string;
  /** Of a path that names it; null: the body does. */
  readonly model: string | null;
}

const MODEL_SLOT = "<model>";

/**
 * The route for a request's method and target, compared byte for byte. A path that only means the same, such as one with
 * `..`, `//`, `;` or a percent sign, is none. A model in a path must be one of `models`.
 */
export function findRoute(
  routes: readonly Route[],
  models: readonly string[],
  request: { readonly method: string; readonly target: string },
): FoundRoute | undefined {
  for (const route of routes) {
    if (request.method !== route.method) continue;
    for (const model of route.path.includes(MODEL_SLOT) ? models : [null]) {
      const path = route.path.replace(MODEL_SLOT, () => model ?? "");
      const query = route.queries.find((allowed) => request.target === path + allowed);
      if (query !== undefined) return { route, target: path + query, model };
    }
  }
  return undefined;
}
