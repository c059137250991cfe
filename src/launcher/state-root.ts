import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { LauncherRole } from "../core/launcher-protocol.ts";
import { Refusal } from "./refusal.ts";

/** Where the launcher keeps what it makes. Only root may choose another place, for tests. */
const DEFAULT_ROOT = "/var/lib/nightwarden/sandboxes";
const ROOT_VARIABLE = "NIGHTWARDEN_LAUNCHER_ROOT";

export type Kind = "runs" | "trees" | "sets" | "files";

/** How much of each one user may have at one time: attempts have three runs and a pair of trees, workspaces some eight sets. */
const MOST: Readonly<Record<Exclude<Kind, "files">, number>> = { runs: 96, trees: 32, sets: 96 };

/** Whose something is: the workspace, and the user of the host who asked. Another user's is never touched. */
export interface Ownership {
  readonly owner: string;
  readonly caller: number;
  /** For people. */
  readonly attempt?: string;
  /** Of a run: what it is, and the user of its processes. */
  readonly role?: LauncherRole;
  readonly uid?: number;
}

/** Who asks: root itself, or the user for whom sudo started us. Throws a Refusal for what sudo never says. */
export function callerOf(env: NodeJS.ProcessEnv): number {
  const uid = env["SUDO_UID"];
  if (uid === undefined) return 0;
  if (!/^\d+$/.test(uid)) throw new Refusal("it is not known who asks: SUDO_UID is no number");
  return Number(uid);
}

/** The launcher's folders. Only root can look into them. */
export class StateRoot {
  readonly path: string;

  constructor(env: NodeJS.ProcessEnv) {
    const chosen = callerOf(env) === 0 ? env[ROOT_VARIABLE] : undefined;
    const path = chosen ?? DEFAULT_ROOT;
    demandPlain(path);
    for (const kind of ["runs", "trees", "sets", "files"])
      mkdirSync(join(path, kind), { recursive: true, mode: 0o700 });
    // As the kernel lists mounts: behind a link, such as a /var that is elsewhere, none of ours would be found again.
    this.path = realpathSync(path);
    demandPlain(this.path);
    const { uid, mode } = lstatSync(this.path);
    if (uid !== 0 || (mode & 0o077) !== 0)
      throw new Refusal(
        `${this.path} is not root's alone`,
        `As root: chown 0 ${this.path}; chmod 0700 ${this.path}`,
      );
  }

  folder(kind: Kind, id: string): string {
    return join(this.path, kind, id);
  }

  /**
   * Makes a folder for something new, which says whose it is before there is anything in it. Throws a Refusal where the
   * caller has as many as one may have.
   */
  make(kind: Exclude<Kind, "files">, id: string, ownership: Ownership): string {
    const folder = this.folder(kind, id);
    try {
      mkdirSync(folder, { mode: 0o700 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") throw new Refusal(`there is a ${id} already`);
      throw error;
    }
    writeFileSync(join(folder, "owner.json"), JSON.stringify(ownership), { mode: 0o600 });
    // Counted when it is there: of launchers that count at the same time, none is one too many.
    const { caller } = ownership;
    if (this.entries(kind).filter((each) => each.ownership?.caller === caller).length <= MOST[kind])
      return folder;
    rmSync(folder, { recursive: true });
    throw new Refusal(
      `you have ${MOST[kind]} ${kind} at one time already, the most that one user may have`,
      "Wait until some of them have ended; nightwarden doctor --repair removes what a crash has left.",
    );
  }

  /** Everything of a kind, with whose it is; a crash may have left one without. */
  entries(
    kind: Exclude<Kind, "files">,
  ): { readonly id: string; readonly ownership: Ownership | undefined }[] {
    return readdirSync(join(this.path, kind)).map((id) => ({ id, ownership: this.ownership(kind, id) }));
  }

  ownership(kind: Exclude<Kind, "files">, id: string): Ownership | undefined {
    try {
      return JSON.parse(readFileSync(join(this.folder(kind, id), "owner.json"), "utf8")) as Ownership;
    } catch {
      return undefined;
    }
  }

  /** The folder of something that exists, and is the caller's own. */
  own(kind: Exclude<Kind, "files">, id: string, asker: Ownership): string {
    const found = this.ownership(kind, id);
    if (found?.owner !== asker.owner || found.caller !== asker.caller)
      throw new Refusal(`there is no ${id} of this workspace's`);
    return this.folder(kind, id);
  }
}

/** The kernel's list of mounts writes anything else in another way. */
function demandPlain(path: string): void {
  if (!/^\/[A-Za-z0-9._/-]+$/.test(path)) throw new Refusal("the launcher's folder has an odd path");
}
