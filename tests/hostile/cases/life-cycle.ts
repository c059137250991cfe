import { randomUUID } from "node:crypto";
import { newAttempt } from "../../contract/sandboxes.ts";
import { TEST_LIMITS } from "../../fixtures/test-limits.ts";
import { LABEL_ATTEMPT, LABEL_WORKSPACE } from "../../../src/sandbox/docker/container-spec.ts";
import type { DockerBackEnd } from "../suite/docker-back-end.ts";
import type { HostileCase, Results, Tried } from "../suite/hostile-case.ts";
import type { HostileWorld } from "../suite/hostile-world.ts";
import { reached, refused, tried } from "../suite/tried.ts";
import { endOf } from "./resources.ts";

function engineOf(world: HostileWorld): DockerBackEnd["under"] {
  return (world.backEnd as DockerBackEnd).under;
}

/** Sandboxes that must not start, by what is wrong. */
const WRONG = ["an image that is not there", "an image under a name that moved"] as const;

async function startWrong(world: HostileWorld, what: (typeof WRONG)[number]): Promise<Tried> {
  const under = engineOf(world);
  const { commit } = await world.repository.prepare("main");
  const attempt = newAttempt();
  const trees = await under.trees.open({ attempt, slot: 5 });
  try {
    await trees.fill("agent", world.repository.treeSource(commit));
    const images: Readonly<Record<(typeof WRONG)[number], string>> = {
      "an image that is not there": `sha256:${"0".repeat(64)}`,
      "an image under a name that moved": `nightwarden-moved-${randomUUID()}:latest`,
    };
    const place = { attempt, image: images[what], trees, limits: TEST_LIMITS, slot: 5 };
    const sandbox = await under.sandboxes.start({ ...place, role: "agent", tree: "agent" });
    await sandbox.destroy();
    return reached("it started");
  } catch (error) {
    return refused(error instanceof Error && "code" in error ? String(error.code) : String(error));
  } finally {
    await trees.close();
  }
}

export const LIFE_CYCLE: readonly HostileCase[] = [
  {
    id: "SUP04",
    title: "somebody removes the agent's container while it works",
    control: "the container was there, and the agent had said that it works",
    on: ["docker"],
    targets: ["a run that nobody ends"],
    refusal: /^\w+-\w+ within 5 s$|^sandbox-lost within 5 s$/,
    attack: async (world) => {
      const { docker } = engineOf(world);
      let removedMs = 0;
      const seen = await world.attempt({
        command: ["bash", "-c", "echo here; sleep 300"],
        onLine: (text, sandbox) => {
          if (text !== "here") return;
          removedMs = performance.now();
          docker
            .getContainer(sandbox)
            .remove({ force: true })
            .catch(() => undefined);
        },
      });
      const ended = seen.eventsOf("sandbox.finished")[0];
      if (removedMs === 0 || !ended) throw new Error("it was not removed while it worked");
      const tookMs = performance.now() - removedMs;
      const isLate = tookMs > 5000 + 3000; // the rollback is counted in, and takes its time on a busy machine
      return new Map([
        ["a run that nobody ends", tried(isLate || endOf(seen) === "landed", `${endOf(seen)} within 5 s`)],
      ]);
    },
    unguarded: async (world) => {
      const { docker } = engineOf(world);
      let isThere = false;
      const looking: Promise<unknown>[] = [];
      await world.attempt({
        command: ["bash", "-c", "echo here; sleep 1"],
        onLine: (text, sandbox) => {
          if (text === "here")
            looking.push(
              docker
                .getContainer(sandbox)
                .inspect()
                .then(({ State }) => (isThere = State.Running)),
            );
        },
      });
      await Promise.all(looking);
      return new Map([["a run that nobody ends", tried(isThere, "there was no container")]]);
    },
  },
  {
    id: "SUP05",
    title: "containers and volumes of somebody else that bear our names, or the label of another workspace",
    control: "what bears this workspace's own label is removed",
    on: ["docker"],
    targets: ["a volume with one of our names", "a container with another owner's label"],
    refusal: /^untouched$/,
    attack: async (world) => await withStrangers(world, `not-${engineOf(world).workspace}`),
    unguarded: async (world) => await withStrangers(world, engineOf(world).workspace),
  },
  {
    id: "SUP10",
    title: "starts where its image is missing, or its name has moved",
    control: "with all of it there, it starts",
    on: ["docker"],
    targets: [...WRONG],
    refusal: /^(?:infra\.engine|refused\.)/,
    attack: async (world) => {
      const results = new Map<string, Tried>();
      for (const what of WRONG) results.set(what, await startWrong(world, what));
      return results;
    },
    unguarded: async (world) => {
      const seen = await world.attempt({ command: ["bash", "-c", "echo x >a.txt"] });
      return new Map(WRONG.map((what) => [what, tried(endOf(seen) === "landed", endOf(seen))]));
    },
  },
];

/** What a clean-up does to things of `owner`, that bear names of ours. */
async function withStrangers(world: HostileWorld, owner: string): Promise<Results> {
  const { docker, image } = engineOf(world);
  const Labels = { [LABEL_WORKSPACE]: owner, [LABEL_ATTEMPT]: "case-1.1" };
  const suffix = randomUUID().slice(0, 8);
  const volume = await docker.createVolume({ Name: `nightwarden-tree-agent-case-1.1-${suffix}`, Labels });
  const container = await docker.createContainer({
    name: `nightwarden-agent-case-1.1-${suffix}`,
    Image: image,
    Entrypoint: ["sleep", "600"],
    Labels,
  });
  try {
    await container.start();
    await world.attempt({ command: ["bash", "-c", "echo x >>a.txt"] });
    await (world.backEnd as DockerBackEnd).sweep();
    const isThere = async (look: () => Promise<unknown>): Promise<boolean> =>
      await look().then(
        () => true,
        () => false,
      );
    const [hasVolume, hasContainer] = [
      await isThere(async () => await docker.getVolume(volume.name).inspect()),
      await isThere(async () => (await container.inspect()).State.Running),
    ];
    return new Map([
      ["a volume with one of our names", tried(!hasVolume, hasVolume ? "untouched" : "removed")],
      [
        "a container with another owner's label",
        tried(!hasContainer, hasContainer ? "untouched" : "removed"),
      ],
    ]);
  } finally {
    await container.remove({ force: true }).catch(() => undefined);
    await docker
      .getVolume(volume.name)
      .remove()
      .catch(() => undefined);
  }
}
