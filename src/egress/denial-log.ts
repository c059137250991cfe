import type { EgressDenial } from "../core/gateway-protocol.ts";

/** Told one by one; a sandbox that goes on being refused must not fill a journal. */
const MAX_SINGLE = 20;
const MAX_METHOD_LENGTH = 20;
const MAX_TARGET_LENGTH = 200;
const MAX_DETAIL_LENGTH = 300;

/** Why something is refused. `detail` may quote what was sent: untrusted, and bounded only where it is told. */
export interface RefusedBy {
  readonly rule: string;
  readonly detail: string;
}

/**
 * Tells of refusals, bounded in length and in number: the first ones each, later ones by rule whenever their number has
 * doubled, and the rest when it ends. The counts of all messages together are the number of refusals.
 */
export class DenialLog {
  private readonly onDenial: (denial: EgressDenial) => void;
  private told = 0;
  private readonly later = new Map<string, { total: number; pending: number; last: EgressDenial }>();

  constructor(onDenial: (denial: EgressDenial) => void) {
    this.onDenial = onDenial;
  }

  add(denial: RefusedBy, request: { readonly method: string; readonly target: string }): void {
    const event: EgressDenial = {
      rule: denial.rule,
      method: request.method.slice(0, MAX_METHOD_LENGTH),
      target: request.target.slice(0, MAX_TARGET_LENGTH),
      detail: denial.detail.slice(0, MAX_DETAIL_LENGTH),
      count: 1,
    };
    if (this.told < MAX_SINGLE) {
      this.told += 1;
      this.onDenial(event);
      return;
    }
    const before = this.later.get(denial.rule) ?? { total: 0, pending: 0 };
    const now = { total: before.total + 1, pending: before.pending + 1, last: event };
    this.later.set(denial.rule, now);
    if (Number.isInteger(Math.log2(now.total))) this.tell(now);
  }

  /** Tells what has not been told yet. */
  flush(): void {
    for (const entry of this.later.values()) if (entry.pending > 0) this.tell(entry);
  }

  private tell(entry: { pending: number; last: EgressDenial }): void {
    this.onDenial({ ...entry.last, count: entry.pending });
    entry.pending = 0;
  }
}
