import { formatByteSize, GIB } from "./byte-size.ts";

/** One who wants memory, or has it. */
export interface Claim {
  readonly id: string;
  readonly bytes: number;
}

/** Who has memory of the budget, and who waits for it, the longest-waiting first. */
export interface AdmissionState {
  readonly budgetBytes: number;
  readonly admitted: readonly Claim[];
  readonly waiting: readonly Claim[];
}

/** What is left to everything that is no sandbox: the supervisor, git, the engine, the machine's own programs. */
const MAX_RESERVE_BYTES = GIB;

/** What sandboxes may take together, where nobody has said it: all of the machine's memory but a reserve. */
export function defaultMemoryBudget(machineBytes: number): number {
  return Math.floor(machineBytes - Math.min(MAX_RESERVE_BYTES, machineBytes / 8));
}

export function noClaims(budgetBytes: number): AdmissionState {
  return { budgetBytes, admitted: [], waiting: [] };
}

/** Why a claim can never be admitted; undefined: it can. */
export function refusalOf({ bytes }: Pick<Claim, "bytes">, budgetBytes: number): string | undefined {
  if (bytes <= budgetBytes) return undefined;
  return `it needs ${formatByteSize(bytes)} of memory, and all sandboxes together may have ${formatByteSize(budgetBytes)}`;
}

/** One more who wants memory, behind all who wait. One that can never be admitted is a mistake of the program. */
export function ask(state: AdmissionState, claim: Claim): AdmissionState {
  const refusal = refusalOf(claim, state.budgetBytes);
  if (refusal !== undefined) throw new RangeError(`${claim.id}: ${refusal}`);
  return admitted({ ...state, waiting: [...state.waiting, claim] });
}

/** One who has memory gives it back, or one who waits gives up. */
export function leave(state: AdmissionState, id: string): AdmissionState {
  const others = (claims: readonly Claim[]): Claim[] => claims.filter((claim) => claim.id !== id);
  return admitted({ ...state, admitted: others(state.admitted), waiting: others(state.waiting) });
}

export function freeBytes({ budgetBytes, admitted: claims }: AdmissionState): number {
  return budgetBytes - claims.reduce((sum, { bytes }) => sum + bytes, 0);
}

/**
 * Admits from the head as long as the next one fits. The next one that does not holds up all behind it, small ones as
 * well: otherwise a large one could wait for ever.
 */
function admitted(state: AdmissionState): AdmissionState {
  let now = state;
  for (let [next, ...rest] = now.waiting; next && next.bytes <= freeBytes(now); [next, ...rest] = now.waiting)
    now = { ...now, admitted: [...now.admitted, next], waiting: rest };
  return now;
}
