import { randomBytes } from "node:crypto";
import type Docker from "dockerode";
import type { AttemptRef } from "../../core/attempt.ts";
import type { Gateways, GatewayRequest, OpenGateway, WayOut } from "../../contracts/gateway.ts";
import type { RegistryRequest } from "../../contracts/registry.ts";
import { GATEWAY_PORT, type GatewayConfig } from "../../core/gateway-protocol.ts";
import type { RegistryConfig } from "../../core/registry-protocol.ts";
import { newGatewayConfig, type GatewayServiceCaps } from "../new-gateway-config.ts";
import { ProgramGateway } from "../program-gateway.ts";
import { REGISTRY_CAPS } from "../registry-caps.ts";
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
  private readonly volumes = new WeakMap<WayOut, string>();

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
    return await this.start({
      program: "gateway",
      attempt: request.attempt,
      config: newGatewayConfig(request, this.caps),
      onFact: request.onFact,
    });
  }

  /** One to package registries: see contracts/registry.ts. */
  async openRegistry(request: RegistryRequest): Promise<WayOut> {
    return await this.start({
      program: "registry",
      attempt: request.attempt,
      config: { ...request.config, caps: REGISTRY_CAPS },
      onFact: (fact) => {
        if (fact.type === "denied") request.onDenied(fact.denial);
        else if (fact.type === "died") request.onDied(fact.message);
      },
    });
  }

  private async start(options: {
    readonly program: "gateway" | "registry";
    readonly attempt: AttemptRef;
    readonly config: GatewayConfig | RegistryConfig;
    readonly onFact: GatewayRequest["onFact"];
  }): Promise<OpenGateway> {
    const { program, attempt } = options;
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
    this.volumes.set(gateway, socket);
    return gateway;
  }

  /** Removes what the gateways shared. All of them are closed by now; another may be opened later. */
  async close(): Promise<void> {
    await this.network.remove();
  }

  /** The volume that holds a gateway's socket: for the sandboxes of the same engine. */
  volumeOf(gateway: WayOut): string {
    const volume = this.volumes.get(gateway);
    if (volume === undefined) throw new TypeError("this gateway was opened by another back end");
    return volume;
  }
}
