import type { EventData } from "../../../src/core/event.ts";
import type { SandboxesUnderTest } from "../../contract/sandboxes.ts";
import type { BackEndName } from "./hostile-case.ts";

/** A back end as cases need it: the real thing, a way around its guards for the controls, and a look from outside. */
export interface BackEnd {
  readonly name: BackEndName;
  readonly under: SandboxesUnderTest;
  /** What a program prints that has every guard of a sandbox, but is uid 0 there. Absent: there is no such way. */
  readonly asRoot: ((command: readonly string[]) => Promise<readonly string[]>) | undefined;
  /** What a program prints as root without a guard. */
  bare(command: readonly string[], options?: BareOptions): Promise<readonly string[]>;
  /** By what the processes of a sandbox can be told from all others on this host. */
  markOf(sandbox: EventData<"sandbox.started">): string;
  /** What runs or is mounted on this host for sandboxes with these marks. */
  residue(marks: readonly string[]): readonly string[];
  close(): Promise<void>;
}

export interface BareOptions {
  readonly user?: string;
  /** Default: none of its own that leads anywhere. `host`: the one of this machine. Otherwise a network's name. */
  readonly network?: string;
  /** Paths of this host that it sees where they are. */
  readonly sees?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Every capability, no seccomp filter, nothing masked. Default: what root has in a plain container. */
  readonly isMighty?: boolean;
  /** It sees the processes of this host. */
  readonly seesProcesses?: boolean;
  /** More for a container, where it is one. */
  readonly hostConfig?: object;
}
