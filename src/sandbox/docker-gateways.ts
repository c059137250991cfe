import { randomBytes } from "node:crypto";
import type Docker from "dockerode";
import type { SandboxModel } from "../contracts/agent.ts";
import type { Gateways, GatewayRequest, OpenGateway } from "../contracts/gateway.ts";
import { parseGatewayMessage } from "../core/gateway-message.ts";
import { GATEWAY_PORT, type GatewayCaps, type GatewayConfig } from "../core/gateway-protocol.ts";
import { messageOf, NightwardenError } from "../core/nightwarden-error.ts";
import { LineSplitter } from "../lib/line-splitter.ts";
import { gatewaySpec, LABEL_ATTEMPT, LABEL_ROLE, LABEL_WORKSPACE } from "./container-spec.ts";
import { EngineContainer } from "./engine-container.ts";
import { GatewayNetwork } from "./gateway-network.ts";
import { createSocketVolume } from "./socket-volume.ts";
import { removeVolume } from "./sweep.ts";

const MIB = 1024 * 1024;
const MINUTE_MS = 60_000;

/** What no gateway serves beyond, whatever the attempt's budget. */
const CAPS: Omit<GatewayCaps, "tokens" | "costUsd"> = {
  // Of two such bodies at the same time, parsed, copied and written anew, its memory has room for all that they become.
  requestBytes: 16 * MIB,
  responseBytes: 64 * MIB,
  concurrent: 8,
  requestsPerMinute: 240,
  firstByteMs: 2 * MINUTE_MS,
  idleMs: 2 * MINUTE_MS, // providers send a sign of life every few seconds
  answerMs: 20 * MINUTE_MS,
};

const READY_DEADLINE_MS = 30_000;
/** Ending takes it a few milliseconds; one that is stuck is not waited for. */
const FAREWELL_MS = 2_000;
const MAX_LINE_BYTES = 64 * 1024;
const MAX_DIAGNOSTICS_CHARS = 500;

/** Gateways as containers: each with one socket in a volume of its own, and a bridge that they share and cannot meet on. */
export class DockerGateways implements Gateways {
  private readonly docker: Docker;
  private readonly image: string;
  private readonly workspace: string;
  private readonly network: GatewayNetwork;
  private readonly caps: typeof CAPS;
  private readonly volumes = new WeakMap<OpenGateway, string>();

  /** `image` has our programs. */
  constructor(options: { docker: Docker; image: string; workspace: string; caps?: Partial<typeof CAPS> }) {
    this.docker = options.docker;
    this.image = options.image;
    this.workspace = options.workspace;
    this.caps = { ...CAPS, ...options.caps };
    this.network = new GatewayNetwork(options);
  }

  async open(request: GatewayRequest): Promise<OpenGateway> {
    const { attempt, access, budget } = request;
    const suffix = `${attempt.attempt}-${attempt.token.slice(0, 8)}-${randomBytes(3).toString("hex")}`;
    const labels = {
      [LABEL_WORKSPACE]: this.workspace,
      [LABEL_ATTEMPT]: attempt.attempt,
      [LABEL_ROLE]: "gateway",
    };
    const socket = `nightwarden-gateway-${suffix}`;
    const network = await this.network.ensure();
    await createSocketVolume(this.docker, { name: socket, labels });
    const token = `nightwarden-${randomBytes(32).toString("hex")}`;
    const spec = gatewaySpec({
      name: `nightwarden-gateway-${suffix}`,
      image: this.image,
      labels,
      network,
      socket,
    });
    const gateway = new DockerGateway({
      docker: this.docker,
      // Not waited for: the sandbox starts meanwhile.
      container: EngineContainer.start(this.docker, spec),
      socket,
      config: { ...access, token, caps: { ...this.caps, ...budget } },
      onFact: request.onFact,
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

class DockerGateway implements OpenGateway {
  readonly id: string;
  readonly model: SandboxModel;
  private readonly docker: Docker;
  private readonly container: Promise<EngineContainer>;
  private readonly socket: string;
  private readonly onFact: GatewayRequest["onFact"];
  private readonly serving: Promise<void>;
  private readonly ended: Promise<unknown>;
  private announceReady: () => void = () => undefined;
  private isClosing = false;
  private diagnostics = "";

  constructor(options: {
    docker: Docker;
    container: Promise<EngineContainer>;
    socket: string;
    config: GatewayConfig;
    onFact: GatewayRequest["onFact"];
  }) {
    this.docker = options.docker;
    this.container = options.container;
    this.socket = options.socket;
    this.onFact = options.onFact;
    this.id = options.socket;
    this.model = { url: `http://127.0.0.1:${GATEWAY_PORT}`, token: options.config.token };
    const isReady = new Promise<void>((resolve) => (this.announceReady = resolve));
    const running = this.run(options.config);
    this.ended = running.catch(() => undefined);
    this.serving = Promise.race([isReady, running, deadline()]);
    this.serving.catch(() => undefined); // told to whoever asks whether it is ready
  }

  async ready(): Promise<void> {
    await this.serving;
  }

  async close(): Promise<void> {
    this.isClosing = true;
    // A container that could not start has left nothing, and whoever needed it has been told.
    const container = await this.container.catch(() => undefined);
    // It tells the rest of its facts when its input ends; killed, it would keep what was used and refused to itself.
    container?.endInput();
    await settledWithin(FAREWELL_MS, this.ended);
    await container?.remove();
    await removeVolume(this.docker, this.socket);
  }

  /** Hands over the key and reads facts until the gateway ends. Rejects where it ends before anyone closed it. */
  private async run(config: GatewayConfig): Promise<never> {
    let why = "it ended by itself";
    try {
      const container = await this.container;
      // Standard input stays open: the gateway ends with it, and so with the supervisor.
      await container.write(Buffer.from(`${JSON.stringify(config)}\n`));
      const splitter = new LineSplitter({
        maxLineBytes: MAX_LINE_BYTES,
        onLine: ({ text }) => this.onLine(text),
      });
      for await (const { stream, bytes } of container.output()) {
        if (stream === "stdout") splitter.push(bytes);
        else this.diagnostics = (this.diagnostics + bytes.toString("utf8")).slice(-MAX_DIAGNOSTICS_CHARS);
      }
    } catch (error) {
      if (error instanceof NightwardenError && error.code === "refused.sandbox") throw error;
      why = messageOf(error);
    }
    const message = this.diagnostics.trim() === "" ? why : `${why}: ${this.diagnostics.trim()}`;
    if (!this.isClosing) this.onFact({ type: "died", message });
    throw new NightwardenError({ code: "infra.gateway", message: `the gateway cannot serve: ${message}` });
  }

  private onLine(text: string): void {
    const message = parseGatewayMessage(text);
    if (message === undefined) this.diagnostics = `it said what no gateway says`;
    else if (message.type === "ready") this.announceReady();
    else this.onFact(message);
  }
}

async function deadline(): Promise<never> {
  await new Promise((resolve) => setTimeout(resolve, READY_DEADLINE_MS).unref());
  const message = `the gateway did not serve within ${READY_DEADLINE_MS / 1000} s`;
  throw new NightwardenError({ code: "infra.gateway", message, hint: "Is the engine overloaded?" });
}

async function settledWithin(timeoutMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise((resolve) => (timer = setTimeout(resolve, timeoutMs)));
  await Promise.race([work, patience]);
  clearTimeout(timer);
}
