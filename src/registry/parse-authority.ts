import { isIP } from "node:net";
import type { TunnelTarget } from "../core/registry-protocol.ts";
import { err, ok, type Result } from "../core/result.ts";
import type { RegistryDenial, RegistryRule } from "./registry-rules.ts";

const MAX_LENGTH = 300;
/** What stands in a name or an address: no NUL, no control, no space, no %, no @, nothing that is not ASCII. */
const PLAIN = /^[A-Za-z0-9._:[\]-]+$/;
const PORT = /^[1-9]\d{0,4}$/;
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** As browsers decide it: a name whose last part is a number, in any base, is an address. */
const NUMBER = /^(?:\d+|0x[0-9a-f]*)$/;

/**
 * The target that a CONNECT names, or why none. A name is compared as a whole, after lower-casing and the removal of one
 * dot at its end; there are no patterns and no suffixes. An address passes only where a registry was configured as it.
 */
export function parseAuthority(
  authority: string,
  targets: readonly TunnelTarget[],
): Result<TunnelTarget, RegistryDenial> {
  if (authority.length > MAX_LENGTH || !PLAIN.test(authority)) return refuse("connect.malformed", authority);
  const colon = authority.lastIndexOf(":");
  const written = authority.slice(0, Math.max(colon, 0)).toLowerCase();
  const port = authority.slice(colon + 1);
  if (colon <= 0 || !PORT.test(port) || Number(port) > 65_535) return refuse("connect.malformed", authority);
  const host = written.endsWith(".") ? written.slice(0, -1) : written;
  const named = targets.filter((target) => target.host === host);
  const isName = host.length <= 253 && host.split(".").every((label) => LABEL.test(label));
  const isAddress = !isName || isIP(host) !== 0 || NUMBER.test(host.slice(host.lastIndexOf(".") + 1));
  if (isAddress && (named.length === 0 || written !== host)) return refuse("connect.address", authority);
  if (named.length === 0) return refuse("connect.host", authority);
  const target = named.find((each) => each.port === Number(port));
  return target ? ok(target) : refuse("connect.port", authority);
}

function refuse(rule: RegistryRule, detail: string): { ok: false; error: RegistryDenial } {
  return err({ rule, detail });
}
