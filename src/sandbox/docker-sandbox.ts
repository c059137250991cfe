import { randomBytes } from "node:crypto";
import type Docker from "dockerode";
import type { Clock } from "../contracts/clock.ts";
import type { Sandbox, Sandboxes, SandboxJob, SandboxRequest, SandboxRun } from "../contracts/sandbox.ts";
import type { SelfCheck } from "../core/event.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import { GATEWAY_PORT, GATEWAY_SOCKET } from "../core/gateway-protocol.ts";
import { SandboxStop } from "../core/sandbox-stop.ts";
import { TREE_PATH, type ShimJob } from "../core/shim-protocol.ts";
import type { AttachChunk } from "./attach-stream.ts";
import { selfCheckDifferences } from "./compare-container.ts";
import { HOME_PATH, LABEL_ATTEMPT, LABEL_ROLE, LABEL_WORKSPACE, sandboxSpec } from "./container-spec.ts";
import type { DockerGateways } from "./docker-gateways.ts";
import type { DockerTrees } from "./docker-trees.ts";
import { EngineContainer } from "./engine-container.ts";
import { readSelfCheck } from "./read-self-check.ts";
import { RunWatch } from "./run-watch.ts";

/** Sandboxes as containers without network, each on one tree volume. */
export class DockerSandboxes implements Sandboxes {
  private readonly docker: Docker;
  private readonly trees: DockerTrees;
  private readonly gateways: DockerGateways;
  private readonly clock: Clock;
  private readonly workspace: string;

  constructor(options: {
    docker: Docker;
    trees: DockerTrees;
    gateways: DockerGateways;
    clock: Clock;
    workspace: string;
  }) {
    this.docker = options.docker;
    this.trees = options.trees;
    this.gateways = options.gateways;
    this.clock = options.clock;
    this.workspace = options.workspace;
  }

  async start(request: SandboxRequest): Promise<Sandbox> {
    const { attempt, role, image, slot, limits } = request;
    const spec = sandboxSpec({
      name: `nightwarden-${role}-${attempt.attempt}-${attempt.token.slice(0, 8)}-${randomBytes(3).toString("hex")}`,
      image,
      slot,
      limits,
      tree: this.trees.volumeOf(request.trees, request.tree),
      gateway: request.gateway && this.gateways.volumeOf(request.gateway),
      labels: {
        [LABEL_WORKSPACE]: this.workspace,
        [LABEL_ATTEMPT]: attempt.attempt,
        [LABEL_ROLE]: role,
      },
    });
    const container = await EngineContainer.start(this.docker, spec);
    const output = container.output();
    try {
      const check = await readSelfCheck(output);
      const differences = selfCheckDifferences(check, slot, limits);
      if (differences.length > 0) {
        throw new NightwardenError({
          code: "refused.sandbox",
          message: `the sandbox is weaker than it should be: it ${differences.join("; it ")}`,
          hint: "Nothing untrusted was started in it. Update the engine; see docs/containment.md.",
        });
      }
      const hasGateway = request.gateway !== undefined;
      return new DockerSandbox({ container, output, selfCheck: check, clock: this.clock, hasGateway });
    } catch (error) {
      await container.remove();
      throw error;
    }
  }
}

class DockerSandbox implements Sandbox {
  readonly id: string;
  readonly selfCheck: SelfCheck;
  private readonly container: EngineContainer;
  private readonly output: AsyncGenerator<AttachChunk>;
  private readonly clock: Clock;
  private readonly hasGateway: boolean;

  constructor(options: {
    container: EngineContainer;
    output: AsyncGenerator<AttachChunk>;
    selfCheck: SelfCheck;
    clock: Clock;
    hasGateway: boolean;
  }) {
    this.hasGateway = options.hasGateway;
    this.container = options.container;
    this.id = options.container.id.slice(0, 12);
    this.output = options.output;
    this.selfCheck = options.selfCheck;
    this.clock = options.clock;
  }

  async run(job: SandboxJob, signal: AbortSignal): Promise<SandboxRun> {
    const nonce = randomBytes(16).toString("hex");
    const watch = new RunWatch({ container: this.container, job, nonce, clock: this.clock });
    const reading = watch.read(this.output);
    reading.catch(() => undefined);
    const onAbort = (): void => {
      const reason: unknown = signal.reason;
      watch.stop(reason instanceof SandboxStop ? reason.why : "stopped");
    };
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      watch.begin();
      await this.sendJob(job, nonce);
      return watch.result(await watch.ended(reading));
    } finally {
      signal.removeEventListener("abort", onAbort);
      watch.dispose();
    }
  }

  async destroy(): Promise<void> {
    await this.container.remove();
  }

  private async sendJob(job: SandboxJob, nonce: string): Promise<void> {
    const stdin = Buffer.from(job.stdin, "utf8");
    const shimJob: ShimJob = {
      nonce,
      commands: job.commands,
      env: { HOME: HOME_PATH, TMPDIR: "/tmp", LANG: "C.UTF-8", CI: "1", ...job.env },
      cwd: TREE_PATH,
      forward: this.hasGateway ? { port: GATEWAY_PORT, socket: GATEWAY_SOCKET } : null,
      stdinBytes: stdin.length,
    };
    await this.container.write(Buffer.concat([Buffer.from(`${JSON.stringify(shimJob)}\n`), stdin]));
    this.container.endInput();
  }
}
