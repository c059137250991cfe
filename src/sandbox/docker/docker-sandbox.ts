import { randomBytes } from "node:crypto";
import type Docker from "dockerode";
import type { Clock } from "../../contracts/clock.ts";
import type { Sandbox, Sandboxes, SandboxRequest } from "../../contracts/sandbox.ts";
import { GATEWAY_PORT, GATEWAY_SOCKET } from "../../core/gateway-protocol.ts";
import { HOME_PATH, slotUser, TREE_PATH } from "../../core/sandbox-layout.ts";
import { startEnclosedSandbox } from "../enclosed-sandbox.ts";
import { selfCheckDifferences } from "../self-check-differences.ts";
import { LABEL_ATTEMPT, LABEL_ROLE, LABEL_WORKSPACE, sandboxSpec } from "./container-spec.ts";
import type { DockerGateways } from "./docker-gateways.ts";
import type { DockerTrees } from "./docker-trees.ts";
import { EngineContainer } from "./engine-container.ts";

/** Sandboxes as containers without network, each on one tree volume. */
export class DockerSandboxes implements Sandboxes {
  private readonly docker: Docker;
  private readonly trees: DockerTrees;
  private readonly gateways: DockerGateways;
  private readonly clock: Clock;
  private readonly workspace: string;

  constructor(options: {
    docker: Docker;
    trees: DockerTrees;
    gateways: DockerGateways;
    clock: Clock;
    workspace: string;
  }) {
    this.docker = options.docker;
    this.trees = options.trees;
    this.gateways = options.gateways;
    this.clock = options.clock;
    this.workspace = options.workspace;
  }

  async start(request: SandboxRequest): Promise<Sandbox> {
    const { attempt, role, image, slot, limits } = request;
    const spec = sandboxSpec({
      name: `nightwarden-${role}-${attempt.attempt}-${attempt.token.slice(0, 8)}-${randomBytes(3).toString("hex")}`,
      image,
      slot,
      limits,
      tree: this.trees.volumeOf(request.trees, request.tree),
      gateway: request.gateway && this.gateways.volumeOf(request.gateway),
      labels: {
        [LABEL_WORKSPACE]: this.workspace,
        [LABEL_ATTEMPT]: attempt.attempt,
        [LABEL_ROLE]: role,
      },
    });
    return await startEnclosedSandbox({
      program: await EngineContainer.start(this.docker, spec),
      differences: (check) => selfCheckDifferences(check, slotUser(slot), limits),
      clock: this.clock,
      place: {
        cwd: TREE_PATH,
        env: { HOME: HOME_PATH, TMPDIR: "/tmp" },
        forward: request.gateway ? { port: GATEWAY_PORT, socket: GATEWAY_SOCKET } : null,
      },
    });
  }
}
