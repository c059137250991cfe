import type { HostileCase } from "../suite/hostile-case.ts";
import { FILESYSTEM } from "./filesystem.ts";
import { GIT } from "./git.ts";
import { KERNEL } from "./kernel.ts";
import { LIFE_CYCLE } from "./life-cycle.ts";
import { NETWORK } from "./network.ts";
import { OUTPUT } from "./output.ts";
import { RESOURCES } from "./resources.ts";
import { SECRETS } from "./secrets.ts";

/** All that run in the harness. */
export const EVERY_CASE: readonly HostileCase[] = [
  ...FILESYSTEM,
  ...NETWORK,
  ...RESOURCES,
  ...GIT,
  ...SECRETS,
  ...OUTPUT,
  ...LIFE_CYCLE,
  ...KERNEL,
];
