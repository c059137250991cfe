import type { Agent } from "../contracts/agent.ts";
import type { WaitingClock } from "../contracts/clock.ts";
import type { GatewayFact, Gateways, ModelAccess } from "../contracts/gateway.ts";
import type { Checks } from "../contracts/checks.ts";
import type { Dependencies } from "../contracts/dependencies.ts";
import type { Images } from "../contracts/images.ts";
import type { JournalStore } from "../contracts/journal.ts";
import type { Outputs } from "../contracts/output.ts";
import type { Registries } from "../contracts/registry.ts";
import type { Repository } from "../contracts/repository.ts";
import type { ResiduePlace } from "../contracts/residue.ts";
import type { Sandboxes } from "../contracts/sandbox.ts";
import type { Trees } from "../contracts/trees.ts";
import type { AttemptRef } from "../core/attempt.ts";
import type { EventData, NightwardenEvent } from "../core/event.ts";
import type { nextStep } from "../core/next-step.ts";
import type { Limits } from "../core/limits.ts";
import type { Plan } from "../core/plan.ts";
import type { Isolation, Loosening, Phase, Policy } from "../core/policy.ts";
import type { PrepareSettings } from "../core/prepare-recipe.ts";
import type { RegistryAccess } from "../core/registry-access.ts";
import type { WrittenTests } from "../core/test-command.ts";
import type { Cleaner } from "./clean-old.ts";
import type { CanaryRun } from "./containment-drill.ts";

/** Everything outside that one night needs: contracts, never what stands behind them. */
export interface NightDeps {
  readonly clock: WaitingClock;
  readonly journals: JournalStore;
  readonly sandboxes: Sandboxes;
  readonly trees: Trees;
  readonly images: Images;
  readonly outputs: Outputs;
  readonly repositories: ReadonlyMap<string, Repository>;
  readonly checks: Checks;
  readonly agents: ReadonlyMap<string, Agent>;
  readonly gateways: Gateways;
  /**
   * What the gateway of an agent's next attempt needs, the secret read anew; undefined for an agent that uses no model
   * API. Throws `refused.credentials`.
   */
  readonly modelAccess: (agent: string, signal: AbortSignal) => Promise<ModelAccess | undefined>;
  /** What installs dependencies. Absent: the back end cannot, and a repository that needs it is refused. */
  readonly preparation?: Preparation;
  /** The health checks before the night, each result as it comes. Throws only for a fault of ours, or the signal's reason. */
  readonly runProbes: (options: {
    /** What each probe measured last: see `lastProbeValues`. */
    readonly previous: ReadonlyMap<string, string>;
    readonly onResult: (result: EventData<"probe.finished">) => Promise<void>;
    readonly onFact: (attempt: AttemptRef, fact: GatewayFact) => void;
    readonly signal: AbortSignal;
  }) => Promise<void>;
  /**
   * Asks every canary once, in a sandbox of `repository`'s image. Throws where no sandbox starts, and the signal's
   * reason.
   */
  readonly runCanaries: (options: {
    readonly repository: string;
    readonly signal: AbortSignal;
  }) => Promise<CanaryRun>;
  /** What all sandboxes, collectors and gateways may use at one time, and what the latter two may use each. */
  readonly memory: MemoryBudget;
  /** Everywhere where something of this workspace's can stand, the back ends first. */
  readonly residue: readonly ResiduePlace[];
  /** Absent: nothing that is kept on purpose grows old. */
  readonly cleaner?: Cleaner;
  /** Lets go of what attempts share, such as the gateways' network. Only while no attempt runs. Never rejects. */
  readonly releaseShared: () => Promise<void>;
  /** Asks the engine whether it answers. Throws if not. */
  readonly probe: () => Promise<void>;
  /** A random word of at least 16 characters: a fencing token. */
  readonly newToken: () => string;
  /** SHA-256 in hexadecimal. */
  readonly digest: (text: string) => string;
  readonly random: () => number;
  /** What decides the next step. Absent: `nextStep`. Another one shows what a rule is good for: see tests/simulation. */
  readonly decide?: typeof nextStep;
}

/** What installing dependencies needs. */
export interface Preparation {
  readonly dependencies: Dependencies;
  readonly registries: Registries;
  /** The registries, their secrets read anew. Throws `refused.credentials`. */
  readonly access: (signal: AbortSignal) => Promise<RegistryAccess>;
}

/** In bytes. */
export interface MemoryBudget {
  readonly budgetBytes: number;
  readonly collectorBytes: number;
  readonly gatewayBytes: number;
}

/** What is asked of this night. */
export interface NightOrder {
  readonly plan: Plan;
  readonly policy: Policy;
  /** The policy's caps, lowered by the workspace; a task may lower them further, or raise them to the policy's ceiling. */
  readonly limits: Limits;
  readonly policyHash: string;
  readonly phase: Phase;
  /** Of every sandbox of the night. */
  readonly isolation: Isolation;
  readonly purpose: "work" | "demo";
  readonly attended: boolean;
  /** When the night has to be over, ISO 8601; undefined: it may take as long as it takes. */
  readonly endsAt: string | undefined;
  /** How long that is from its first event, in milliseconds. Absent: as long as it takes. */
  readonly windowMs?: number | undefined;
  /** Every model that an agent may use, by agent. Absent, for all or for one: it uses none. */
  readonly models?: ReadonlyMap<string, readonly string[]>;
  /** The process whose lock was taken over, where one ended without letting go. */
  readonly crashedPid: number | null;
  readonly loosened: readonly Loosening[];
  readonly loosenedReason: string | undefined;
  readonly versions: Readonly<Record<string, string>>;
  /** By repository: a branch, a commit, or `continue`. */
  readonly bases: ReadonlyMap<string, string>;
  /** How dependencies are installed, by repository. Absent, for all or for one: they are not. */
  readonly prepare?: ReadonlyMap<string, PrepareSettings>;
  /** Commands by repository that run in the tree before the agent and before verify. Absent: none. */
  readonly build?: ReadonlyMap<string, readonly string[]>;
  /** How tests are run where it is not left to the verify commands to tell, by repository. Absent, for all or for one: it is. */
  readonly tests?: ReadonlyMap<string, WrittenTests>;
  /** Verify commands by repository: what a baseline runs. */
  readonly verify: ReadonlyMap<string, readonly string[]>;
  /** Commands of the full verification at checkpoints, by repository. Absent, for all or for one: the verify commands. */
  readonly fullVerify?: ReadonlyMap<string, readonly string[]>;
  readonly onEvent: (event: NightwardenEvent) => void;
  /** Progress that is no fact: a line for a person, forgotten at once. */
  readonly onProgress: (line: string) => void;
  /** What an agent prints, as it comes; untrusted. */
  readonly onOutput: (task: string, text: string) => void;
}
