import { forbiddenPath, unsafeLink, unwelcomePath } from "../core/captured-entry.ts";
import {
  pathToText,
  type CaptureLimits,
  type CollectorReply,
  type EntryMode,
} from "../core/collector-protocol.ts";
import type { ObjectId } from "../core/ids.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import type { CaptureRecord } from "../contracts/trees.ts";
import type { TreeEntry } from "./list-tree.ts";
import { bareRepositories, repositoryAround } from "./bare-repositories.ts";
import { foldersOf, PathTable } from "./path-table.ts";

type Entry = Extract<CollectorReply, { type: "entry" }>;

/** What a commit is to differ in from its base. Paths have one character for each byte. */
export interface CapturedChanges {
  readonly deleted: readonly string[];
  readonly written: readonly { readonly path: string; readonly mode: EntryMode; readonly oid: ObjectId }[];
}

/** The numbers of a capture, for the record. `unchanged`, `changed` and `deleted` are together the base's entries. */
export interface CaptureFacts {
  readonly added: number;
  readonly changed: number;
  readonly deleted: number;
  readonly unchanged: number;
  readonly ignored: number;
  readonly bytes: number;
  /** Paths as text for people. */
  readonly refused: readonly { readonly path: string; readonly reason: string }[];
  readonly overLimit: { readonly limit: keyof CaptureLimits; readonly value: number } | null;
}

/** More refusals than a person reads, or a journal should hold. The rest are counted. */
const MAX_REFUSED = 500;

interface Written {
  readonly mode: EntryMode;
  readonly oid: ObjectId;
  readonly bytes: number;
  readonly added: boolean;
}

/**
 * Decides, record by record, what of a capture enters a commit. What an agent may have done is refused by name, and the
 * base's entry stays as it is; what no file system can hold is the collector's failure, and throws `infra.collector`.
 *
 * Each entry of the base, submodules included, is to be reported once: as changed, as deleted, or in the number of the
 * unchanged; one whose new form is refused counts as unchanged. A file that was not seen at all would be missing there.
 */
export class CapturePlan {
  private readonly base: ReadonlyMap<string, TreeEntry>;
  private readonly hash: (content: Uint8Array) => ObjectId;
  private readonly submodules: ReadonlySet<string>;
  private readonly reported = new Set<string>();
  private readonly deleted = new Set<string>();
  private readonly written = new Map<string, Written>();
  private readonly refused: { path: string; reason: string }[] = [];
  private refusedBeyond = 0;
  private reportedOfBase = 0;
  private summary: Extract<CollectorReply, { type: "captured" | "over-limit" }> | undefined;

  constructor(options: {
    readonly base: ReadonlyMap<string, TreeEntry>;
    readonly hash: (content: Uint8Array) => ObjectId;
  }) {
    this.base = options.base;
    this.hash = options.hash;
    const isSubmodule = ([, { mode }]: readonly [string, TreeEntry]): boolean => mode === "160000";
    this.submodules = new Set([...options.base].filter(isSubmodule).map(([path]) => path));
  }

  /** Whether the record's content is to be stored. */
  take({ reply, content }: CaptureRecord): boolean {
    if (this.summary) throw broken("it went on after its last record");
    switch (reply.type) {
      case "entry":
        return this.takeEntry(reply, content);
      case "deleted":
        this.takeDeleted(reply.path);
        return false;
      case "refused":
        this.refuse(reply.path, reply.reason);
        return false;
      case "captured":
      case "over-limit":
        this.summary = reply;
        return false;
    }
  }

  /** What is left when all records were taken; no changes if the tree is over a limit. */
  finish(): { readonly facts: CaptureFacts; readonly changes: CapturedChanges } {
    const { summary } = this;
    if (!summary) throw broken("it ended without its last record");
    if (summary.type === "over-limit") {
      const { limit, value } = summary;
      return {
        facts: this.facts({ ignored: 0, overLimit: { limit, value } }),
        changes: { deleted: [], written: [] },
      };
    }
    const { baseEntries, unchanged, ignored } = summary;
    if (baseEntries !== this.base.size || unchanged + this.reportedOfBase !== this.base.size) {
      const seen = `${unchanged} unchanged and ${this.reportedOfBase} other entries of ${baseEntries}`;
      throw broken(`it saw ${seen}, and the base has ${this.base.size}`);
    }
    this.refuseCollisions();
    this.refuseBareRepositories();
    return {
      facts: this.facts({ ignored, overLimit: null }),
      changes: {
        deleted: [...this.deleted],
        written: [...this.written].map(([path, { mode, oid }]) => ({ path, mode, oid })),
      },
    };
  }

  private takeEntry({ path, mode, added }: Entry, content: Uint8Array): boolean {
    const base = this.base.get(path);
    this.report(path, base);
    if (added === (base !== undefined))
      throw broken(`it is wrong about whether the base has ${pathToText(path)}`);
    const reason =
      this.entryProblem(path, mode, base) ?? (mode === "120000" ? unsafeLink(path, content) : undefined);
    if (reason !== undefined) {
      this.refuse(path, reason);
      return false;
    }
    const oid = this.hash(content);
    if (base?.oid === oid && base.mode === mode) return false;
    this.written.set(path, { mode, oid, bytes: content.length, added });
    return true;
  }

  private takeDeleted(path: string): void {
    const base = this.base.get(path);
    this.report(path, base);
    if (!base) throw broken(`it deleted ${pathToText(path)}, which the base does not have`);
    const reason = base.mode === "160000" ? "a submodule may not be removed" : forbiddenPath(path);
    if (reason === undefined) this.deleted.add(path);
    else this.refuse(path, reason);
  }

  private report(path: string, base: TreeEntry | undefined): void {
    if (this.reported.has(path)) throw broken(`it reported ${pathToText(path)} twice`);
    this.reported.add(path);
    if (base) this.reportedOfBase += 1;
  }

  private entryProblem(path: string, mode: EntryMode, base: TreeEntry | undefined): string | undefined {
    const forbidden = forbiddenPath(path);
    if (forbidden !== undefined) return forbidden;
    if (base?.mode === "160000") return "in the place of a submodule";
    if (mode !== "100644" && mode !== "100755" && mode !== "120000") return "neither a file nor a link";
    if (base) return undefined;
    for (const folder of this.submodules.size > 0 ? foldersOf(path) : []) {
      if (this.submodules.has(folder)) return "inside a submodule";
    }
    return unwelcomePath(path);
  }

  /** New paths, in the order of their names, against what stays of the base. */
  private refuseCollisions(): void {
    const added = [...this.written].filter(([, entry]) => entry.added).map(([path]) => path);
    if (added.length === 0) return;
    const table = new PathTable([...this.base.keys()].filter((path) => !this.deleted.has(path)));
    for (const path of added.toSorted()) {
      const reason = table.add(path);
      if (reason === undefined) continue;
      this.written.delete(path);
      this.refuse(path, reason);
    }
  }

  /** Judged by the whole result, so that a repository cannot be put together over several tasks either. */
  private refuseBareRepositories(): void {
    if (this.written.size === 0) return;
    const stays = [...this.base.keys()].filter((path) => !this.deleted.has(path));
    const repositories = bareRepositories([...stays, ...this.written.keys()]);
    if (repositories.size === 0) return;
    for (const path of this.written.keys()) {
      const folder = repositoryAround(path, repositories);
      if (folder === undefined) continue;
      this.written.delete(path);
      this.refuse(path, `in ${pathToText(folder)}, which git takes for a repository`);
    }
  }

  private refuse(path: string, reason: string): void {
    if (this.refused.length < MAX_REFUSED) this.refused.push({ path: pathToText(path), reason });
    else this.refusedBeyond += 1;
  }

  private facts(options: Pick<CaptureFacts, "ignored" | "overLimit">): CaptureFacts {
    const written = [...this.written.values()];
    const added = written.filter((entry) => entry.added).length;
    const changed = written.length - added;
    const beyond = { path: "", reason: `${this.refusedBeyond} more were refused` };
    return {
      ...options,
      added,
      changed,
      deleted: this.deleted.size,
      unchanged: this.base.size - changed - this.deleted.size,
      bytes: written.reduce((sum, entry) => sum + entry.bytes, 0),
      refused: this.refusedBeyond > 0 ? [...this.refused, beyond] : this.refused,
    };
  }
}

function broken(what: string): NightwardenError {
  return new NightwardenError({
    code: "infra.collector",
    message: `the collector's capture is not consistent: ${what}`,
  });
}
