import type { RegistryDenial } from "./registry-rules.ts";

/** What the beginning of a tunnel is, as far as it has come. */
export type HelloRead =
  | { readonly kind: "incomplete" }
  /** A whole first message of TLS; null: it names no server. */
  | { readonly kind: "hello"; readonly serverName: string | null }
  | { readonly kind: "refused"; readonly denial: RegistryDenial };

const RECORD_HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const MAX_RECORD_BYTES = 16 * 1024;
/** Keys that are safe against quantum computers take some kilobytes; no honest message comes near this. */
const MAX_HELLO_BYTES = 32 * 1024;
const SERVER_NAME = 0;
const ENCRYPTED_CLIENT_HELLO = 0xfe_0d;
const HOST_NAME = 0;

/** Reads the first message of TLS without answering it. It may come in any pieces, and in several records. */
export function readClientHello(bytes: Buffer): HelloRead {
  const parts: Buffer[] = [];
  let collected = 0;
  for (let at = 0; at < bytes.length;) {
    // Whatever has come already is looked at: who does not speak TLS is not waited for.
    if (bytes[at] !== RECORD_HANDSHAKE) return refused("tls.not-tls", "no handshake");
    if (at + 1 < bytes.length && bytes[at + 1] !== 3) return refused("tls.not-tls", "no version of TLS");
    if (bytes.length < at + 5) return INCOMPLETE;
    const length = bytes.readUInt16BE(at + 3);
    if (length === 0 || length > MAX_RECORD_BYTES) return refused("tls.not-tls", "a record's length");
    const part = bytes.subarray(at + 5, at + 5 + length);
    parts.push(part);
    collected += part.length;
    at += 5 + length;
    const message = parts.length === 1 ? part : Buffer.concat(parts);
    if (message.length > 0 && message[0] !== CLIENT_HELLO) return refused("tls.not-tls", "no first message");
    if (message.length < 4) continue;
    const wanted = message.readUIntBE(1, 3);
    if (wanted > MAX_HELLO_BYTES) return refused("tls.not-tls", "a message that is too long");
    if (collected >= 4 + wanted) return parseHello(message.subarray(4, 4 + wanted));
  }
  return INCOMPLETE;
}

const INCOMPLETE: HelloRead = { kind: "incomplete" };

function parseHello(message: Buffer): HelloRead {
  try {
    const reader = new Reader(message);
    reader.take(2 + 32); // version and random
    reader.take(reader.number(1)); // session
    reader.take(reader.number(2)); // ciphers
    reader.take(reader.number(1)); // compression
    if (reader.isAtEnd) return { kind: "hello", serverName: null };
    const extensions = new Reader(reader.take(reader.number(2)));
    if (!reader.isAtEnd) return refused("tls.not-tls", "bytes behind the extensions");
    const seen = new Set<number>();
    let serverName: string | null = null;
    while (!extensions.isAtEnd) {
      const type = extensions.number(2);
      const content = extensions.take(extensions.number(2));
      if (seen.has(type)) return refused("tls.not-tls", "an extension that is there twice");
      seen.add(type);
      if (type === ENCRYPTED_CLIENT_HELLO) return refused("tls.hidden-name", "");
      if (type === SERVER_NAME) serverName = parseServerName(content);
    }
    return { kind: "hello", serverName };
  } catch {
    return refused("tls.not-tls", "a message that ends too early");
  }
}

/** Exactly one name, of the only kind there is. */
function parseServerName(content: Buffer): string {
  const outer = new Reader(content);
  const names = new Reader(outer.take(outer.number(2)));
  const kind = names.number(1);
  const name = names.take(names.number(2));
  if (kind !== HOST_NAME || !names.isAtEnd || !outer.isAtEnd) throw new RangeError("an odd list of names");
  return name.toString("latin1");
}

function refused(rule: RegistryDenial["rule"], detail: string): HelloRead {
  return { kind: "refused", denial: { rule, detail } };
}

/** Takes from the front; throws where there is not enough. */
class Reader {
  private readonly bytes: Buffer;
  private at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.at === this.bytes.length;
  }

  number(size: 1 | 2): number {
    const value = this.bytes.readUIntBE(this.at, size);
    this.at += size;
    return value;
  }

  take(length: number): Buffer {
    if (this.at + length > this.bytes.length) throw new RangeError("not enough");
    const taken = this.bytes.subarray(this.at, this.at + length);
    this.at += length;
    return taken;
  }
}
