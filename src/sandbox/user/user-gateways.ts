import type { GatewayRequest, Gateways, OpenGateway, WayOut } from "../../contracts/gateway.ts";
import { GATEWAY_PORT } from "../../core/gateway-protocol.ts";
import { newGatewayConfig, type GatewayServiceCaps } from "../new-gateway-config.ts";
import { ProgramGateway } from "../program-gateway.ts";
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
    const id = newName("gateway", request.attempt);
    // Waited for: a sandbox can be given the socket's folder only when there is one. The gateway may still be starting in it.
    const program = await LaunchedProgram.start(this.launcher, {
      op: "run",
      owner: this.owner,
      id,
      attempt: request.attempt.attempt,
      role: "gateway",
      slot: 0,
      trees: null,
      tree: null,
      gateway: null,
      files: null,
      limits: null,
    });
    const gateway = new ProgramGateway({
      id,
      program: Promise.resolve(program),
      config: newGatewayConfig(request, this.caps),
      url: `http://127.0.0.1:${GATEWAY_PORT}`,
      onFact: request.onFact,
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
