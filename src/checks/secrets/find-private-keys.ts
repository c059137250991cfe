import { entropy } from "./judge-value.ts";
import type { SecretHit } from "./secret-hit.ts";

const BEGIN = /-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----|PuTTY-User-Key-File-[0-9]/g;
/** How far behind its first line a key's body is looked for: there may be headers. */
const REACH = 1500;
/** What may stand between the first line and the body: lines such as `Proc-Type: 4,ENCRYPTED`, and how a literal is written. */
const HEADERS = /[A-Z][A-Za-z-]{2,30}: [^\n"'`]{0,120}/g;
const BETWEEN = /^[\s"'`+,\\|()]*/;
const BODY = /^[A-Za-z0-9+/=]{16,100}/;

/** Private keys with their body. A first line alone is what a program looks for, and no key. */
export function findPrivateKeys(text: string): SecretHit[] {
  const hits: SecretHit[] = [];
  // Most of what is looked at is short, and has none.
  if (!text.includes("PRIVATE KEY") && !text.includes("PuTTY")) return hits;
  for (const begin of text.matchAll(BEGIN)) {
    const from = begin.index + begin[0].length;
    const near = text.slice(from, from + REACH).split("-----END", 1)[0] ?? "";
    // `\n` in a literal belongs to how the key is written.
    const body = near
      .replaceAll(/\\[nr]/g, "\n")
      .replaceAll(HEADERS, "")
      .replace(BETWEEN, "");
    const value = BODY.exec(body)?.[0];
    if (value === undefined || entropy(value) < 3 || /example|placeholder|your|redacted/i.test(value))
      continue;
    const hit = { rule: "secret-private-key", what: "a private key", level: "block" } as const;
    hits.push({ ...hit, at: begin.index, start: from, end: from + near.length, value });
  }
  return hits;
}
