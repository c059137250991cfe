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
/** In the collector's place: installed dependencies that trees get a copy of. */
export const DEPENDENCIES_PATH = "/dependencies";

const OWN_PATH = "/opt/nightwarden";
export const NODE_PATH = `${OWN_PATH}/bin/node`;
/** Our compiled programs, as they are in the package. */
export const PROGRAMS_PATH = `${OWN_PATH}/lib`;
export const SHIM_PATH = `${PROGRAMS_PATH}/shim/main.js`;
export const GATEWAY_PATH = `${PROGRAMS_PATH}/gateway/main.js`;
export const REGISTRY_PATH = `${PROGRAMS_PATH}/registry/main.js`;
export const COLLECTOR_PATH = `${PROGRAMS_PATH}/collector/main.js`;
/** What an agent of the user's brings along: its `files`. */
export const AGENT_FILES_PATH = "/opt/agent";

/** Users in containers, which exist on no host, one for each slot, so that neighbours share no per-user kernel limit. */
const FIRST_UID = 64001;
/** Of the gateways: no slot's. */
export const GATEWAY_UID = 65000;
export const MAX_SLOT = GATEWAY_UID - FIRST_UID - 1;

export interface SandboxUser {
  readonly uid: number;
  readonly gid: number;
}

/** The user of the attempt in a container that has place number `slot`, from 0, among those that run at the same time. */
export function slotUser(slot: number): SandboxUser {
  return { uid: FIRST_UID + slot, gid: FIRST_UID + slot };
}
