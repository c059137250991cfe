import type { NightwardenEvent } from "../../src/core/event.ts";
import type { NightId, ObjectId } from "../../src/core/ids.ts";
import type { NightState } from "../../src/core/night-state.ts";
import type { Policy } from "../../src/core/policy.ts";
import type { SandboxJob, SandboxRequest } from "../../src/contracts/sandbox.ts";
import type { Ledger } from "./ledger.ts";
import type { Scenario } from "./scenario.ts";
import type { SimWorld } from "./sim-world.ts";

/** What an invariant may look at. */
export interface Scene {
  readonly scenario: Scenario;
  readonly policy: Policy;
  readonly world: SimWorld;
  /** As it is after the event that is looked at. */
  readonly ledger: Ledger;
  /** The state that the night decides from; undefined: it has not decided anything yet, or is dead. */
  readonly live: NightState | undefined;
  /** Tells that the invariant does not hold. */
  readonly broken: (message: string) => void;
}

/** One promise of a night. It is made anew for each world, and sees everything that happens in it, in order. */
export interface Invariant {
  /** The event is durable, and nobody has acted on it yet. */
  onEvent?(event: NightwardenEvent): void;
  /** The night's branch in a shadow has moved. */
  onMoved?(repo: string, night: NightId, from: ObjectId | undefined, to: ObjectId): void;
  /** A branch of the user's was moved by Nightwarden. */
  onDelivered?(repo: string, branch: string, from: ObjectId | null, to: ObjectId): void;
  /** A program is about to run in a sandbox. */
  onJob?(request: SandboxRequest, job: SandboxJob): void;
  /** Nothing is left to do at this moment: what is recorded has been acted on. */
  onQuiet?(): void;
}

export type MakeInvariant = (scene: Scene) => Invariant;
