import { createReadStream } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { isObjectId, type ObjectId } from "../core/ids.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import type { TreeSource } from "../contracts/trees.ts";
import type { Git } from "./run-git.ts";
import { BASES } from "./shadow-refs.ts";
import { listSnapshot } from "./snapshot.ts";

/** Packs of bases that are kept. One is as large as the repository's files; a base that is needed again is packed again. */
const KEPT_PACKS = 3;
const CHUNK_BYTES = 1024 * 1024;

/**
 * What trees are made from: a pack of the base, made once and kept in `folder`, since every attempt of every night on
 * that base streams it into a container; and one of what the commit has beyond the base.
 */
export class TreePacks {
  private readonly shadow: Git;
  private readonly folder: string;
  private readonly objectFormat: "sha1" | "sha256";

  constructor(options: { shadow: Git; folder: string; objectFormat: "sha1" | "sha256" }) {
    this.shadow = options.shadow;
    this.folder = options.folder;
    this.objectFormat = options.objectFormat;
  }

  sourceOf(commit: ObjectId): TreeSource {
    return { commit, objectFormat: this.objectFormat, packs: () => this.packs(commit) };
  }

  private async *packs(commit: ObjectId): AsyncGenerator<AsyncIterable<Uint8Array>> {
    const base = await this.nearestBase(commit);
    yield readInChunks(await this.basePack(base));
    if (commit === base) return;
    // Complete in itself: without --thin, no object is stored as a difference from one that is not in the pack.
    const revisions = `${commit}\n^${base}\n`;
    yield this.shadow.stream(["pack-objects", "--quiet", "--revs", "--stdout"], { stdin: revisions });
  }

  /** The base that the commit was made on. A base may itself be a commit of an earlier night, so the nearest one counts. */
  private async nearestBase(commit: ObjectId): Promise<ObjectId> {
    const refs = await this.shadow.text(["for-each-ref", "--format=%(objectname)", BASES]);
    const bases = new Set(refs.split("\n"));
    const history = await this.shadow.text(["rev-list", "--first-parent", commit]);
    const isBase = (name: string): name is ObjectId => isObjectId(name) && bases.has(name);
    const base = history.split("\n").find(isBase);
    if (base !== undefined) return base;
    throw new NightwardenError({
      code: "infra.git",
      message: `${commit} was not made on any base of the shadow`,
    });
  }

  private async basePack(base: ObjectId): Promise<string> {
    const file = join(this.folder, `${base}.pack`);
    const now = new Date();
    const isThere = await utimes(file, now, now).then(
      () => true,
      () => false,
    );
    if (!isThere) {
      await this.writePack(base, file);
      await this.removeOldPacks();
    }
    return file;
  }

  private async writePack(base: ObjectId, file: string): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const { objects } = await listSnapshot(this.shadow, base);
    const pack = this.shadow.stream(["pack-objects", "--quiet", "--stdout"], {
      stdin: `${objects.join("\n")}\n`,
    });
    const temporary = `${file}.${randomBytes(6).toString("hex")}.tmp`;
    try {
      const handle = await open(temporary, "wx", 0o600);
      try {
        await handle.writeFile(pack);
        // A pack that a power cut left empty would look like one that is there.
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(temporary, file);
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /** A stream that reads one of them now keeps what it has open. */
  private async removeOldPacks(): Promise<void> {
    const names = await readdir(this.folder);
    const packs = await Promise.all(
      names.map(async (name) => {
        const file = join(this.folder, name);
        return { file, usedAtMs: (await stat(file).catch(() => undefined))?.mtimeMs ?? 0 };
      }),
    );
    const oldest = packs.toSorted((a, b) => b.usedAtMs - a.usedAtMs).slice(KEPT_PACKS);
    await Promise.all(oldest.map(async ({ file }) => rm(file, { force: true })));
  }
}

/** Opens the file only when it is read: a pack that nobody takes must not keep it open. */
async function* readInChunks(file: string): AsyncGenerator<Uint8Array> {
  yield* createReadStream(file, { highWaterMark: CHUNK_BYTES }) as AsyncIterable<Buffer>;
}
