import type { Clock } from "../../contracts/clock.ts";
import type { Sandbox, SandboxRequest, Sandboxes } from "../../contracts/sandbox.ts";
import { GATEWAY_PORT, GATEWAY_SOCKET } from "../../core/gateway-protocol.ts";
import { hostSlotUser } from "../../core/host-users.ts";
import { HOME_PATH, TREE_PATH } from "../../core/sandbox-layout.ts";
import { startEnclosedSandbox } from "../enclosed-sandbox.ts";
import { selfCheckDifferences } from "../self-check-differences.ts";
import type { HostImages } from "./host-images.ts";
import { LaunchedProgram } from "./launched-program.ts";
import type { Launcher } from "./launcher.ts";
import { newName } from "./run-name.ts";
import type { UserGateways } from "./user-gateways.ts";
import type { UserTrees } from "./user-trees.ts";

/** Sandboxes as a user for each slot, in name spaces and a control group of their own, each on one tree. */
export class UserSandboxes implements Sandboxes {
  private readonly launcher: Launcher;
  private readonly images: Pick<HostImages, "filesOf">;
  private readonly trees: UserTrees;
  private readonly gateways: UserGateways;
  private readonly clock: Clock;
  private readonly owner: string;

  constructor(options: {
    readonly launcher: Launcher;
    readonly images: Pick<HostImages, "filesOf">;
    readonly trees: UserTrees;
    readonly gateways: UserGateways;
    readonly clock: Clock;
    readonly workspace: string;
  }) {
    this.launcher = options.launcher;
    this.images = options.images;
    this.trees = options.trees;
    this.gateways = options.gateways;
    this.clock = options.clock;
    this.owner = options.workspace;
  }

  async start(request: SandboxRequest): Promise<Sandbox> {
    const { attempt, role, slot, limits, tree, gateway } = request;
    const { memory, cpus, pids, openFiles, fileSize, tmp } = limits;
    const isPrepare = role === "prepare";
    if (isPrepare !== (tree === "dependencies")) throw new TypeError("dependencies are installed in a set");
    const program = await LaunchedProgram.start(this.launcher, {
      op: "run",
      owner: this.owner,
      id: newName(role, attempt),
      attempt: attempt.attempt,
      role,
      slot,
      trees: isPrepare ? null : this.trees.idOf(request.trees),
      tree: tree === "dependencies" ? null : tree,
      set: isPrepare ? this.trees.idOf(request.trees) : null,
      gateway: gateway ? this.gateways.idOf(gateway) : null,
      files: this.images.filesOf(request.image),
      limits: { memory, cpus, pids, openFiles, fileSize, tmp },
    });
    return await startEnclosedSandbox({
      program,
      differences: (check) => selfCheckDifferences(check, hostSlotUser(slot), limits),
      clock: this.clock,
      place: {
        cwd: TREE_PATH,
        env: { HOME: HOME_PATH, TMPDIR: "/tmp" },
        forward: gateway ? { port: GATEWAY_PORT, socket: GATEWAY_SOCKET } : null,
      },
    });
  }
}
