import type { SandboxModel } from "../contracts/agent.ts";
import type { GatewayRequest, OpenGateway } from "../contracts/gateway.ts";
import { parseGatewayMessage } from "../core/gateway-message.ts";
import type { GatewayConfig } from "../core/gateway-protocol.ts";
import type { RegistryConfig } from "../core/registry-protocol.ts";
import { messageOf, NightwardenError } from "../core/nightwarden-error.ts";
import { LineSplitter } from "../lib/line-splitter.ts";
import type { EnclosedProgram } from "./enclosed-program.ts";

const READY_DEADLINE_MS = 30_000;
/** Ending takes it a few milliseconds; one that is stuck is not waited for. */
const FAREWELL_MS = 2_000;
const MAX_LINE_BYTES = 64 * 1024;
const MAX_DIAGNOSTICS_CHARS = 500;

/** A gateway, to a model API or to package registries, through the program that it is. It may still be starting. */
export class ProgramGateway implements OpenGateway {
  readonly id: string;
  private readonly token: string;
  private url: string | undefined;
  private readonly urlOf: (port: number) => string;
  private readonly program: Promise<EnclosedProgram>;
  private readonly release: () => Promise<void>;
  private readonly onFact: GatewayRequest["onFact"];
  private readonly serving: Promise<void>;
  private readonly ended: Promise<unknown>;
  private announceReady: () => void = () => undefined;
  private isClosing = false;
  private diagnostics = "";

  constructor(options: {
    /** Names it to a person. */
    readonly id: string;
    readonly program: Promise<EnclosedProgram>;
    readonly config: GatewayConfig | RegistryConfig;
    /** How the agent reaches it from its sandbox; a function: it tells its port when it is ready. */
    readonly url: string | ((port: number) => string);
    readonly onFact: GatewayRequest["onFact"];
    /** Frees what the gateway was reached by, when it is gone. May be called again. */
    readonly release: () => Promise<void>;
  }) {
    this.program = options.program;
    this.release = options.release;
    this.onFact = options.onFact;
    this.id = options.id;
    this.token = "token" in options.config ? options.config.token : "";
    const { url } = options;
    this.url = typeof url === "string" ? url : undefined;
    this.urlOf = typeof url === "string" ? () => url : url;
    const isReady = new Promise<void>((resolve) => (this.announceReady = resolve));
    const running = this.run(options.config);
    this.ended = running.catch(() => undefined);
    this.serving = Promise.race([isReady, running, deadline()]);
    this.serving.catch(() => undefined); // told to whoever asks whether it is ready
  }

  get model(): SandboxModel {
    if (this.url === undefined) throw new TypeError("this gateway has not said yet where it listens");
    return { url: this.url, token: this.token };
  }

  async ready(): Promise<void> {
    await this.serving;
  }

  async close(): Promise<void> {
    this.isClosing = true;
    // A program that could not start has left nothing, and whoever needed it has been told.
    const program = await this.program.catch(() => undefined);
    // It tells the rest of its facts when its input ends; killed, it would keep what was used and refused to itself.
    program?.endInput();
    await settledWithin(FAREWELL_MS, this.ended);
    await program?.remove();
    await this.release();
  }

  /** Hands over the key and reads facts until the gateway ends. Rejects where it ends before anyone closed it. */
  private async run(config: GatewayConfig | RegistryConfig): Promise<never> {
    let why = "it ended by itself";
    try {
      const program = await this.program;
      // Standard input stays open: the gateway ends with it, and so with the supervisor.
      await program.write(Buffer.from(`${JSON.stringify(config)}\n`));
      const splitter = new LineSplitter({
        maxLineBytes: MAX_LINE_BYTES,
        onLine: ({ text }) => this.onLine(text),
      });
      for await (const { stream, bytes } of program.output()) {
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
    else if (message.type === "ready") {
      this.url ??= message.port === undefined ? undefined : this.urlOf(message.port);
      this.announceReady();
    } else this.onFact(message);
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
