import { createHash } from "node:crypto";
import { writeSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../contracts/clock.ts";
import type { Outputs, OutputSink } from "../contracts/output.ts";
import type { OutputLine } from "../contracts/sandbox.ts";
import { ensureStateFolder, syncFolder, systemCode } from "../lib/state-folder.ts";
import { journalWriteError } from "./durable-file.ts";
import { Redaction } from "./redaction.ts";

const MAX_BUFFERED_CHARS = 64 * 1024;

/**
 * Keeps outputs as `output/<night>/<task>.<attempt>.<role>.jsonl`, one line of JSON for each line that was printed:
 * `at`, `stream`, `text`, `cut`. A role that runs again in the same attempt gets a file of its own (`….verify.2.jsonl`):
 * the journal holds the hash of the first.
 */
export function createOutputFiles(options: {
  readonly stateDir: string;
  readonly clock: Clock;
  /** Known secrets, taken out of each line before it is written. Absent: there are none. */
  readonly redaction?: Redaction;
}): Outputs {
  const { stateDir, clock, redaction = new Redaction() } = options;
  return {
    open: async (night, attempt, role) => {
      const folder = join("output", night);
      try {
        await ensureStateFolder(stateDir, folder);
        const { name, handle } = await openNew(join(stateDir, folder), `${attempt.attempt}.${role}`);
        await syncFolder(join(stateDir, folder));
        return new OutputFile({ stateDir, file: `${folder}/${name}`, handle, clock, redaction });
      } catch (error) {
        throw journalWriteError(join(stateDir, folder), error);
      }
    },
  };
}

async function openNew(folder: string, stem: string): Promise<{ name: string; handle: FileHandle }> {
  for (let run = 1; ; run += 1) {
    const name = run === 1 ? `${stem}.jsonl` : `${stem}.${run}.jsonl`;
    try {
      return { name, handle: await open(join(folder, name), "wx", 0o600) };
    } catch (error) {
      if (systemCode(error) !== "EEXIST") throw error;
    }
  }
}

/**
 * `write` cannot wait and must not throw. Lines are gathered for one turn of the event loop; when too many are there,
 * they are written at once, and the program that prints them is held up by that. A failure is told by `close`.
 */
class OutputFile implements OutputSink {
  private readonly path: string;
  private readonly file: string;
  private readonly handle: FileHandle;
  private readonly clock: Clock;
  private readonly redaction: Redaction;
  private readonly hash = createHash("sha256");
  private buffered = "";
  private lines = 0;
  private turn: NodeJS.Immediate | undefined;
  private failure: unknown;

  constructor(options: {
    readonly stateDir: string;
    readonly file: string;
    readonly handle: FileHandle;
    readonly clock: Clock;
    readonly redaction: Redaction;
  }) {
    this.redaction = options.redaction;
    this.path = join(options.stateDir, options.file);
    this.file = options.file;
    this.handle = options.handle;
    this.clock = options.clock;
  }

  write(line: OutputLine): void {
    const { stream, cut } = line;
    const text = this.redaction.text(line.text);
    this.buffered += `${JSON.stringify({ at: this.clock.now().toISOString(), stream, text, cut })}\n`;
    this.lines += 1;
    if (this.buffered.length >= MAX_BUFFERED_CHARS) this.flush();
    else this.turn ??= setImmediate(() => this.flush());
  }

  async close(): Promise<{ file: string; sha256: string; lines: number }> {
    this.flush();
    try {
      if (this.failure === undefined) await this.handle.datasync();
    } catch (error) {
      this.failure = error;
    } finally {
      await this.handle.close();
    }
    if (this.failure !== undefined) throw journalWriteError(this.path, this.failure);
    return { file: this.file, sha256: this.hash.digest("hex"), lines: this.lines };
  }

  private flush(): void {
    if (this.turn) clearImmediate(this.turn);
    this.turn = undefined;
    const bytes = Buffer.from(this.buffered);
    this.buffered = "";
    if (this.failure !== undefined) return;
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(this.handle.fd, bytes, at);
      this.hash.update(bytes);
    } catch (error) {
      this.failure = error;
    }
  }
}
