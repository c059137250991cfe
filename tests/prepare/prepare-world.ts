import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { CommandAgent } from "../../src/agents/command-agent.ts";
import type { Dependencies } from "../../src/contracts/dependencies.ts";
import type { Checks } from "../../src/contracts/checks.ts";
import type { EventData, EventType } from "../../src/core/event.ts";
import { NO_GRANTS, type Grants } from "../../src/core/grants.ts";
import type { NightState } from "../../src/core/night-state.ts";
import type { TaskKind } from "../../src/core/plan.ts";
import type { PrepareSettings } from "../../src/core/prepare-recipe.ts";
import type { RegistryAccess } from "../../src/core/registry-access.ts";
import type { NightOrder } from "../../src/night/deps.ts";
import { DockerDependencies } from "../../src/sandbox/docker/docker-dependencies.ts";
import { LABEL_DEPENDENCIES } from "../../src/sandbox/docker/container-spec.ts";
import { UserDependencies } from "../../src/sandbox/user/user-dependencies.ts";
import { dockerUnderTest, type DockerUnderTest } from "../fixtures/docker-under-test.ts";
import { userUnderTest, type UserUnderTest } from "../fixtures/user-under-test.ts";
import { NightWorld, PHASE_1 } from "../night/night-world.ts";

export const DETECTED: PrepareSettings = {
  commands: undefined,
  files: undefined,
  path: undefined,
  allowScripts: false,
  timeMs: 120_000,
};

interface RunTask {
  /** What the agent runs in its tree. */
  readonly agent?: string;
  readonly verify?: readonly string[];
  readonly grants?: Partial<Grants>;
  /** Absent: one that no task had. */
  readonly id?: string;
  /** Absent: the night world's own. */
  readonly kind?: TaskKind;
}

interface Run extends RunTask {
  /** The checks. Absent: nothing is found. */
  readonly checks?: Checks;
  /** Tasks after the first. */
  readonly more?: readonly RunTask[];
  readonly access: RegistryAccess;
  readonly prepare?: Partial<PrepareSettings>;
  readonly order?: Partial<NightOrder>;
  readonly image?: string;
}

/** Which sandboxes there are: on the real engine, or as users of their own. */
export type PrepareKind = "docker" | "user";

/** Nights in real sandboxes, with a repository of their own; models and journal are in memory. */
export class PrepareWorld {
  readonly night: NightWorld;
  readonly under: DockerUnderTest | UserUnderTest;
  readonly dependencies: Dependencies;
  private tasks = 0;

  private constructor(night: NightWorld, under: DockerUnderTest | UserUnderTest) {
    this.night = night;
    this.under = under;
    this.dependencies = "docker" in under ? new DockerDependencies(under) : new UserDependencies(under);
  }

  static async create(
    name: string,
    files: Readonly<Record<string, string>>,
    kind: PrepareKind = "docker",
  ): Promise<PrepareWorld> {
    const under = kind === "docker" ? await dockerUnderTest(name) : await userUnderTest(name);
    return new PrepareWorld(await NightWorld.create(files), under);
  }

  /** One night with one task, or more. */
  async run(options: Run): Promise<NightState> {
    const { under, dependencies } = this;
    const verify = options.verify ?? ["true"];
    const stories = [options, ...(options.more ?? [])].map((task) => {
      const id = task.id ?? `task-${(this.tasks += 1)}`;
      const command = ["sh", "-c", task.agent ?? `echo done > ${id}.txt`];
      const grants = { grants: { ...NO_GRANTS, ...task.grants } };
      const kind = task.kind ? { kind: task.kind } : {};
      return {
        agent: new CommandAgent({ name: id, command, env: {} }),
        story: { id, agent_: () => 0, verify: [...(task.verify ?? verify)], ...grants, ...kind },
      };
    });
    const state = await this.night.run(
      stories.map(({ story }) => story),
      {
        // Nothing is ignored: what keeps dependencies out of a commit is not a list.
        policy: { ...PHASE_1, ignore: [] },
        prepare: new Map([["app", { ...DETECTED, ...options.prepare }]]),
        verify: new Map([["app", verify]]),
        ...options.order,
      },
      undefined,
      {
        sandboxes: under.sandboxes,
        trees: under.trees,
        gateways: under.gateways,
        residue: [],
        images: {
          ensure: async () =>
            await Promise.resolve({ id: options.image ?? under.image, base: "test", built: false }),
        },
        ...(options.checks ? { checks: options.checks } : {}),
        agents: new Map(stories.map(({ agent }) => [agent.name, agent])),
        preparation: {
          dependencies,
          registries: { open: async (request) => await under.gateways.openRegistry(request) },
          access: async () => await Promise.resolve(options.access),
        },
      },
    );
    if (!state) throw new Error("there was no night");
    return state;
  }

  events<T extends EventType>(type: T): EventData<T>[] {
    return this.night.events.flatMap((event) => (event.type === type ? [event.data as EventData<T>] : []));
  }

  /** A file of what the last night of these events has landed. */
  landedFile(state: NightState, path: string): string {
    return this.night.git("show", `nightwarden/${state.night}:${path}`);
  }

  async sets(): Promise<string[]> {
    if (!("docker" in this.under)) return readdirSync(join(this.under.root, "sets"));
    const filters = { label: [`${LABEL_DEPENDENCIES}=${this.under.workspace}`] };
    const { Volumes } = await this.under.docker.listVolumes({ filters });
    return (Volumes ?? []).map(({ Name }) => Name);
  }

  /** As somebody does who cleans up by hand. */
  async removeByHand(set: string): Promise<void> {
    if ("docker" in this.under) await this.under.docker.getVolume(set).remove();
    else rmSync(join(this.under.root, "sets", set), { recursive: true });
  }

  /** Removes everything; what a night itself has left is told. */
  async dispose(): Promise<readonly string[]> {
    await this.dependencies.keep([]);
    await this.under.gateways.close();
    this.night.dispose();
    const left = await this.under.leftovers();
    if (!("docker" in this.under)) rmSync(this.under.root, { recursive: true, force: true });
    return left;
  }
}
