import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect } from "vitest";
import { dockerUnderTest, type DockerUnderTest } from "../fixtures/docker-under-test.ts";
import {
  gatewayAttempt,
  type GatewayAttempt,
  type GatewayAttemptOptions,
} from "../fixtures/gateway-attempt.ts";
import { baseRepository } from "../fixtures/hostile-attempt.ts";
import { runPlainContainer } from "../fixtures/plain-container.ts";
import { startScriptedApi } from "../model-api/scripted-api.ts";

type Api = Awaited<ReturnType<typeof startScriptedApi>>;
type AttemptOptions = Partial<Omit<GatewayAttemptOptions, "under" | "api" | "repository">>;

/** Attempts with real gateways in front of a scripted API, and containers without a guard for the controls. */
export class GatewayWorld {
  readonly under: DockerUnderTest;
  readonly api: Api;
  /** Where no request may ever go. */
  readonly elsewhere: Api;
  private readonly repository = baseRepository();

  private constructor(parts: { under: DockerUnderTest; api: Api; elsewhere: Api }) {
    this.under = parts.under;
    this.api = parts.api;
    this.elsewhere = parts.elsewhere;
  }

  static async open(name: string): Promise<GatewayWorld> {
    const [under, api, elsewhere] = await Promise.all([
      dockerUnderTest(name),
      startScriptedApi(),
      startScriptedApi(),
    ]);
    return new GatewayWorld({ under, api, elsewhere });
  }

  /** Nothing may be left on the engine. */
  async close(): Promise<void> {
    this.repository.dispose();
    await Promise.all([this.api.stop(), this.elsewhere.stop()]);
    await this.under.gateways.close();
    expect(await this.under.leftovers()).toEqual([]);
  }

  /** One attempt, closed whatever happens. */
  async withAttempt<Result>(
    options: AttemptOptions,
    use: (attempt: GatewayAttempt) => Promise<Result>,
  ): Promise<Result> {
    const { under, api } = this;
    const attempt = await gatewayAttempt({ under, api, repository: this.repository.path, ...options });
    try {
      return await use(attempt);
    } finally {
      await attempt.close();
    }
  }

  /** What a container prints that nothing confines but what `more` says. */
  async plain(command: readonly string[], more: object = {}): Promise<string> {
    const { docker, image } = this.under;
    return await runPlainContainer({ docker, image, command, ...more });
  }

  /** The scripted API, for a container that is free to reach it. */
  directly(): object {
    const { hostname, port } = new URL(this.api.url());
    return { host: hostname, port: Number(port), ca: readFileSync(this.api.caFile, "utf8") };
  }

  /** Where a gateway is. */
  async networkOf(attempt: GatewayAttempt): Promise<{ name: string; address: string; bridge: string }> {
    const { NetworkSettings } = await this.under.docker.getContainer(attempt.gateway).inspect();
    const [[name, { IPAddress, Gateway }] = ["", { IPAddress: "", Gateway: "" }]] = Object.entries(
      NetworkSettings.Networks,
    );
    return { name, address: IPAddress, bridge: Gateway };
  }

  /** What a container has written, but for the engine's own init. */
  async addedFiles(container: string): Promise<string[]> {
    const changes = (await this.under.docker.getContainer(container).changes()) as
      { Path: string; Kind: number }[] | null;
    const ADDED = 1;
    return (changes ?? [])
      .filter(({ Path, Kind }) => Kind === ADDED && !Path.endsWith("/docker-init"))
      .map(({ Path }) => Path);
  }
}

/** The world of a test file: opened before its tests, closed after them. */
export function useGatewayWorld(name: string): { readonly current: GatewayWorld } {
  let world: GatewayWorld | undefined;
  beforeAll(async () => {
    world = await GatewayWorld.open(name);
  });
  afterAll(async () => {
    await world?.close();
  });
  return {
    get current() {
      if (!world) throw new Error("no test is running");
      return world;
    },
  };
}
