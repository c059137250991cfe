import { randomBytes } from "node:crypto";
import type Docker from "dockerode";
import type { Gateways, GatewayRequest, OpenGateway } from "../../contracts/gateway.ts";
import { GATEWAY_PORT } from "../../core/gateway-protocol.ts";
import { newGatewayConfig, type GatewayServiceCaps } from "../new-gateway-config.ts";
import { ProgramGateway } from "../program-gateway.ts";
import { gatewaySpec, LABEL_ATTEMPT, LABEL_ROLE, LABEL_WORKSPACE } from "./container-spec.ts";
import { EngineContainer } from "./engine-container.ts";
import { GatewayNetwork } from "./gateway-network.ts";
import { createSocketVolume } from "./socket-volume.ts";
import { removeVolume } from "./sweep.ts";

/** Gateways as containers: each with one socket in a volume of its own, and a bridge that they share and cannot meet on. */
export class DockerGateways implements Gateways {
  private readonly docker: Docker;
  private readonly image: string;
  private readonly workspace: string;
  private readonly network: GatewayNetwork;
  private readonly caps: Partial<GatewayServiceCaps>;
  private readonly volumes = new WeakMap<OpenGateway, string>();

  /** `image` has our programs. */
  constructor(options: {
    docker: Docker;
    image: string;
    workspace: string;
    caps?: Partial<GatewayServiceCaps>;
  }) {
    this.docker = options.docker;
    this.image = options.image;
    this.workspace = options.workspace;
    this.caps = options.caps ?? {};
    this.network = new GatewayNetwork(options);
  }

  async open(request: GatewayRequest): Promise<OpenGateway> {
    const { attempt } = request;
    const suffix = `${attempt.attempt}-${attempt.token.slice(0, 8)}-${randomBytes(3).toString("hex")}`;
    const labels = {
      [LABEL_WORKSPACE]: this.workspace,
      [LABEL_ATTEMPT]: attempt.attempt,
      [LABEL_ROLE]: "gateway",
    };
    const socket = `nightwarden-gateway-${suffix}`;
    const network = await this.network.ensure();
    await createSocketVolume(this.docker, { name: socket, labels });
    const spec = gatewaySpec({
      name: `nightwarden-gateway-${suffix}`,
      image: this.image,
      labels,
      network,
      socket,
    });
    const gateway = new ProgramGateway({
      id: socket,
      // Not waited for: the sandbox starts meanwhile.
      program: EngineContainer.start(this.docker, spec),
      config: newGatewayConfig(request, this.caps),
      url: `http://127.0.0.1:${GATEWAY_PORT}`,
      onFact: request.onFact,
      release: async () => await removeVolume(this.docker, socket),
    });
    this.volumes.set(gateway, socket);
    return gateway;
  }

  /** Removes what the gateways shared. All of them are closed by now; another may be opened later. */
  async close(): Promise<void> {
    await this.network.remove();
  }

  /** The volume that holds a gateway's socket: for the sandboxes of the same engine. */
  volumeOf(gateway: OpenGateway): string {
    const volume = this.volumes.get(gateway);
    if (volume === undefined) throw new TypeError("this gateway was opened by another back end");
    return volume;
  }
}
