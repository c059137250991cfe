import type { Registry } from "../../src/core/registry-access.ts";

export function registryOf(changes: Partial<Registry> & { readonly url: string }): Registry {
  return { kind: "npm", scopes: [], hosts: [], internal: false, credential: null, ...changes };
}
