import type { Change } from "../core/change.ts";
import type { CheckRule } from "../core/check-rule.ts";
import type { CheckSettings } from "../core/check-settings.ts";
import type { Inspection } from "../core/inspection.ts";

/** Looks at what lies between two commits, before it may land. */
export interface Checks {
  /** What a rule is for; undefined: there is none of that id. */
  rule(id: string): CheckRule | undefined;
  /**
   * Every finding about a change, bounded. What cannot be read, or ends the program that reads it, is a finding and never an error: the
   * change was written by somebody who is not trusted. Throws the signal's reason.
   */
  inspect(request: {
    readonly change: Change;
    readonly settings: CheckSettings;
    readonly signal?: AbortSignal;
  }): Promise<Inspection>;
}
