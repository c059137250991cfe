import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import type { TunnelTarget } from "../core/registry-protocol.ts";
import { err, ok, type Result } from "../core/result.ts";
import { addressClass } from "./address-class.ts";
import type { RegistryDenial } from "./registry-rules.ts";

/** All addresses of a name, in order. Rejects where there is none. */
export type Resolve = (host: string) => Promise<readonly string[]>;

export const resolveName: Resolve = async (host) =>
  (await lookup(host, { all: true, order: "verbatim" })).map(({ address }) => address);

/**
 * The addresses of a target, asked for once: who connects to one of them cannot be led elsewhere by a second answer. One
 * address of a kind that the target may not have refuses all of them: such an answer is no mistake.
 */
export async function findAddresses(
  target: TunnelTarget,
  resolve: Resolve,
): Promise<Result<readonly string[], RegistryDenial>> {
  const literal = target.host.replace(/^\[(.*)\]$/, "$1");
  if (isIP(literal) !== 0) return ok([literal]); // by configuration
  const addresses = await resolve(target.host);
  for (const address of addresses) {
    const kind = addressClass(address);
    const isAllowed = kind === "public" || (target.internal && kind !== "special");
    if (!isAllowed) return err({ rule: "connect.private", detail: `${target.host} is ${address} (${kind})` });
  }
  return ok(addresses);
}
