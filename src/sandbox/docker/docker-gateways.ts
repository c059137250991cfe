import { randomBytes } from "node:crypto";
import type Docker from "dockerode";
import type { WayOut } from "../../contracts/gateway.ts";
import { GATEWAY_PORT } from "../../core/gateway-protocol.ts";
import type { GatewayServiceCaps } from "../new-gateway-config.ts";
import { ProgramGateway } from "../program-gateway.ts";
import { ProgramGateways, type GatewayStart } from "../program-gateways.ts";
import { gatewaySpec, LABEL_ATTEMPT, LABEL_ROLE, LABEL_WORKSPACE } from "./container-spec.ts";
import { EngineContainer } from "./engine-container.ts";
import { GatewayNetwork } from "./gateway-network.ts";
import { createSocketVolume } from "./socket-volume.ts";
import { removeVolume } from "./sweep.ts";

/** Gateways as containers: each with one socket in a volume of its own, and a bridge that they share and cannot meet on. */
export class DockerGateways extends ProgramGateways {
  private readonly docker: Docker;
  private readonly image: string;
  private readonly workspace: string;
  private readonly network: GatewayNetwork;

  /** `image` has our programs. */
  constructor(options: {
    docker: Docker;
    image: string;
    workspace: string;
    caps?: Partial<GatewayServiceCaps>;
  }) {
    super(options.caps);
    this.docker = options.docker;
    this.image = options.image;
    this.workspace = options.workspace;
    this.network = new GatewayNetwork(options);
  }

  protected async start(options: GatewayStart): Promise<{ gateway: ProgramGateway; place: string }> {
    const { role: program, attempt } = options;
    const suffix = `${attempt.attempt}-${attempt.token.slice(0, 8)}-${randomBytes(3).toString("hex")}`;
    const labels = {
      [LABEL_WORKSPACE]: this.workspace,
      [LABEL_ATTEMPT]: attempt.attempt,
      [LABEL_ROLE]: program,
    };
    const socket = `nightwarden-${program}-${suffix}`;
    const network = await this.network.ensure();
    await createSocketVolume(this.docker, { name: socket, labels });
    const spec = gatewaySpec({ name: socket, image: this.image, labels, network, socket, program });
    const gateway = new ProgramGateway({
      id: socket,
      // Not waited for: the sandbox starts meanwhile.
      program: EngineContainer.start(this.docker, spec),
      config: options.config,
      url: `http://127.0.0.1:${GATEWAY_PORT}`,
      onFact: options.onFact,
      release: async () => await removeVolume(this.docker, socket),
    });
    return { gateway, place: socket };
  }

  /** Removes what the gateways shared. All of them are closed by now; another may be opened later. */
  async close(): Promise<void> {
    await this.network.remove();
  }

  /** The volume that holds a gateway's socket: for the sandboxes of the same engine. */
  volumeOf(gateway: WayOut): string {
    return this.placeOf(gateway);
  }
}
