import { hostOomKills } from "../lib/host-oom-kills.ts";
import type { EnclosedProgram, ProgramEnd } from "./enclosed-program.ts";

/** The exit code of SIGKILL. */
const KILLED = 137;

/** Whose limit it was that a process was killed for. */
export type MemoryVerdict = "memory" | "host-memory";

/**
 * Ends a run as soon as a process of it was killed for memory, and says whose doing that was.
 *
 * The enclosure's own word comes first. The shim's is only a hint: a program can imitate it, and then the enclosure is
 * asked. That it was the host's doing is believed only where the enclosure's own limit was never reached and the kernel
 * of this machine has counted a kill meanwhile; everything that is not known counts against the attempt.
 */
export class MemoryWatch {
  private readonly program: EnclosedProgram;
  private readonly onVerdict: (verdict: MemoryVerdict) => void;
  private readonly readHostKills: () => number | null;
  private readonly asked: Promise<void>[] = [];
  private hostKills: number | null = null;
  /** The enclosure told of a kill while its own limit had not been reached: a larger group ran out. */
  private isOthers = false;
  private stopTelling: () => void = () => undefined;

  constructor(options: {
    program: EnclosedProgram;
    onVerdict: (verdict: MemoryVerdict) => void;
    readHostKills?: () => number | null;
  }) {
    this.program = options.program;
    this.onVerdict = options.onVerdict;
    this.readHostKills = options.readHostKills ?? hostOomKills;
  }

  begin(): void {
    this.hostKills = this.readHostKills();
    this.stopTelling = this.program.onOutOfMemory(() => this.ask("enclosure"));
  }

  /** The shim has seen a kill in its own control group. */
  shimHasSeenKill(): void {
    this.ask("shim");
  }

  /** What memory has to do with the end of a run; undefined: nothing. */
  async settle(end: ProgramEnd): Promise<MemoryVerdict | undefined> {
    await Promise.all(this.asked);
    if (end.outOfMemory && !this.isOthers) return "memory";
    const isKilled = end.exitCode === KILLED;
    return isKilled && (this.isOthers || this.hostHasKilled()) ? "host-memory" : undefined;
  }

  dispose(): void {
    this.stopTelling();
  }

  private ask(who: "enclosure" | "shim"): void {
    const decide = async (): Promise<void> => {
      const isOwn = (await this.program.memoryLimitReached().catch(() => null)) !== false;
      if (isOwn) this.onVerdict("memory");
      else if (who === "shim") this.onVerdict(this.hostHasKilled() ? "host-memory" : "memory");
      // With control groups of version 1 every group below the one that ran out is told: nothing of ours need be dead.
      else this.isOthers = true;
    };
    this.asked.push(decide());
  }

  private hostHasKilled(): boolean {
    const now = this.readHostKills();
    return now !== null && this.hostKills !== null && now > this.hostKills;
  }
}
