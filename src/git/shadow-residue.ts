import { readdir, rm, stat } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import type { PlaceAccount, ResiduePlace, ResidueScope, Unremoved } from "../contracts/residue.ts";
import { shadowPlace } from "../core/account.ts";
import { messageOf, NightwardenError } from "../core/nightwarden-error.ts";
import type { Residue, ResidueKind } from "../core/residue.ts";
import { systemCode } from "../lib/state-folder.ts";
import type { GitProgram } from "./find-git.ts";
import { Git } from "./run-git.ts";
import { ATTEMPTS, tokenOfRef } from "./shadow-refs.ts";

/** Files that a git of ours, or we, had begun when something ended us. All lie in our own state folder. */
const UNFINISHED: readonly RegExp[] = [
  /^tmp_(?:obj|pack|idx|rev|mtimes|bitmap)_/, // index-pack, fast-import, unpack-objects
  /^\.tmp-\d+-pack-/, // repack
  /^(?:tmp_objdir|incoming)-/, // a folder of new objects in quarantine
  /^fast_import_crash_\d+$/,
  /\.[0-9a-f]{12}\.tmp$/, // ours: see shadow.ts and tree-packs.ts
];

/**
 * What stands in one repository's shadow: refs of attempts, locks, files that were never finished; and what the shadow
 * takes on disk. Works also for a shadow whose repository the configuration no longer has.
 */
export class ShadowResidue implements ResiduePlace {
  readonly name: string;
  private readonly repo: string;
  /** `<stateDir>/shadow`. */
  private readonly folder: string;
  private readonly git: Git;

  constructor(options: { readonly program: GitProgram; readonly repo: string; readonly stateDir: string }) {
    const { program, repo, stateDir } = options;
    this.repo = repo;
    this.name = shadowPlace(repo);
    this.folder = join(stateDir, "shadow");
    this.git = new Git({ program, profile: "shadow", gitDir: join(this.folder, `${repo}.git`) });
  }

  async count(scope: ResidueScope): Promise<PlaceAccount> {
    if (scope.kind === "attempt" && scope.repo !== this.repo) return { residue: [] };
    try {
      if (!(await isThere(this.git.gitDir)))
        return { residue: scope.kind === "workspace" ? await this.besides() : [] };
      const [refs, bytes, files] = await Promise.all([
        this.refs(scope),
        this.bytes(),
        scope.kind === "workspace" ? this.unfinished() : this.locksOf(scope.attempt),
      ]);
      return { residue: [...files, ...refs], stores: { [this.repo]: bytes } };
    } catch (error) {
      throw asProblem(this.name, error);
    }
  }

  async weigh(residue: readonly Residue[]): Promise<readonly Residue[]> {
    return await Promise.all(
      residue.map(async (each) =>
        each.kind === "lock" || each.kind === "file" || each.kind === "folder"
          ? { ...each, bytes: await sizeOf(join(this.folder, each.name)) }
          : each,
      ),
    );
  }

  async remove(residue: readonly Residue[]): Promise<readonly Unremoved[]> {
    const unremoved: Unremoved[] = [];
    for (const each of residue) {
      try {
        await this.removeOne(each);
      } catch (error) {
        unremoved.push({ residue: each, why: messageOf(error) });
      }
    }
    return unremoved;
  }

  private async removeOne({ kind, name }: Residue): Promise<void> {
    switch (kind) {
      case "ref":
        if (name.startsWith(ATTEMPTS)) await this.git.run(["update-ref", "-d", name]);
        return;
      case "lock":
      case "file":
      case "folder":
        if (isUnfinished(basename(name)) && !name.split("/").includes(".."))
          await rm(join(this.folder, name), { recursive: true, force: true });
        return;
      case "bytes":
        await this.compact();
        return;
      case "process":
      case "container":
      case "mount":
      case "loop-device":
      case "volume":
      case "network":
    }
  }

  /** Drops every object that no ref reaches: what attempts that were rolled back have brought. Takes a while. */
  async compact(): Promise<void> {
    if (!(await isThere(this.git.gitDir))) return;
    await this.git.run(["repack", "-a", "-d", "-q"]);
    await this.git.run(["prune", "--expire=now"]);
  }

  /** What the shadow's objects take on disk, finished or not. */
  async bytes(): Promise<number> {
    const counts = await this.git.text(["count-objects", "-v"]);
    const kibibytes = (name: string): number =>
      Number(new RegExp(`^${name}: (\\d+)$`, "m").exec(counts)?.[1] ?? 0);
    return (kibibytes("size") + kibibytes("size-pack") + kibibytes("size-garbage")) * 1024;
  }

  private async refs(scope: ResidueScope): Promise<Residue[]> {
    const prefix = scope.kind === "attempt" ? `${ATTEMPTS}${scope.attempt.attempt}` : ATTEMPTS;
    const listing = await this.git.text(["for-each-ref", "--format=%(refname)", prefix]);
    return listing
      .split("\n")
      .filter((ref) => ref.startsWith(ATTEMPTS))
      .map((ref) => this.found("ref", ref, ref.slice(ATTEMPTS.length)))
      .filter(({ token }) => scope.kind === "workspace" || token === scope.attempt.token);
  }

  /** Locks on the attempt's own refs, such as a git that was killed leaves. */
  private async locksOf({ attempt, token }: { attempt: string; token: string }): Promise<Residue[]> {
    const folder = join(this.git.gitDir, ATTEMPTS, attempt);
    const names = await namesIn(folder);
    return names
      .filter((name) => name.endsWith(".lock") && name.startsWith(token))
      .map((name) => this.foundFile("lock", join(folder, name)));
  }

  /** Locks and unfinished files anywhere in the shadow. */
  private async unfinished(): Promise<Residue[]> {
    const { gitDir } = this.git;
    const found: Residue[] = [...(await this.besides())];
    for (const path of [
      ...(await pathsBelow(gitDir, (name) => name !== "objects")),
      ...(await pathsBelow(join(gitDir, "objects"), () => true)),
    ]) {
      const name = basename(path);
      if (!isUnfinished(name)) continue;
      const kind = name.endsWith(".lock") ? "lock" : await kindOf(path);
      if (kind) found.push(this.foundFile(kind, path));
    }
    return found;
  }

  /** Beside the shadow: one that was being made, and packs that were being written. */
  private async besides(): Promise<Residue[]> {
    const packs = join(this.folder, `${this.repo}.packs`);
    const paths = [
      ...(await namesIn(this.folder))
        .filter((name) => name.startsWith(`${this.repo}.git.`))
        .map((name) => join(this.folder, name)),
      ...(await namesIn(packs)).map((name) => join(packs, name)),
    ].filter((path) => isUnfinished(basename(path)));
    const found: Residue[] = [];
    for (const path of paths) {
      const kind = await kindOf(path);
      if (kind) found.push(this.foundFile(kind, path));
    }
    return found;
  }

  private foundFile(kind: ResidueKind, path: string): Residue {
    const refs = join(this.git.gitDir, ATTEMPTS);
    const mark = kind === "lock" && path.startsWith(refs) ? relative(refs, path).replace(/\.lock$/, "") : "";
    return this.found(kind, relative(this.folder, path), mark);
  }

  /** `mark` is an attempt's id and token, as in its refs; empty: it bears none. */
  private found(kind: ResidueKind, name: string, mark: string): Residue {
    const [attempt, token] = mark.split("/");
    return {
      kind,
      place: this.name,
      name,
      attempt: attempt === undefined || attempt === "" ? null : attempt,
      token: token === undefined ? null : tokenOfRef(token),
      bytes: null,
    };
  }
}

/** The repositories that have a shadow, or had begun one, in the configuration or not. */
export async function shadowNames(stateDir: string): Promise<string[]> {
  const names = await namesIn(join(stateDir, "shadow"));
  return [...new Set(names.flatMap((name) => /^(.+?)\.git(?:\.[0-9a-f]{12}\.tmp)?$/.exec(name)?.[1] ?? []))];
}

function isUnfinished(name: string): boolean {
  return name.endsWith(".lock") || UNFINISHED.some((pattern) => pattern.test(name));
}

async function namesIn(folder: string): Promise<string[]> {
  return await readdir(folder).catch((error: unknown) => {
    if (systemCode(error) === "ENOENT" || systemCode(error) === "ENOTDIR") return [];
    throw error;
  });
}

/** Files and folders below `folder`; `enters` says which folders of its first level are looked into. */
async function pathsBelow(folder: string, enters: (name: string) => boolean): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (systemCode(error) === "ENOENT") return [];
    throw error;
  });
  const inner = await Promise.all(
    entries
      .filter((entry) => entry.isDirectory() && enters(entry.name) && !isUnfinished(entry.name))
      .map(async (entry) => await pathsBelow(join(folder, entry.name), () => true)),
  );
  return [...entries.map((entry) => join(folder, entry.name)), ...inner.flat()];
}

async function kindOf(path: string): Promise<"file" | "folder" | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (!found) return undefined; // finished, or gone, meanwhile
  return found.isDirectory() ? "folder" : "file";
}

async function isThere(path: string): Promise<boolean> {
  return (await kindOf(path)) !== undefined;
}

async function sizeOf(path: string): Promise<number | null> {
  const found = await stat(path).catch(() => undefined);
  if (!found) return null;
  if (!found.isDirectory()) return found.size;
  const inner = await Promise.all((await namesIn(path)).map(async (name) => await sizeOf(join(path, name))));
  return inner.reduce<number>((sum, bytes) => sum + (bytes ?? 0), 0);
}

function asProblem(place: string, error: unknown): unknown {
  if (error instanceof NightwardenError || systemCode(error) === undefined) return error;
  return new NightwardenError({
    code: "infra.git",
    message: `the ${place} cannot be looked at: ${messageOf(error)}`,
    cause: error,
  });
}
