import type { WayOut } from "../../contracts/gateway.ts";
import { GATEWAY_PORT } from "../../core/gateway-protocol.ts";
import type { GatewayServiceCaps } from "../new-gateway-config.ts";
import { ProgramGateway } from "../program-gateway.ts";
import { ProgramGateways, type GatewayStart } from "../program-gateways.ts";
import { LaunchedProgram } from "./launched-program.ts";
import type { Launcher } from "./launcher.ts";
import { newName } from "./run-name.ts";

/** Gateways as a user of their own on the host's network, each with one socket in a folder that nobody else can look into. */
export class UserGateways extends ProgramGateways {
  private readonly launcher: Launcher;
  private readonly owner: string;

  constructor(options: {
    readonly launcher: Launcher;
    readonly workspace: string;
    readonly caps?: Partial<GatewayServiceCaps>;
  }) {
    super(options.caps);
    this.launcher = options.launcher;
    this.owner = options.workspace;
  }

  protected async start(options: GatewayStart): Promise<{ gateway: ProgramGateway; place: string }> {
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
    return { gateway, place: id };
  }

  /** Gateways of this back end share nothing. */
  async close(): Promise<void> {
    await Promise.resolve();
  }

  /** The launcher's name of a gateway: for the sandboxes of the same back end. */
  idOf(gateway: WayOut): string {
    return this.placeOf(gateway);
  }
}
