import type { FileHandle } from "node:fs/promises";
import { messageOf, NightwardenError } from "../core/nightwarden-error.ts";

interface Waiting {
  readonly bytes: Buffer;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Appends to a file so that what was promised is on disk. All that is waiting is written together and flushed once
 * (group commit): 64 writers at a time cost about as much as one.
 *
 * After a failed write the file refuses more: half a line must never be followed by another.
 */
export class DurableFile {
  private readonly path: string;
  private readonly handle: FileHandle;
  private durableBytes: number;
  private waiting: Waiting[] = [];
  private flushing: Promise<void> | undefined;
  private failure: NightwardenError | undefined;

  /** `handle` is open for appending; `durableBytes` is the file's length. */
  constructor(options: {
    readonly path: string;
    readonly handle: FileHandle;
    readonly durableBytes: number;
  }) {
    this.path = options.path;
    this.handle = options.handle;
    this.durableBytes = options.durableBytes;
  }

  /** Resolves when `bytes` are on disk, in the order of the calls. */
  async append(bytes: Buffer): Promise<void> {
    if (this.failure) throw this.failure;
    await new Promise<void>((resolve, reject) => {
      this.waiting.push({ bytes, resolve, reject });
      this.flushing ??= this.flush();
    });
  }

  /** Waits for what was appended before, then closes. */
  async close(): Promise<void> {
    await this.flushing;
    await this.handle.close();
  }

  private async flush(): Promise<void> {
    await Promise.resolve(); // Appends of the same turn join the first group.
    while (this.waiting.length > 0) {
      const group = this.waiting;
      this.waiting = [];
      try {
        await this.write(Buffer.concat(group.map(({ bytes }) => bytes)));
        for (const { resolve } of group) resolve();
      } catch (error) {
        const failure = await this.fail(error);
        for (const { reject } of [...group, ...this.waiting]) reject(failure);
        this.waiting = [];
      }
    }
    this.flushing = undefined;
  }

  private async write(bytes: Buffer): Promise<void> {
    await this.handle.appendFile(bytes);
    await this.handle.datasync();
    this.durableBytes += bytes.length;
  }

  private async fail(error: unknown): Promise<NightwardenError> {
    const failure = journalWriteError(this.path, error);
    this.failure = failure;
    try {
      await this.handle.truncate(this.durableBytes);
    } catch {
      // What was not promised stays in the file; the next reader drops a line that is torn.
    }
    return failure;
  }
}

/** What failed is the disk or its permissions; what was recorded before is safe. */
export function journalWriteError(path: string, error: unknown): NightwardenError {
  return new NightwardenError({
    code: "infra.journal",
    message: `${path} cannot be written: ${messageOf(error)}`,
    hint: "Make room on the disk or repair it, then run again: the night goes on from the last event that was recorded.",
    cause: error,
  });
}
