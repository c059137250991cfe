import type { Gateways, GatewayRequest, OpenGateway, WayOut } from "../contracts/gateway.ts";
import type { RegistryRequest } from "../contracts/registry.ts";
import type { AttemptRef } from "../core/attempt.ts";
import type { GatewayConfig } from "../core/gateway-protocol.ts";
import type { RegistryConfig } from "../core/registry-protocol.ts";
import { newGatewayConfig, type GatewayServiceCaps } from "./new-gateway-config.ts";
import { REGISTRY_CAPS } from "./registry-caps.ts";

/** A gateway's program as it is to be started. */
export interface GatewayStart {
  readonly role: "gateway" | "registry";
  readonly attempt: AttemptRef;
  readonly config: GatewayConfig | RegistryConfig;
  readonly onFact: GatewayRequest["onFact"];
}

/** Ways out of sandboxes that are programs of ours: to a model's API, and to package registries. How one is started is the back end's. */
export abstract class ProgramGateways implements Gateways {
  private readonly caps: Partial<GatewayServiceCaps>;
  private readonly places = new WeakMap<WayOut, string>();

  constructor(caps: Partial<GatewayServiceCaps> | undefined) {
    this.caps = caps ?? {};
  }

  async open(request: GatewayRequest): Promise<OpenGateway> {
    return await this.opened({
      role: "gateway",
      attempt: request.attempt,
      config: newGatewayConfig(request, this.caps),
      onFact: request.onFact,
    });
  }

  /** One to package registries: see contracts/registry.ts. */
  async openRegistry(request: RegistryRequest): Promise<WayOut> {
    return await this.opened({
      role: "registry",
      attempt: request.attempt,
      config: { ...request.config, caps: REGISTRY_CAPS },
      onFact: (fact) => {
        if (fact.type === "denied") request.onDenied(fact.denial);
        else if (fact.type === "died") request.onDied(fact.message);
      },
    });
  }

  /** Starts it, and says under which name its socket is found by the sandboxes of the same back end. */
  protected abstract start(
    options: GatewayStart,
  ): Promise<{ readonly gateway: OpenGateway; readonly place: string }>;

  /** Where a gateway's socket is: for the sandboxes of the same back end. */
  protected placeOf(gateway: WayOut): string {
    const place = this.places.get(gateway);
    if (place === undefined) throw new TypeError("this gateway was opened by another back end");
    return place;
  }

  private async opened(options: GatewayStart): Promise<OpenGateway> {
    const { gateway, place } = await this.start(options);
    this.places.set(gateway, place);
    return gateway;
  }
}
