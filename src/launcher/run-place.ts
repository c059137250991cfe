import { chownSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HOST_GATEWAY_UID } from "../core/host-users.ts";
import type { LauncherRun } from "../core/launcher-protocol.ts";
import {
  killControlGroup,
  makeControlGroup,
  memoryLimitReached,
  removeControlGroup,
  requiredControlGroups,
  wasOutOfMemory,
} from "./control-group.ts";
import { planGroup, type GroupPlan } from "./control-group-plan.ts";
import {
  groupLimitsOf,
  groupOf,
  HOSTS,
  isGateway,
  memoryMountsOf,
  NSSWITCH,
  passwdOf,
  userOf,
  type HostPlaces,
} from "./host-spec.ts";
import { mustRun } from "./host-tool.ts";
import { ownPrograms } from "./own-programs.ts";
import { Refusal } from "./refusal.ts";
import { endSurvivors } from "./sandbox-processes.ts";
import { isSettled, setPath } from "./sets.ts";
import type { Ownership, StateRoot } from "./state-root.ts";
import { demandFreeUser } from "./taken-users.ts";
import { treePaths, unmountAll } from "./trees.ts";

/** Limits of a group that is only looked for, to be removed. */
const NO_LIMITS = { memoryBytes: 0, cpus: 1, pids: 1 };

/** Everything that one run has on this machine: its folder, its file systems in memory, its control group. */
export class RunPlace {
  readonly places: HostPlaces;
  private readonly folder: string;
  private readonly group: GroupPlan;
  private readonly id: string;
  private readonly uid: number;
  private isRemoved = false;

  private constructor(options: {
    folder: string;
    id: string;
    uid: number;
    group: GroupPlan;
    places: HostPlaces;
  }) {
    this.folder = options.folder;
    this.id = options.id;
    this.uid = options.uid;
    this.group = options.group;
    this.places = options.places;
  }

  /** Makes it. Throws; then nothing of it is left. */
  static async make(state: StateRoot, run: LauncherRun, caller: number): Promise<RunPlace> {
    const asker = { owner: run.owner, caller };
    const uid = userOf(run);
    demandFreeUser(uid);
    const own = ownPrograms();
    const trees = run.trees === null ? null : treePaths(state.own("trees", run.trees, asker));
    const set = run.set === null ? null : setForRun(state, run, asker);
    const gateway = run.gateway === null ? null : gatewayForRun(state, run, asker);
    const files = run.files === null ? null : keptFiles(state, caller, run.files);
    const group = planGroup(requiredControlGroups(), run.id, groupLimitsOf(run));
    const folder = state.make("runs", run.id, { ...asker, uid, role: run.role, attempt: run.attempt });
    const inFolder = (name: string): string => join(folder, name);
    const places: HostPlaces = {
      ...own,
      trees,
      set,
      files,
      socket: isGateway(run) ? inFolder("socket") : gateway && join(gateway, "socket"),
      passwd: inFolder("passwd"),
      group: inFolder("group"),
      hosts: inFolder("hosts"),
      nsswitch: inFolder("nsswitch.conf"),
      tmp: inFolder("tmp"),
      home: inFolder("home"),
      joins: group.joins,
      shows: group.shows,
    };
    const place = new RunPlace({ folder, id: run.id, uid, group, places });
    try {
      place.fill(run);
    } catch (error) {
      await place.remove(null);
      throw error;
    }
    return place;
  }

  /** One that an earlier launcher has left. */
  static left(state: StateRoot, id: string, ownership: Ownership | undefined): RunPlace {
    const folder = state.folder("runs", id);
    const places = { tmp: join(folder, "tmp"), home: join(folder, "home") } as HostPlaces;
    const group = planGroup(requiredControlGroups(), id, NO_LIMITS);
    return new RunPlace({ folder, id, uid: ownership?.uid ?? -1, group, places });
  }

  private fill(run: LauncherRun): void {
    const { places } = this;
    // Read by everybody inside, where only the files themselves are shown.
    const write = (file: string, text: string): void => writeFileSync(file, text, { mode: 0o644 });
    write(places.passwd, passwdOf(run));
    write(places.group, groupOf(run));
    write(places.hosts, HOSTS);
    write(places.nsswitch, NSSWITCH);
    if (isGateway(run) && places.socket !== null) {
      mkdirSync(places.socket, { mode: 0o755 });
      chownSync(places.socket, HOST_GATEWAY_UID, HOST_GATEWAY_UID);
    }
    for (const { at, options } of memoryMountsOf(run, places)) {
      mkdirSync(at, { mode: 0o700 });
      mustRun("mount", ["-t", "tmpfs", "-o", options, "nightwarden", at]);
    }
    makeControlGroup(this.group);
  }

  async kill(): Promise<void> {
    await killControlGroup(this.group);
  }

  memoryLimitReached(): boolean | null {
    return memoryLimitReached(this.group);
  }

  outOfMemory(): boolean {
    return wasOutOfMemory(this.group);
  }

  /** Ends what still runs and leaves nothing of it. May be called again. */
  async remove(pidNamespace: string | null): Promise<void> {
    if (this.isRemoved) return;
    await killControlGroup(this.group);
    await endSurvivors({ uid: this.uid, pidNamespace, group: `/nightwarden/${this.id}` });
    await removeControlGroup(this.group);
    unmountAll([this.places.tmp, this.places.home]);
    mustRun("rm", ["-rf", "--one-file-system", "--", this.folder]);
    this.isRemoved = true;
  }
}

/** What is made is written, and what is settled is copied from: never the other way. */
function setForRun(state: StateRoot, run: LauncherRun, asker: Ownership): string {
  const folder = state.own("sets", run.set ?? "", asker);
  const isCopied = run.trees !== null;
  if (isSettled(folder) === isCopied) return setPath(folder);
  throw new Refusal(`the set ${run.set} is ${isCopied ? "not settled yet" : "settled, and written no more"}`);
}

/** An agent's way out never leads to package registries. */
function gatewayForRun(state: StateRoot, run: LauncherRun, asker: Ownership): string {
  const id = run.gateway ?? "";
  const folder = state.own("runs", id, asker);
  const wanted = run.role === "prepare" ? "registry" : "gateway";
  if (state.ownership("runs", id)?.role === wanted) return folder;
  throw new Refusal(`${id} is no ${wanted} of this workspace's`);
}

function keptFiles(state: StateRoot, caller: number, digest: string): string {
  const folder = join(state.folder("files", String(caller)), digest);
  if (!existsSync(folder)) throw new Refusal("the agent's files have not been kept");
  return folder;
}
