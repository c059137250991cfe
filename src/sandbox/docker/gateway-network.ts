import { randomBytes } from "node:crypto";
import type Docker from "dockerode";
import { messageOf, NightwardenError } from "../../core/nightwarden-error.ts";
import { gatewayNetworkOptions, LABEL_ROLE, LABEL_WORKSPACE } from "./container-spec.ts";
import { removeNetwork } from "./sweep.ts";

/**
 * The bridge that the gateways of one run share: made when the first one needs it, removed with what else bears the
 * workspace's label. One for all, since an engine runs out of addresses after some thirty networks.
 */
export class GatewayNetwork {
  private readonly docker: Docker;
  private readonly workspace: string;
  private name: Promise<string> | undefined;

  constructor(options: { readonly docker: Docker; readonly workspace: string }) {
    this.docker = options.docker;
    this.workspace = options.workspace;
  }

  /** Its name. An attempt that fails is not remembered: the next call tries again. */
  async ensure(): Promise<string> {
    this.name ??= this.create();
    return await this.name.catch((error: unknown) => {
      this.name = undefined;
      throw error;
    });
  }

  /** Removes it, where it was made. No gateway may be left on it. The next `ensure` makes another. */
  async remove(): Promise<void> {
    const name = await this.name?.catch(() => undefined);
    this.name = undefined;
    if (name !== undefined) await removeNetwork(this.docker, name);
  }

  private async create(): Promise<string> {
    const name = `nightwarden-gateways-${randomBytes(6).toString("hex")}`;
    const options = gatewayNetworkOptions();
    try {
      const network = await this.docker.createNetwork({
        Name: name,
        Driver: "bridge",
        EnableIPv6: false,
        Options: options,
        Labels: { [LABEL_WORKSPACE]: this.workspace, [LABEL_ROLE]: "gateway" },
      });
      const created = (await network.inspect()) as {
        readonly Options?: Readonly<Record<string, string>>;
        readonly EnableIPv6?: boolean;
      };
      const isAsAsked = Object.entries(options).every(([key, value]) => created.Options?.[key] === value);
      if (isAsAsked && created.EnableIPv6 !== true) return name;
      await network.remove();
    } catch (error) {
      const message = `the engine could not make the gateways' network: ${messageOf(error)}`;
      const hint = "Networks that nobody uses can be removed with docker network prune.";
      throw new NightwardenError({ code: "infra.engine", message, hint, cause: error });
    }
    throw new NightwardenError({
      code: "refused.sandbox",
      message: "the engine made a network on which gateways could reach each other",
      hint: "Update the engine; see docs/containment.md.",
    });
  }
}
