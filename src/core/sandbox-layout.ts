/**
 * Where things are inside a sandbox, and who runs there: the same on every back end with a root file system of its own,
 * so that an agent finds the same world in each.
 */

/** The tree that the agent, or verify, works on. */
export const TREE_PATH = "/task";
/** HOME, in memory. */
export const HOME_PATH = "/home/agent";
/** In the collector's place: the trees of an attempt, each a folder by its name. */
export const TREES_PATH = "/trees";

const OWN_PATH = "/opt/nightwarden";
export const NODE_PATH = `${OWN_PATH}/bin/node`;
export const SHIM_PATH = `${OWN_PATH}/lib/shim/main.js`;
export const GATEWAY_PATH = `${OWN_PATH}/lib/gateway/main.js`;
export const COLLECTOR_PATH = `${OWN_PATH}/lib/collector/main.js`;

/** Users that exist on no host, one for each slot, so that neighbours share no per-user kernel limit. */
const FIRST_UID = 64001;
/** Of the gateways: no slot's. */
export const GATEWAY_UID = 65000;

export interface SandboxUser {
  readonly uid: number;
  readonly gid: number;
}

/** The user of the attempt that has place number `slot`, from 0, among those that run at the same time. */
export function slotUser(slot: number): SandboxUser {
  return { uid: FIRST_UID + slot, gid: FIRST_UID + slot };
}
