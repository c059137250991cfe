import type { CanaryId } from "../../core/canary.ts";
import type { ProbeFunction, ProbeTargets } from "./probe-targets.ts";
import { environment } from "./probes/environment.ts";
import { gateway } from "./probes/gateway.ts";
import { hostFile } from "./probes/host-file.ts";
import { hostProcesses } from "./probes/host-processes.ts";
import { hostResolver } from "./probes/host-resolver.ts";
import { hostService } from "./probes/host-service.ts";
import { interfaces } from "./probes/interfaces.ts";
import { memory } from "./probes/memory.ts";
import { otherEnvironments } from "./probes/other-environments.ts";
import { outsideWrite } from "./probes/outside-write.ts";
import { pids } from "./probes/pids.ts";
import { privileges } from "./probes/privileges.ts";
import { route } from "./probes/route.ts";
import { sockets } from "./probes/sockets.ts";
import { survivor } from "./probes/survivor.ts";

/** In the order in which they run: what is left behind first, so that it can be seen; what may end all others last. */
const PROBES: Readonly<Record<CanaryId, ProbeFunction>> = {
  survivor,
  "host-service": hostService,
  "host-resolver": hostResolver,
  route,
  interfaces,
  "outside-write": outsideWrite,
  "host-file": hostFile,
  environment,
  "other-environments": otherEnvironments,
  "host-processes": hostProcesses,
  sockets,
  privileges,
  gateway,
  pids,
  memory,
};

/**
 * A program for `node -` that runs the probes of `canaries` one after the other and prints one line for each: `prefix`,
 * and JSON with `canary` and its answer.
 */
export function probeProgram(options: {
  readonly canaries: readonly CanaryId[];
  readonly targets: ProbeTargets;
  readonly prefix: string;
}): string {
  const asked = Object.entries(PROBES).filter(([id]) => options.canaries.includes(id as CanaryId));
  const table = asked.map(([id, probe]) => `${JSON.stringify(id)}: ${probe.toString()}`).join(",\n");
  return `
const probes = {
${table}
};
const targets = ${JSON.stringify(options.targets)};
(async () => {
  for (const [canary, probe] of Object.entries(probes)) {
    let answer;
    try {
      answer = await probe(targets);
    } catch (error) {
      answer = { reached: [], refused: [], unclear: ["the probe failed: " + error] };
    }
    process.stdout.write(${JSON.stringify(`\n${options.prefix}`)} + JSON.stringify({ canary, ...answer }) + "\\n");
  }
  process.stdout.write("", () => process.exit(0));
})();
`;
}
