import type { SandboxUser } from "./sandbox-layout.ts";

/**
 * Users of the sandboxes without an engine. Their numbers are the machine's own, so they are of a range that nobody else
 * gives away by itself: above 65535 (systemd's dynamic users are 61184 to 65519, `nobody` is 65534, and 65535 means no
 * user), and below 100000, where tools begin to give ranges to containers' users (/etc/subuid). A container's users are
 * others (`slotUser`): an engine that maps them has only the first 65536.
 */
const FIRST_UID = 70_001;
/** Of the gateways: no slot's. */
export const HOST_GATEWAY_UID = 71_000;

/** The user of the attempt that has place number `slot`, from 0, among those that run at the same time. */
export function hostSlotUser(slot: number): SandboxUser {
  return { uid: FIRST_UID + slot, gid: FIRST_UID + slot };
}
