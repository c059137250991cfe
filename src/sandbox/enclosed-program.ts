/** A piece of what a program printed. */
export interface ProgramOutput {
  readonly stream: "stdout" | "stderr";
  readonly bytes: Buffer;
}

/** How an enclosed program has ended, as whoever encloses it says, never as it says itself. */
export interface ProgramEnd {
  /** null: it was gone before anybody could ask. */
  readonly exitCode: number | null;
  /** Any process of the enclosure was killed for memory, also where the program went on. */
  readonly outOfMemory: boolean;
}

/**
 * One of our programs with everything that it starts, enclosed by a back end: a container, a user of its own, a folder.
 * What is above (runs, trees, gateways) is the same for all of them.
 *
 * It runs already; nothing of it has been read.
 */
export interface EnclosedProgram {
  /** Names it to a person, and to the back end. */
  readonly id: string;
  /** What it prints, until it ends, at the reader's pace. To be read once. */
  output(): AsyncGenerator<ProgramOutput>;
  /** Writes to standard input, at the program's pace. One that has ended takes everything and does nothing. */
  write(bytes: Uint8Array): Promise<void>;
  endInput(): void;
  /** Resolves when no process of it runs any more. Rejects where the back end cannot say. */
  end(): Promise<ProgramEnd>;
  /** The end of one whose output has ended. Asks, since a back end that went away says nothing by itself. */
  endAfterOutput(): Promise<ProgramEnd>;
  /** The end after a kill; rejects with `infra.engine` where it does not come in time. */
  endAfterKill(): Promise<ProgramEnd>;
  /** Ends every process of it at once. One that has ended is fine. */
  kill(): Promise<void>;
  /** Tells when the enclosure says that memory ran out, until the function that comes back is called. */
  onOutOfMemory(tell: () => void): () => void;
  /** Whether its own limit on memory was ever reached, as the enclosure says while it runs; null: it cannot say. */
  memoryLimitReached(): Promise<boolean | null>;
  /**
   * Tells, with their number, when there are more processes than there may be, until the function that comes back is
   * called. Absent: the kernel refuses the one too many, and the shim sees that.
   */
  onManyProcesses?(tell: (seen: number) => void): () => void;
  /** Kills what still runs and leaves nothing of it. May be called again. */
  remove(): Promise<void>;
}
