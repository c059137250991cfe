import { NightwardenError } from "./nightwarden-error.ts";
import { isUnprivilegedPort } from "./unprivileged-port.ts";

/** A user of macOS that is a sandbox's. */
export interface PfSlot {
  /** As `_nightwarden0`. */
  readonly user: string;
  /** Where its gateway listens on 127.0.0.1; null: it has a Unix socket, and no port at all. */
  readonly port: number | null;
}

/** Hidden users of macOS begin with an underscore: nobody's own account is ever cut off by a slip. */
const USER = /^_[a-z][a-z0-9]{0,29}$/;

/**
 * Rules for an anchor of pf: nothing of these users leaves or enters this machine by TCP or UDP, in either version of
 * IP. A second layer only: pf knows no owner of other protocols, and names are looked up by a user of the system's own.
 * Throws `usage.arguments` where a name or a port is unfit.
 */
export function pfAnchor(slots: readonly PfSlot[]): string {
  refuseUnfit(slots);
  const users = `{ ${slots.map(({ user }) => user).join(", ")} }`;
  const passed = slots.flatMap(({ user, port }) =>
    port === null
      ? []
      : [`pass out quick on lo0 inet proto tcp from any to 127.0.0.1 port ${port} user ${user}`],
  );
  const blocked = ["out", "in"].flatMap((direction) =>
    ["inet", "inet6"].map(
      (family) => `block drop ${direction} quick ${family} proto { tcp, udp } from any to any user ${users}`,
    ),
  );
  const title = "# Written by nightwarden ops macos-pf; ops/macos/README.md says what it is for.";
  return [title, ...passed, ...blocked, ""].join("\n");
}

function refuseUnfit(slots: readonly PfSlot[]): void {
  if (slots.length === 0) throw unfit("no user is named");
  for (const { user, port } of slots) {
    if (!USER.test(user)) throw unfit(`${JSON.stringify(user)} is not the name of a hidden user`);
    if (port !== null && !isUnprivilegedPort(port)) throw unfit(`${port} is not a port`);
  }
  const ports = slots.flatMap(({ port }) => port ?? []);
  if (new Set(slots.map(({ user }) => user)).size < slots.length) throw unfit("a user is named twice");
  if (new Set(ports).size < ports.length)
    throw unfit("two users share a port: each has a gateway of its own");
}

function unfit(message: string): NightwardenError {
  return new NightwardenError({
    code: "usage.arguments",
    message,
    hint: "name users as _nightwarden0, with a port from 1024 to 65535 of their own: _nightwarden0:8402",
  });
}
