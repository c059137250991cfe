import type { GatewayRequest, Gateways, OpenGateway, WayOut } from "../../contracts/gateway.ts";
import type { RegistryRequest } from "../../contracts/registry.ts";
import type { AttemptRef } from "../../core/attempt.ts";
import { GATEWAY_PORT, type GatewayConfig } from "../../core/gateway-protocol.ts";
import type { RegistryConfig } from "../../core/registry-protocol.ts";
import { newGatewayConfig, type GatewayServiceCaps } from "../new-gateway-config.ts";
import { ProgramGateway } from "../program-gateway.ts";
import { REGISTRY_CAPS } from "../registry-caps.ts";
import { LaunchedProgram } from "./launched-program.ts";
import type { Launcher } from "./launcher.ts";
import { newName } from "./run-name.ts";

/** Gateways as a user of their own on the host's network, each with one socket in a folder that nobody else can look into. */
export class UserGateways implements Gateways {
  private readonly launcher: Launcher;
  private readonly owner: string;
  private readonly caps: Partial<GatewayServiceCaps>;
  private readonly ids = new WeakMap<WayOut, string>();

  constructor(options: {
    readonly launcher: Launcher;
    readonly workspace: string;
    readonly caps?: Partial<GatewayServiceCaps>;
  }) {
    this.launcher = options.launcher;
    this.owner = options.workspace;
    this.caps = options.caps ?? {};
  }

  async open(request: GatewayRequest): Promise<OpenGateway> {
    return await this.start({
      role: "gateway",
      attempt: request.attempt,
      config: newGatewayConfig(request, this.caps),
      onFact: request.onFact,
    });
  }

  /** One to package registries: see contracts/registry.ts. */
  async openRegistry(request: RegistryRequest): Promise<WayOut> {
    return await this.start({
      role: "registry",
      attempt: request.attempt,
      config: { ...request.config, caps: REGISTRY_CAPS },
      onFact: (fact) => {
        if (fact.type === "denied") request.onDenied(fact.denial);
        else if (fact.type === "died") request.onDied(fact.message);
      },
    });
  }

  private async start(options: {
    readonly role: "gateway" | "registry";
    readonly attempt: AttemptRef;
    readonly config: GatewayConfig | RegistryConfig;
    readonly onFact: GatewayRequest["onFact"];
  }): Promise<OpenGateway> {
    const { role, attempt, config, onFact } = options;
    const id = newName(role, attempt);
    // Waited for: a sandbox can be given the socket's folder only when there is one. The gateway may still be starting in it.
    const program = await LaunchedProgram.start(this.launcher, {
      op: "run",
      owner: this.owner,
      id,
      attempt: attempt.attempt,
      role,
      slot: 0,
      trees: null,
      tree: null,
      set: null,
      gateway: null,
      files: null,
      limits: null,
    });
    const gateway = new ProgramGateway({
      id,
      program: Promise.resolve(program),
      config,
      url: `http://127.0.0.1:${GATEWAY_PORT}`,
      onFact,
      release: async () => await program.remove(),
    });
    this.ids.set(gateway, id);
    return gateway;
  }

  /** Gateways of this back end share nothing. */
  async close(): Promise<void> {
    await Promise.resolve();
  }

  /** The launcher's name of a gateway: for the sandboxes of the same back end. */
  idOf(gateway: WayOut): string {
    const id = this.ids.get(gateway);
    if (id === undefined) throw new TypeError("this gateway was opened by another back end");
    return id;
  }
}
