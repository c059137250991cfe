import type { RegistryCaps } from "../core/registry-protocol.ts";

const MIB = 1024 * 1024;

/** What no registry gateway serves beyond in one installation. */
export const REGISTRY_CAPS: RegistryCaps = {
  concurrent: 64,
  sentBytes: 64 * MIB, // requests alone: nothing is published from here
  receivedBytes: 16 * 1024 * MIB,
  // Some packages have a list of versions of many megabytes; parsed, it takes several times as much.
  pageBytes: 32 * MIB,
  idleMs: 2 * 60_000,
  helloMs: 20_000,
};
