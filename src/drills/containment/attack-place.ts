import type { GatewayFact, Gateways, OpenGateway } from "../../contracts/gateway.ts";
import type { Sandbox, Sandboxes } from "../../contracts/sandbox.ts";
import type { OpenTrees, Trees } from "../../contracts/trees.ts";
import type { AttemptId, TaskId } from "../../core/ids.ts";
import type { Limits } from "../../core/limits.ts";
import type { DrillHost } from "./drill-host.ts";
import { drillTree } from "./drill-tree.ts";

/** Where the attacks run: as an agent's program would. */
export interface ContainmentParts {
  readonly sandboxes: Sandboxes;
  readonly trees: Trees;
  readonly gateways: Gateways;
  readonly newToken: () => string;
}

/** The only model that the drill's gateway lets pass, to an API that is not there. */
export const DRILL_MODEL = "no-model";
const SLOT = 0;

/** What an attempt has, for a drill: a sandbox on a filled tree, and a gateway. */
export interface AttackPlace {
  readonly sandbox: Sandbox;
  readonly gateway: OpenGateway;
  /** When the tree is filled and the gateway serves. */
  ready(): Promise<void>;
  /** Another sandbox on the same tree, without a gateway, for when the first is gone. It is destroyed after `work`. */
  withAnother<T>(work: (sandbox: Sandbox) => Promise<T>): Promise<T>;
  /** Leaves nothing. May be called again. */
  close(): Promise<void>;
}

export async function openAttackPlace(options: {
  readonly parts: ContainmentParts;
  readonly host: DrillHost;
  /** The image's id. */
  readonly image: string;
  readonly limits: Limits;
  readonly onFact: (fact: GatewayFact) => void;
}): Promise<AttackPlace> {
  const { parts, host, image, limits, onFact } = options;
  const attempt = {
    task: "drill-containment" as TaskId,
    attempt: "drill-containment.1" as AttemptId,
    token: parts.newToken(),
  };
  const opened: { trees?: OpenTrees; gateway?: OpenGateway; sandbox?: Sandbox } = {};
  const close = async (): Promise<void> => {
    // What the sandbox has goes after it. Each is tried, whatever becomes of the others.
    const first = await Promise.allSettled([opened.sandbox?.destroy()]);
    const last = await Promise.allSettled([opened.gateway?.close(), opened.trees?.close()]);
    for (const each of [...first, ...last]) if (each.status === "rejected") throw each.reason;
  };
  try {
    const trees = await parts.trees.open({ attempt, slot: SLOT });
    opened.trees = trees;
    const filled = trees.fill("agent", drillTree());
    filled.catch(() => undefined); // told by `ready`
    const gateway = await parts.gateways.open({
      attempt,
      access: {
        provider: "anthropic",
        credential: { kind: "api-key", value: host.key },
        // The gateway's own machine, where nobody listens.
        upstream: { url: "https://127.0.0.1:9", ca: null, proxy: null },
        models: [DRILL_MODEL],
        maxOutputTokens: 1,
        prices: {},
      },
      budget: { tokens: 1000, costUsd: 1 },
      onFact,
    });
    opened.gateway = gateway;
    const place = { attempt, image, trees, limits, slot: SLOT, tree: "agent" } as const;
    const sandbox = await parts.sandboxes.start({ ...place, gateway, role: "agent" });
    opened.sandbox = sandbox;
    return {
      sandbox,
      gateway,
      ready: async () => void (await Promise.all([filled, gateway.ready()])),
      withAnother: async (work) => {
        const other = await parts.sandboxes.start({ ...place, role: "verify" });
        try {
          return await work(other);
        } finally {
          await other.destroy();
        }
      },
      close,
    };
  } catch (error) {
    await close().catch(() => undefined); // why it could not be opened says more
    throw error;
  }
}
