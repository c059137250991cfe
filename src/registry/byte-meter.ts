import type { RegistryCaps } from "../core/registry-protocol.ts";

/** Counts what goes out and what comes in, of everything together. */
export class ByteMeter {
  private readonly caps: Pick<RegistryCaps, "sentBytes" | "receivedBytes">;
  private sent = 0;
  private received = 0;

  constructor(caps: Pick<RegistryCaps, "sentBytes" | "receivedBytes">) {
    this.caps = caps;
  }

  get isUsedUp(): boolean {
    return this.sent > this.caps.sentBytes || this.received > this.caps.receivedBytes;
  }

  /** Whether it may still pass. */
  send(bytes: number): boolean {
    this.sent += bytes;
    return !this.isUsedUp;
  }

  /** Whether it may still pass. */
  receive(bytes: number): boolean {
    this.received += bytes;
    return !this.isUsedUp;
  }
}
