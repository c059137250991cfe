import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { TokenHeader } from "./provider-rules.ts";

/**
 * Whether a request presents the attempt's token. All headers that could hold one are looked at, and what there is must be
 * right: a request with the token in one place and something else in another is refused.
 */
export function presentsToken(
  headers: IncomingHttpHeaders,
  places: readonly TokenHeader[],
  token: string,
): boolean {
  const presented = places.flatMap(({ name, scheme }) => {
    const value = headers[name];
    if (value === undefined) return [];
    const text = String(value);
    if (scheme === null) return [text];
    // A wrong scheme is a wrong token: nothing but a token is compared.
    return [text.startsWith(`${scheme} `) ? text.slice(scheme.length + 1) : ""];
  });
  return presented.length > 0 && presented.every((value) => isSame(value, token));
}

/** In constant time: both are hashed, so that neither content nor length shows in the time it takes. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
