import { lstat } from "node:fs/promises";
import { join } from "node:path";
import type { Cleaned, RetainedPlace } from "../contracts/retained.ts";
import { shadowPlace } from "../core/account.ts";
import { isObjectId } from "../core/ids.ts";
import type { Residue } from "../core/residue.ts";
import type { OldThings } from "../core/retention.ts";
import type { GitProgram } from "./find-git.ts";
import { Git } from "./run-git.ts";
import { ATTEMPTS, BASES, tokenOfRef } from "./shadow-refs.ts";

/** Nothing younger goes, whether a ref reaches it or not. */
const GRACE = "1.day.ago";
/** From here on it is worth the time: loose objects take whole blocks, and every pack is asked for every object. */
const MANY_LOOSE_BYTES = 16 * 1024 * 1024;
const MANY_PACKS = 10;

/**
 * What in one repository's shadow is kept for no night any more: refs of attempts that landed long ago, bases that no
 * night uses, and the objects that nothing reaches then. The nights' branches stay, and so does every result.
 */
export class OldShadow implements RetainedPlace {
  readonly name: string;
  private readonly repo: string;
  private readonly git: Git;
  private readonly manyLooseBytes: number;

  constructor(options: {
    readonly program: GitProgram;
    readonly repo: string;
    readonly stateDir: string;
    /** Default: 16 MiB. */
    readonly manyLooseBytes?: number;
  }) {
    const { program, repo, stateDir, manyLooseBytes = MANY_LOOSE_BYTES } = options;
    this.repo = repo;
    this.name = shadowPlace(repo);
    this.git = new Git({ program, profile: "shadow", gitDir: join(stateDir, "shadow", `${repo}.git`) });
    this.manyLooseBytes = manyLooseBytes;
  }

  async clean(old: OldThings, signal: AbortSignal): Promise<Cleaned> {
    if (!(await isThere(this.git.gitDir)) || signal.aborted)
      return { removed: [], bytes: 0, isDone: !signal.aborted };
    const refs = await this.oldRefs(old);
    if (refs.length > 0) {
      const stdin = refs.map((ref) => `delete ${ref}\n`).join("");
      await this.git.run(["update-ref", "--no-deref", "--stdin"], { stdin });
    }
    const removed = refs.map((name) => this.found("ref", name, null));
    const before = await this.count();
    const isWorthIt = refs.length > 0 || before.looseBytes > this.manyLooseBytes || before.packs > MANY_PACKS;
    if (!isWorthIt) return { removed, bytes: 0, isDone: true };
    if (!(await this.dropUnreachable(signal))) return { removed, bytes: 0, isDone: false };
    const bytes = Math.max(0, before.bytes - (await this.count()).bytes);
    if (bytes > 0) removed.push(this.found("bytes", `unreachable objects of ${this.repo}`, bytes));
    return { removed, bytes, isDone: true };
  }

  private async oldRefs({ tokens, bases }: OldThings): Promise<string[]> {
    const listing = await this.git.text(["for-each-ref", "--format=%(refname)", ATTEMPTS, BASES]);
    const ownBases = bases.get(this.repo);
    return listing.split("\n").filter((ref) => {
      const last = ref.slice(ref.lastIndexOf("/") + 1);
      if (ref.startsWith(ATTEMPTS)) return tokens.has(tokenOfRef(last));
      return ref.startsWith(BASES) && isObjectId(last) && (ownBases?.has(last) ?? false);
    });
  }

  /** false: it was stopped. Git removes what it had begun; what a kill leaves of it is removed at the next start. */
  private async dropUnreachable(signal: AbortSignal): Promise<boolean> {
    try {
      await this.git.run(["repack", "-A", "-d", "-q", `--unpack-unreachable=${GRACE}`], { signal });
      await this.git.run(["prune", `--expire=${GRACE}`], { signal });
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      throw error;
    }
  }

  private async count(): Promise<{
    readonly bytes: number;
    readonly looseBytes: number;
    readonly packs: number;
  }> {
    const counts = await this.git.text(["count-objects", "-v"]);
    const number = (name: string): number =>
      Number(new RegExp(`^${name}: (\\d+)$`, "m").exec(counts)?.[1] ?? 0);
    const looseBytes = number("size") * 1024;
    return { bytes: looseBytes + number("size-pack") * 1024, looseBytes, packs: number("packs") };
  }

  private found(kind: "ref" | "bytes", name: string, bytes: number | null): Residue {
    return { kind, place: this.name, name, attempt: null, token: null, bytes };
  }
}

/** Itself, and no link to a repository of somebody's. */
async function isThere(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  return found?.isDirectory() ?? false;
}
