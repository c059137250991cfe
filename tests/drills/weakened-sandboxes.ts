import { randomUUID } from "node:crypto";
import type { ContainerCreateOptions, HostConfig } from "dockerode";
import type { Sandbox, SandboxJob, SandboxRequest, Sandboxes } from "../../src/contracts/sandbox.ts";
import { GATEWAY_PORT, GATEWAY_SOCKET } from "../../src/core/gateway-protocol.ts";
import { HOME_PATH, TREE_PATH } from "../../src/core/sandbox-layout.ts";
import { systemClock } from "../../src/lib/system-clock.ts";
import { LABEL_ROLE, LABEL_WORKSPACE, sandboxSpec } from "../../src/sandbox/docker/container-spec.ts";
import { EngineContainer } from "../../src/sandbox/docker/engine-container.ts";
import { startEnclosedSandbox } from "../../src/sandbox/enclosed-sandbox.ts";
import type { DockerUnderTest } from "../fixtures/docker-under-test.ts";

/** What is taken away from a sandbox. */
export interface Weakness {
  readonly hostConfig?: HostConfig;
  readonly user?: string;
  /** Mounts of the host's, beside the sandbox's own. */
  readonly binds?: readonly {
    readonly source: string;
    readonly target: string;
    readonly isReadOnly: boolean;
  }[];
  /** The job gets these of the supervisor's variables. */
  readonly inherits?: readonly string[];
}

/** Real sandboxes that lack a guard and do not mind: neither the comparison nor the self-check keeps them from starting. */
export class WeakenedSandboxes implements Sandboxes {
  private readonly under: DockerUnderTest;
  private readonly weakness: Weakness;

  constructor(under: DockerUnderTest, weakness: Weakness) {
    this.under = under;
    this.weakness = weakness;
  }

  async start(request: SandboxRequest): Promise<Sandbox> {
    const program = await EngineContainer.start(this.under.docker, this.weakenedSpec(request));
    const sandbox = await startEnclosedSandbox({
      program,
      differences: () => [],
      clock: systemClock,
      place: {
        cwd: TREE_PATH,
        env: { HOME: HOME_PATH, TMPDIR: "/tmp" },
        forward: request.gateway ? { port: GATEWAY_PORT, socket: GATEWAY_SOCKET } : null,
      },
    });
    return {
      id: sandbox.id,
      selfCheck: sandbox.selfCheck,
      run: async (job, signal) => await sandbox.run(this.weakenedJob(job), signal),
      destroy: async () => await sandbox.destroy(),
    };
  }

  private weakenedSpec(request: SandboxRequest): ContainerCreateOptions {
    const { image, slot, limits, role, trees, tree, gateway } = request;
    const spec = sandboxSpec({
      name: `nightwarden-weakened-${randomUUID()}`,
      image,
      slot,
      limits,
      tree: this.under.trees.volumeOf(trees, tree),
      gateway: gateway && this.under.gateways.volumeOf(gateway),
      labels: { [LABEL_WORKSPACE]: this.under.workspace, [LABEL_ROLE]: role },
    });
    const { hostConfig = {}, user, binds = [] } = this.weakness;
    const mounts = binds.map(({ source, target, isReadOnly }) => ({
      Type: "bind" as const,
      Source: source,
      Target: target,
      ReadOnly: isReadOnly,
    }));
    return {
      ...spec,
      ...(user === undefined ? {} : { User: user }),
      HostConfig: {
        ...spec.HostConfig,
        ...hostConfig,
        Mounts: [...(spec.HostConfig?.Mounts ?? []), ...mounts],
      },
    };
  }

  private weakenedJob(job: SandboxJob): SandboxJob {
    const inherited = (this.weakness.inherits ?? []).map((name) => [name, process.env[name] ?? ""]);
    return { ...job, env: { ...job.env, ...(Object.fromEntries(inherited) as Record<string, string>) } };
  }
}
