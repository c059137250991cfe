import type Docker from "dockerode";
import type { PlaceAccount, ResiduePlace, ResidueScope, Unremoved } from "../../contracts/residue.ts";
import { messageOf, NightwardenError } from "../../core/nightwarden-error.ts";
import type { Residue, ResidueKind } from "../../core/residue.ts";
import { LABEL_ATTEMPT, LABEL_WORKSPACE } from "./container-spec.ts";
import { removeContainer } from "./engine-container.ts";
import { removeNetwork, removeVolume } from "./sweep.ts";

const PLACE = "docker";
/** Image builds bear this label beside a name that begins with the workspace's own prefix. */
const BUILD_LABEL = "nightwarden.managed=image-build";
/** A tree with a million files takes its time to go; an engine that takes longer is not waited for. */
const REMOVAL_DEADLINE_MS = 2 * 60_000;
/** What the engine is given to add up what volumes hold: it is asked only for what was left. */
const WEIGHING_DEADLINE_MS = 15_000;

type Filters = Readonly<Record<string, string[]>>;

/** What stands on the engine by the workspace's label, and by the two marks of its image builds. */
export class DockerResidue implements ResiduePlace {
  readonly name = PLACE;
  private readonly docker: Docker;
  private readonly workspace: string;
  private readonly buildPrefix: string | undefined;
  private readonly otherOwners: () => Promise<readonly string[]>;
  private readonly removalDeadlineMs: number;

  constructor(options: {
    readonly docker: Docker;
    /** The label's value. */
    readonly workspace: string;
    /** Begins the names of containers in which the workspace's images are built; absent: there are none. */
    readonly buildPrefix?: string;
    /** Labels of this workspace's processes that ended without cleaning up, such as a killed `check`. */
    readonly otherOwners?: () => Promise<readonly string[]>;
    readonly removalDeadlineMs?: number;
  }) {
    this.docker = options.docker;
    this.workspace = options.workspace;
    this.buildPrefix = options.buildPrefix;
    this.otherOwners = options.otherOwners ?? (async () => await Promise.resolve([]));
    this.removalDeadlineMs = options.removalDeadlineMs ?? REMOVAL_DEADLINE_MS;
  }

  async count(scope: ResidueScope): Promise<PlaceAccount> {
    const standing = await this.find(scope);
    return { residue: standing.map(({ residue }) => residue) };
  }

  async weigh(residue: readonly Residue[]): Promise<readonly Residue[]> {
    if (!residue.some(({ kind }) => kind === "volume")) return residue;
    const sizes = await volumeSizes(this.docker);
    return residue.map((each) =>
      each.kind === "volume" ? { ...each, bytes: sizes.get(each.name) ?? each.bytes } : each,
    );
  }

  async remove(residue: readonly Residue[]): Promise<readonly Unremoved[]> {
    // By what bears our marks now, never by a name that was noted before.
    const ours = await this.find({ kind: "workspace" });
    const unremoved: Unremoved[] = [];
    for (const kind of ["container", "volume", "network"] as const) {
      const wanted = residue.filter((each) => each.kind === kind);
      const removals = wanted.map(async (each) => {
        const own = ours.find((other) => other.residue.kind === kind && other.residue.name === each.name);
        if (!own) return;
        const why = await this.whyNotRemoved(kind, own.id);
        if (why !== undefined) unremoved.push({ residue: each, why });
      });
      await Promise.all(removals);
    }
    return unremoved;
  }

  private async whyNotRemoved(
    kind: "container" | "volume" | "network",
    id: string,
  ): Promise<string | undefined> {
    const remove = { container: removeContainer, volume: removeVolume, network: removeNetwork }[kind];
    try {
      await within(this.removalDeadlineMs, remove(this.docker, id));
      return undefined;
    } catch (error) {
      if (error instanceof NightwardenError) return messageOf(error);
      throw error;
    }
  }

  private async find(scope: ResidueScope): Promise<{ readonly residue: Residue; readonly id: string }[]> {
    const isWhole = scope.kind === "workspace";
    const owners = isWhole ? [this.workspace, ...(await this.otherOwners())] : [this.workspace];
    const marks = owners.map((owner): Filters => {
      const label = `${LABEL_WORKSPACE}=${owner}`;
      return { label: isWhole ? [label] : [label, `${LABEL_ATTEMPT}=${scope.attempt.attempt}`] };
    });
    const builds: Filters[] =
      isWhole && this.buildPrefix !== undefined
        ? [{ name: [`^/${this.buildPrefix}-`], label: [BUILD_LABEL] }]
        : [];
    const { docker } = this;
    const [containers, volumes, networks] = await Promise.all([
      all([...marks, ...builds], async (filters) => await docker.listContainers({ all: true, filters })),
      all(marks, async (filters) => (await docker.listVolumes({ filters })).Volumes ?? []),
      all(marks, async (filters) => await docker.listNetworks({ filters })),
    ]);
    return [
      ...containers.map(({ Id, Names, Labels }) =>
        found("container", Names[0]?.replace(/^\//, "") ?? Id, Id, Labels),
      ),
      ...volumes.map(({ Name, Labels }) => found("volume", Name, Name, Labels)),
      ...networks.map(({ Id, Name, Labels }) => found("network", Name, Id, Labels)),
    ];
  }
}

function found(
  kind: ResidueKind,
  name: string,
  id: string,
  labels: Readonly<Record<string, string>> | null | undefined,
): { readonly residue: Residue; readonly id: string } {
  const attempt = labels?.[LABEL_ATTEMPT] ?? null;
  return { residue: { kind, place: PLACE, name, attempt, token: null, bytes: null }, id };
}

async function all<T>(each: readonly Filters[], list: (filters: Filters) => Promise<T[]>): Promise<T[]> {
  return (await Promise.all(each.map(list))).flat();
}

/** Bytes of every volume of the engine; it adds up all of them or none. */
async function volumeSizes(docker: Docker): Promise<Map<string, number>> {
  const modem = docker.modem as unknown as {
    dial(options: object, callback: (error: unknown, data?: unknown) => void): void;
  };
  const asked = new Promise<unknown>((resolve, reject) => {
    const options = {
      path: "/system/df?",
      method: "GET",
      options: { type: "volume" },
      statusCodes: { 200: true, 500: "server error" },
    };
    modem.dial(options, (error, data) => (error ? reject(error) : resolve(data)));
  });
  const { Volumes } = (await within(WEIGHING_DEADLINE_MS, asked)) as {
    readonly Volumes?: readonly { readonly Name: string; readonly UsageData?: { readonly Size: number } }[];
  };
  return new Map(
    (Volumes ?? []).flatMap(({ Name, UsageData }) =>
      UsageData && UsageData.Size >= 0 ? [[Name, UsageData.Size]] : [],
    ),
  );
}

async function within<T>(deadlineMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const message = `the engine did not answer within ${deadlineMs / 1000} s`;
      reject(new NightwardenError({ code: "infra.engine", message }));
    }, deadlineMs);
  });
  work.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
