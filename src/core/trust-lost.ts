import type { NightState } from "./night-state.ts";
import type { EventData } from "./event.ts";

/** What of a night costs the workspace a phase, and in which words; undefined: nothing does. */
export interface TrustLost {
  readonly by: NonNullable<EventData<"phase.demoted">["by"]>;
  readonly why: string;
}

/**
 * A branch that could not go back, or a breach of containment: a process that an attempt started runs on outside of its
 * sandbox and could not be ended. A container that cannot be removed is no breach: what is in it is still contained, and the
 * night ends as a leak. (A guard that survived an attack is told by its drill.) One night costs one phase.
 */
export function trustLost({ night, failedRollbacks, leaks }: NightState): TrustLost | undefined {
  const [unmoved] = failedRollbacks;
  if (unmoved) {
    const { repo, message } = unmoved;
    const why = `in night ${night} the branch of ${repo} could not go back to its last checkpoint: ${message}`;
    return { by: "rollback", why };
  }
  for (const { of, residue } of leaks) {
    const escaped = residue.find(({ kind, attempt }) => kind === "process" && (of ?? attempt) !== null);
    if (!escaped) continue;
    const whose = of?.attempt ?? escaped.attempt ?? "an attempt";
    const why = `in night ${night} a process of ${whose} ran on outside of its sandbox and could not be ended: ${escaped.name}`;
    return { by: "breach", why };
  }
  return undefined;
}
