import { join } from "node:path";
import type { Gateways, GatewayRequest, OpenGateway } from "../../contracts/gateway.ts";
import { newGatewayConfig, type GatewayServiceCaps } from "../new-gateway-config.ts";
import { ProgramGateway } from "../program-gateway.ts";
import { newMark } from "./enclosure-mark.ts";
import { HostProgram } from "./host-program.ts";

const LOOPBACK = "127.0.0.1:0";
const GATEWAY_FILES = 4096;
const GATEWAY_FILE_BYTES = 1024 ** 2;

/**
 * Gateways as processes of this user, each on a port of its own of the loopback interface. Whoever is on this machine can
 * reach that port; without the attempt's token it gets nothing there.
 */
export class WorktreeGateways implements Gateways {
  private readonly owner: string;
  private readonly programs: string;
  private readonly caps: Partial<GatewayServiceCaps>;

  constructor(options: { owner: string; programs: string; caps?: Partial<GatewayServiceCaps> }) {
    this.owner = options.owner;
    this.programs = options.programs;
    this.caps = options.caps ?? {};
  }

  /** Resolves when it serves: only then is its port known. */
  async open(request: GatewayRequest): Promise<OpenGateway> {
    const { attempt } = request;
    const gateway = new ProgramGateway({
      id: `gateway-${attempt.attempt}`,
      program: HostProgram.start({
        script: join(this.programs, "gateway", "main.js"),
        nodeArgs: ["--disable-sigusr1"],
        args: [LOOPBACK],
        cwd: "/",
        env: {},
        mark: newMark(this.owner, attempt),
        limits: { openFiles: GATEWAY_FILES, fileBytes: GATEWAY_FILE_BYTES },
      }),
      config: newGatewayConfig(request, this.caps),
      url: (port) => `http://127.0.0.1:${port}`,
      onFact: request.onFact,
      release: async () => Promise.resolve(),
    });
    try {
      await gateway.ready();
      return gateway;
    } catch (error) {
      await gateway.close();
      throw error;
    }
  }

  /** They share nothing. */
  async close(): Promise<void> {
    await Promise.resolve();
  }
}
