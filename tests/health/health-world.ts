import { expect } from "vitest";
import type { Agent } from "../../src/contracts/agent.ts";
import type { GatewayFact, ModelAccess } from "../../src/contracts/gateway.ts";
import type { EngineFacts } from "../../src/core/judge-engine.ts";
import { MINUTE_MS } from "../../src/core/duration.ts";
import type { ProbeResult } from "../../src/core/probe.ts";
import {
  nightProbes,
  type HealthDeps,
  type HealthOrder,
  type ProbedAgent,
} from "../../src/health/night-probes.ts";
import { runProbes, type ProbeRunOptions } from "../../src/health/run-probes.ts";
import { FakeEngine } from "../fakes/fake-engine.ts";
import { FakeGateways } from "../fakes/fake-gateways.ts";
import { TEST_LIMITS } from "../fixtures/test-limits.ts";

export const SECRET = "sk-sentinel-0123456789";
const NOW = "2026-11-20T22:00:00.000Z";

/** One repository, one agent with a client and a model, and everything in order; a test breaks what it is about. */
export class HealthWorld {
  readonly engine = new FakeEngine();
  readonly gateways = new FakeGateways();
  readonly facts: GatewayFact[] = [];
  /** What the agent's program was given. */
  readonly asked: { readonly stdin: string; readonly args: readonly string[] }[] = [];
  client = { printed: "9.9.9 (Client)", exitCode: 0 };
  access: () => Promise<ModelAccess> = async () => await Promise.resolve(ACCESS);
  deps: HealthDeps = {
    clock: { now: () => new Date(NOW), monotonicMs: () => MINUTE_MS },
    started: { wallMs: Date.parse(NOW) - MINUTE_MS, monotonicMs: 0 },
    stateDir: "/workspace/.nightwarden",
    freeBytes: async () => await Promise.resolve(100 * 2 ** 30),
    unreadLanguages: async () => await Promise.resolve([]),
    gitVersion: async () => await Promise.resolve("2.47.0"),
    inspectRepository: async (name) =>
      await Promise.resolve([{ subject: `repository ${name}`, verdict: "ok", message: "main at 123" }]),
    lastEventMs: async () => await Promise.resolve(undefined),
    describeEngine: async () => await Promise.resolve(ENGINE),
    machinery: async () =>
      await Promise.resolve({
        sandboxes: this.engine,
        trees: this.engine,
        gateways: this.gateways,
        images: {
          ensure: async () =>
            await Promise.resolve({ id: "sha256:1234567890abcdef", base: "fake", built: false }),
        },
        newToken: () => "token-of-a-probe",
      }),
  };

  constructor() {
    this.engine.programs.set("true", () => 0);
    this.engine.programs.set("df", ({ print }) => {
      print("Filesystem     1024-blocks     Used Available Capacity Mounted on");
      print("/dev/vda1        263174212 27000000  75000000      27% /task");
      return 0;
    });
    this.engine.programs.set("client", ({ print }) => {
      print(this.client.printed);
      return this.client.exitCode;
    });
    this.engine.programs.set("ask", ({ env, print, stdin }, args) => {
      this.asked.push({ stdin, args });
      if (!this.gateways.ask(env["TOKEN"] ?? "")) return 1;
      print("hello");
      return 0;
    });
  }

  get order(): HealthOrder {
    return {
      repositories: ["app"],
      agents: [this.agent],
      limits: TEST_LIMITS,
      parallel: 1,
      policy: { clientChange: "warn" },
      versions: { strict: false, allowed: {} },
      previous: new Map(),
      hello: true,
      onProgress: () => undefined,
      onFact: (_, fact) => this.facts.push(fact),
    };
  }

  get agent(): ProbedAgent {
    const model = { source: "the environment variable KEY", access: async () => await this.access() };
    return { agent: AGENT, repository: "app", model };
  }

  /** Runs all probes, and sees that none left anything behind. */
  async run(
    changes: { readonly order?: Partial<HealthOrder>; readonly options?: Partial<ProbeRunOptions> } = {},
  ): Promise<Results> {
    const probes = nightProbes(this.deps, { ...this.order, ...changes.order });
    const options = { now: () => 0, signal: new AbortController().signal, ...changes.options };
    try {
      return new Results(await runProbes(probes, options));
    } finally {
      expect([...this.engine.open_, ...this.gateways.open_.keys()]).toEqual([]);
    }
  }
}

export class Results {
  readonly all: readonly ProbeResult[];

  constructor(all: readonly ProbeResult[]) {
    this.all = all;
  }

  /** The result of a probe, such as `disk engine`. */
  of(name: string): ProbeResult {
    const found = this.all.find(({ probe, subject }) => `${probe} ${subject}` === name);
    if (!found) throw new Error(`no probe was "${name}"`);
    return found;
  }

  verdicts(): Record<string, string> {
    return Object.fromEntries(
      this.all.map(({ probe, subject, verdict }) => [`${probe} ${subject}`, verdict]),
    );
  }
}

export const ENGINE: EngineFacts = {
  host: "unix:///var/run/docker.sock",
  version: "29.1.0",
  apiVersion: "1.52",
  storageDriver: "overlay2",
  cgroupVersion: "2",
  platform: { kind: "docker-engine", version: null, rootless: false, wsl: false },
  runtime: { name: "runc", version: "1.3.6" },
  timeMs: Date.parse(NOW),
  memoryBytes: 16 * 2 ** 30,
};

const ACCESS: ModelAccess = {
  provider: "anthropic",
  credential: { kind: "api-key", value: SECRET },
  upstream: { url: "https://api.example.org", ca: null, proxy: null },
  models: ["model-1"],
  maxOutputTokens: 1000,
  prices: {},
};

const AGENT: Agent = {
  name: "claude",
  client: {
    version: "9.9.9",
    versionCommand: ["client", "--version"],
    readVersion: (printed) => /^(\d+\.\d+\.\d+) \(Client\)$/.exec(printed)?.[1],
  },
  invocation: ({ prompt, model, purpose }) => ({
    command: ["ask", purpose],
    env: { TOKEN: model?.token ?? "" },
    stdin: prompt,
  }),
  reader: () => {
    let messages = 0;
    return {
      line: () => void (messages += 1),
      report: () => ({
        verdict: messages > 0 ? "succeeded" : "unfinished",
        code: null,
        message: "",
        messages,
        malformedLines: 0,
      }),
    };
  },
};
