import { setTimeout as delay } from "node:timers/promises";
import type { PlaceAccount, ResiduePlace, ResidueScope, Unremoved } from "../../contracts/residue.ts";
import { messageOf } from "../../core/nightwarden-error.ts";
import type { Residue } from "../../core/residue.ts";
import { hostTraces, type HostTrace } from "./host-traces.ts";
import { tokenMarkOf } from "./run-name.ts";

const PLACE = "host";
const END_DEADLINE_MS = 10_000;
const PAUSE_MS = 20;

/**
 * What the kernel shows of OS-user sandboxes: processes by their control group, mounts and loop devices by the launcher's
 * folders, whose names have the beginning of an attempt's token. A second witness beside the launcher's own record: what the
 * launcher has forgotten, it does not list. It is asked whatever the sandboxes are now, and takes milliseconds.
 */
export class HostResidue implements ResiduePlace {
  readonly name = PLACE;
  private readonly tokens: () => Promise<Iterable<string>>;
  private readonly traces: () => HostTrace[];
  /** Of attempts that were counted since: the journals may not have been read again. */
  private readonly counted = new Set<string>();
  private known: Promise<ReadonlySet<string>> | undefined;

  constructor(options: {
    /** Of every attempt in the workspace's journals. Asked once. */
    readonly tokens: () => Promise<Iterable<string>>;
    /** Default: the kernel is asked. */
    readonly traces?: () => HostTrace[];
  }) {
    this.tokens = options.tokens;
    this.traces = options.traces ?? hostTraces;
  }

  async count(scope: ResidueScope): Promise<PlaceAccount> {
    if (scope.kind === "attempt") this.counted.add(tokenMarkOf(scope.attempt.token));
    const marks = scope.kind === "attempt" ? [tokenMarkOf(scope.attempt.token)] : await this.marks();
    return { residue: this.find(new Set(marks)).map(residueOf) };
  }

  async weigh(residue: readonly Residue[]): Promise<readonly Residue[]> {
    return await Promise.resolve(residue);
  }

  /** Ends processes, as far as we may. Everything else goes with the run or the trees that the launcher removes. */
  async remove(residue: readonly Residue[]): Promise<readonly Unremoved[]> {
    const marks = new Set(await this.marks());
    const names = new Set(residue.map(({ name }) => name));
    const isWanted = (trace: HostTrace): boolean => names.has(residueOf(trace).name);
    for (const { kind, name } of this.find(marks).filter(isWanted)) if (kind === "process") end(Number(name));
    const deadlineMs = performance.now() + END_DEADLINE_MS;
    for (;;) {
      const left = this.find(marks).filter(isWanted);
      const waits = left.some(({ kind }) => kind === "process") && performance.now() < deadlineMs;
      if (!waits) return left.map((trace) => ({ residue: residueOf(trace), why: whyLeft(trace) }));
      await delay(PAUSE_MS);
    }
  }

  private find(marks: ReadonlySet<string>): HostTrace[] {
    return this.traces().filter(({ id }) => {
      const mark = markIn(id);
      return mark !== undefined && marks.has(mark);
    });
  }

  private async marks(): Promise<string[]> {
    this.known ??= this.tokens().then((tokens) => new Set([...tokens].map(tokenMarkOf)));
    return [...(await this.known), ...this.counted];
  }
}

/** The mark in the name of a run or of trees. */
function markIn(id: string): string | undefined {
  return /^[a-z]+-.+-([0-9A-Za-z]{8})-[0-9a-f]{6}$/.exec(id)?.[1];
}

function residueOf({ kind, name, id }: HostTrace): Residue {
  const attempt = /^[a-z]+-(.+)-[0-9A-Za-z]{8}-[0-9a-f]{6}$/.exec(id)?.[1] ?? id;
  const shown = kind === "process" ? `process ${name} (${id})` : name;
  return { kind, place: PLACE, name: shown, attempt, token: null, bytes: null };
}

function whyLeft({ kind, name }: HostTrace): string {
  if (kind === "process") return end(Number(name)) ?? "it does not end";
  return "only root can take it away, and the launcher has nothing of this name";
}

/** Why the process cannot be killed; undefined: it was, or it is gone. */
function end(pid: number): string | undefined {
  try {
    process.kill(pid, "SIGKILL");
    return undefined;
  } catch (error) {
    const isGone = error instanceof Error && "code" in error && error.code === "ESRCH";
    return isGone ? undefined : messageOf(error);
  }
}
