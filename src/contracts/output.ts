import type { AttemptRef } from "../core/attempt.ts";
import type { NightId } from "../core/ids.ts";
import type { OutputLine } from "./sandbox.ts";

/** Keeps what an attempt printed, bounded, outside the journal; the journal holds its hash and counts. */
export interface Outputs {
  open(
    night: NightId,
    attempt: AttemptRef,
    role: "agent" | "verify" | "replay" | "prepare",
  ): Promise<OutputSink>;
}

export interface OutputSink {
  /** Never throws and never waits; what fails is told by `close`. */
  write(line: OutputLine): void;
  /** Waits until all is on disk; rejects with `infra.journal` where something could not be written. `file` is relative to the workspace's state folder. */
  close(): Promise<{ readonly file: string; readonly sha256: string; readonly lines: number }>;
}
