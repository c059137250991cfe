import { randomUUID } from "node:crypto";
import Docker from "dockerode";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Residue } from "../../src/core/residue.ts";
import { guardEngine } from "../../src/engine/guard-engine.ts";
import { LABEL_ATTEMPT, LABEL_ROLE, LABEL_WORKSPACE } from "../../src/sandbox/docker/container-spec.ts";
import { DockerResidue } from "../../src/sandbox/docker/docker-residue.ts";
import { newAttempt } from "../contract/sandboxes.ts";
import { dockerUnderTest, type DockerUnderTest } from "../fixtures/docker-under-test.ts";
import { RefusingEngine } from "../fixtures/refusing-engine.ts";

const WHOLE = { kind: "workspace" } as const;

let under: DockerUnderTest;
let place: DockerResidue;
let made: { kind: "container" | "volume" | "network"; name: string }[];
const buildPrefix = `nightwarden-build-${randomUUID().slice(0, 8)}`;

beforeEach(async () => {
  under = await dockerUnderTest("residue");
  made = [];
  place = new DockerResidue({ docker: under.docker, workspace: under.workspace, buildPrefix });
});

afterEach(async () => {
  for (const { kind, name } of made) await remove(kind, name);
  expect(await under.leftovers()).toEqual([]);
});

async function make(
  kind: "container" | "volume" | "network",
  name: string,
  labels: Readonly<Record<string, string>>,
): Promise<void> {
  const { docker, image } = under;
  const Labels = { ...labels };
  if (kind === "volume") await docker.createVolume({ Name: name, Labels });
  else if (kind === "network") await docker.createNetwork({ Name: name, Driver: "bridge", Labels });
  else
    await docker.createContainer({
      name,
      Image: image,
      Cmd: ["true"],
      Labels,
      HostConfig: { NetworkMode: "none" },
    });
  made.push({ kind, name });
}

async function remove(kind: string, name: string): Promise<void> {
  const { docker } = under;
  const gone = (error: { statusCode?: number }): void => {
    if (error.statusCode !== 404) throw error as unknown as Error;
  };
  if (kind === "volume") await docker.getVolume(name).remove().catch(gone);
  else if (kind === "network") await docker.getNetwork(name).remove().catch(gone);
  else await docker.getContainer(name).remove({ force: true }).catch(gone);
}

async function exists(kind: string, name: string): Promise<boolean> {
  const { docker } = under;
  const found =
    kind === "volume"
      ? docker.getVolume(name).inspect()
      : kind === "network"
        ? docker.getNetwork(name).inspect()
        : docker.getContainer(name).inspect();
  return await found.then(
    () => true,
    () => false,
  );
}

const named = (residue: readonly Residue[]): string[] =>
  residue.map(({ kind, name }) => `${kind} ${name}`).toSorted();

describe("what stands on the engine", () => {
  it("is what bears the workspace's label; look-alikes of others are neither counted nor removed, also when asked", async () => {
    const own = { [LABEL_WORKSPACE]: under.workspace, [LABEL_ATTEMPT]: "one.1", [LABEL_ROLE]: "agent" };
    const id = randomUUID().slice(0, 8);
    const KINDS = ["container", "volume", "network"] as const;
    const lookAlikes: [string, Readonly<Record<string, string>>][] = [
      [`nightwarden-agent-one.1-${id}-other`, { ...own, [LABEL_WORKSPACE]: `${under.workspace}x` }],
      [`nightwarden-agent-one.1-${id}-prefix`, { ...own, [LABEL_WORKSPACE]: under.workspace.slice(0, -1) }],
      [`nightwarden-agent-one.1-${id}-none`, {}],
      [`nightwarden-agent-one.1-${id}-value`, { [LABEL_ATTEMPT]: under.workspace }],
      [`${buildPrefix}-${id}`, { "nightwarden.managed": "something-else" }],
      [`x${buildPrefix}-${id}`, { "nightwarden.managed": "image-build" }],
    ];
    for (const kind of KINDS) {
      await make(kind, `nightwarden-agent-one.1-${id}`, own);
      for (const [name, labels] of lookAlikes) await make(kind, name, labels);
    }
    await make("container", `${buildPrefix}-${id}-build`, { "nightwarden.managed": "image-build" });

    const expected = [
      ...KINDS.map((kind) => `${kind} nightwarden-agent-one.1-${id}`),
      `container ${buildPrefix}-${id}-build`,
    ].toSorted();
    const { residue } = await place.count(WHOLE);
    expect(named(residue)).toEqual(expected);

    const forged = KINDS.flatMap((kind) =>
      lookAlikes.map(([name]): Residue => ({
        kind,
        place: place.name,
        name,
        attempt: null,
        token: null,
        bytes: null,
      })),
    );
    expect(await place.remove([...residue, ...forged])).toEqual([]);
    expect((await place.count(WHOLE)).residue).toEqual([]);
    for (const { kind, name } of made)
      expect([kind, name, await exists(kind, name)]).toEqual([
        kind,
        name,
        !expected.includes(`${kind} ${name}`),
      ]);
  });

  it("of one attempt bears its mark, and not a sibling's whose id begins alike", async () => {
    const attempt = newAttempt();
    const id = randomUUID().slice(0, 8);
    for (const [name, of] of [
      ["mine", attempt.attempt],
      ["sibling", `${attempt.attempt}0`],
    ] as const) {
      await make("volume", `nightwarden-tree-${name}-${id}`, {
        [LABEL_WORKSPACE]: under.workspace,
        [LABEL_ATTEMPT]: of,
      });
    }
    const { residue } = await place.count({ kind: "attempt", attempt, repo: "app" });
    expect(residue).toMatchObject([{ name: `nightwarden-tree-mine-${id}`, attempt: attempt.attempt }]);
    expect((await place.count(WHOLE)).residue).toHaveLength(2);
    expect(await place.remove((await place.count(WHOLE)).residue)).toEqual([]);
  });

  it("is weighed where the engine can say it", async () => {
    const name = `nightwarden-tree-${randomUUID().slice(0, 8)}`;
    await make("volume", name, { [LABEL_WORKSPACE]: under.workspace });
    const container = await under.docker.createContainer({
      Image: under.image,
      Entrypoint: ["sh", "-c", "head -c 3000000 /dev/urandom > /held/file"],
      User: "0:0",
      HostConfig: { NetworkMode: "none", Mounts: [{ Type: "volume", Source: name, Target: "/held" }] },
    });
    await container.start();
    await container.wait();
    await container.remove();
    const { residue } = await place.count(WHOLE);
    expect(residue).toMatchObject([{ bytes: null }]);
    const [weighed] = await place.weigh(residue);
    expect(weighed?.bytes).toBeGreaterThanOrEqual(3_000_000);
    expect(await place.remove(residue)).toEqual([]);
  });

  it("that an engine which hangs does not remove is told within the deadline, and is still counted", async () => {
    const name = `nightwarden-agent-${randomUUID().slice(0, 8)}`;
    await make("container", name, { [LABEL_WORKSPACE]: under.workspace });
    const way = await RefusingEngine.open();
    const docker = guardEngine(new Docker({ socketPath: way.host.replace("unix://", "") }));
    const hanging = new DockerResidue({ docker, workspace: under.workspace, removalDeadlineMs: 300 });
    way.refuses = /^DELETE /;
    way.answers = false;
    const { residue } = await hanging.count(WHOLE);
    expect(await hanging.remove(residue)).toMatchObject([{ why: "the engine did not answer within 0.3 s" }]);
    expect((await hanging.count(WHOLE)).residue).toEqual(residue);
    expect(await place.remove(residue)).toEqual([]);
  });
});
