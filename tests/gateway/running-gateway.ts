import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type {
  EgressDenial,
  GatewayConfig,
  GatewayMessage,
  ModelAnswer,
} from "../../src/core/gateway-protocol.ts";
import { GatewayClient } from "./gateway-client.ts";

const PROGRAM = join(import.meta.dirname, "../../src/gateway/main.ts");

export const TOKEN = "attempt-token-0123456789abcdef";
export const KEY = "sk-real-key-SENTINEL-0123456789";

export function testConfig(
  changes: Partial<GatewayConfig> & { readonly url: string; readonly ca: string },
): GatewayConfig {
  const { url, ca, ...rest } = changes;
  return {
    provider: "anthropic",
    token: TOKEN,
    credential: { kind: "api-key", value: KEY },
    upstream: { url, ca, proxy: null },
    models: ["model-a", "model-b"],
    maxOutputTokens: 1000,
    prices: { "model-a": { input: 1, cacheRead: 0.1, cacheWrite: 1.25, output: 10 } },
    caps: TEST_CAPS,
    ...rest,
  };
}

export const TEST_CAPS: GatewayConfig["caps"] = {
  tokens: 1_000_000,
  costUsd: 1000,
  requestBytes: 1024 * 1024,
  responseBytes: 1024 * 1024,
  concurrent: 4,
  requestsPerMinute: 10_000,
  firstByteMs: 10_000,
  idleMs: 10_000,
  answerMs: 20_000,
};

/** One with so many is replaced before the next attack: not much later, it tells of several in one message. */
export const MANY_DENIALS = 10;

/** The real program as a process of this machine, and a client of its socket. */
export class RunningGateway extends GatewayClient {
  readonly messages: GatewayMessage[] = [];
  stderr = "";
  stdout = "";
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly exit: Promise<number | null>;
  private waiting: (() => void)[] = [];

  private constructor(firstLine: string, env: NodeJS.ProcessEnv) {
    super({ socket: newSocketPath(), token: TOKEN });
    this.child = spawn(process.execPath, [PROGRAM, this.socket], { env: { ...process.env, ...env } });
    this.child.stderr.setEncoding("utf8").on("data", (text: string) => (this.stderr += text));
    let partial = "";
    this.child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
      const lines = `${partial}${text}`.split("\n");
      partial = lines.pop() ?? "";
      this.messages.push(...lines.map((line) => JSON.parse(line) as GatewayMessage));
      this.wake();
    });
    this.exit = once(this.child, "close").then(([code]) => {
      this.wake();
      return code as number | null;
    });
    this.child.stdin.on("error", () => undefined);
    this.child.stdin.write(firstLine);
  }

  /** A process that has got this as its first input, whatever it makes of it. */
  static launch(firstLine: string, env: NodeJS.ProcessEnv = {}): RunningGateway {
    return new RunningGateway(firstLine, env);
  }

  static async start(config: GatewayConfig, env: NodeJS.ProcessEnv = {}): Promise<RunningGateway> {
    const gateway = RunningGateway.launch(`${JSON.stringify(config)}\n`, env);
    await gateway.until((messages) => messages.some(({ type }) => type === "ready"));
    return gateway;
  }

  get answers(): ModelAnswer[] {
    return this.messages.flatMap((message) => (message.type === "answered" ? [message.answer] : []));
  }

  get denials(): EgressDenial[] {
    return this.messages.flatMap((message) => (message.type === "denied" ? [message.denial] : []));
  }

  async until(holds: (messages: readonly GatewayMessage[]) => boolean): Promise<void> {
    while (!holds(this.messages)) {
      if (this.child.exitCode !== null) throw new Error(`the gateway ended: ${this.stderr}`);
      await new Promise<void>((wake) => this.waiting.push(wake));
    }
  }

  async untilAnswers(count: number): Promise<ModelAnswer> {
    await this.until(() => this.answers.length >= count);
    return this.answers[count - 1]!;
  }

  /** The denials that are told after the first `before`, once there are `count` of them. */
  async nextDenials(before: number, count = 1): Promise<EgressDenial[]> {
    await this.until(() => this.denials.length >= before + count);
    return this.denials.slice(before);
  }

  async untilDenied(rule: string): Promise<EgressDenial> {
    await this.until(() => this.denials.some((denial) => denial.rule === rule));
    return this.denials.find((denial) => denial.rule === rule)!;
  }

  /** More of its standard input. */
  send(text: string): void {
    this.child.stdin.write(text);
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Ends its input, as a supervisor does that goes away; resolves with the exit code. */
  async close(): Promise<number | null> {
    this.child.stdin.end();
    return await this.ended();
  }

  async ended(): Promise<number | null> {
    const code = await this.exit;
    rmSync(dirname(this.socket), { recursive: true, force: true });
    return code;
  }

  private wake(): void {
    for (const wake of this.waiting.splice(0)) wake();
  }
}

/** Where a gateway may make its socket: a new folder, which is whoever's asks to remove. */
export function newSocketPath(): string {
  return join(mkdtempSync(join(tmpdir(), "nightwarden-gateway-")), "api.sock");
}

/** A request to the Messages API that passes. */
export function goodBody(changes: object = {}): object {
  return {
    model: "model-a",
    max_tokens: 100,
    stream: true,
    messages: [{ role: "user", content: [{ type: "text", text: "Hi" }] }],
    ...changes,
  };
}
