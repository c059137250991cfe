import { z } from "zod";
import { bytes, kindCounts, ms, nightId, residue, taskKey, unknownPlace } from "./event-fields.ts";
import { ISOLATIONS, PHASES } from "./policy.ts";

/** The drills that there are. */
export const DRILLS = [
  "containment",
  "dangerous-symbol",
  "failing-test",
  "forbidden-import",
  "two-failures",
  "docker",
] as const;

/** Who or what took the trust: a guard that an attack survived, a branch that could not be moved back, or a person. */
export const DEMOTERS = ["guard", "rollback", "breach", "person"] as const;

/** What belongs to no night, in the workspace's own stream. */
export const WORKSPACE_EVENTS = {
  "workspace.created": z.object({ version: z.string() }),
  /** A person asked for a failed or set-aside task to be started again. */
  "task.requeued": z.object({ key: taskKey, reason: z.string() }),
  /** A night has begun, in a file of its own. A promotion is refused where that file is missing or another. */
  "night.listed": z.object({ listed: nightId, stream: z.uuid() }),
  /** A night has ended, with this event: its chain alone could not show that lines are missing at its end. */
  "night.sealed": z.object({
    sealed: nightId,
    seq: z.number().int().nonnegative(),
    hash: z.string(),
  }),
  /** A person says that a night's results are in the base, in a form that git cannot tell, such as one squashed commit. */
  "night.merged": z.object({ merged: nightId }),
  /** A person let everything of ours that was left be removed, and it was counted again. Clean: nights may start. */
  "workspace.repaired": z.object({
    verdict: z.enum(["clean", "leaked", "unknown"]),
    /** The last leak of a night that there was by then; null: there was none. By time and name, since clocks go back. */
    answers: z.object({ leakOf: nightId, at: z.iso.datetime() }).nullable(),
    removed: kindCounts,
    /** What is known of the bytes that were freed. */
    bytes,
    /** What is still there; the first of it, by name. */
    leaks: z.array(residue),
    omitted: z.number().int().nonnegative(),
    unknown: z.array(unknownPlace),
  }),
  /** A planned failure was run, to see that a guard fires. In the workspace's stream; in a night's too, where its gate asked. */
  "drill.finished": z.object({
    drill: z.enum(DRILLS),
    verdict: z.enum(["held", "survived", "inconclusive"]),
    /** How often it was run until this was its verdict. */
    runs: z.number().int().positive(),
    isolation: z.enum(ISOLATIONS),
    image: z.string(),
    versions: z.record(z.string(), z.string()),
    durationMs: ms,
    canaries: z.array(
      z.object({
        canary: z.string(),
        verdict: z.enum(["held", "survived", "inconclusive", "not-promised"]),
        detail: z.string(),
      }),
    ),
    /** Of the workspace that was drilled. Absent: the drill is of no policy's rules, or of an earlier version. */
    policyHash: z.string().optional(),
    /** What a drill that runs a night of its own saw: what had to happen, and what did. */
    observations: z
      .array(z.object({ what: z.string(), expected: z.string(), seen: z.string(), held: z.boolean() }))
      .optional(),
    /** That night, in the scratch workspace, and the hash of its last event: the journal itself is not kept. */
    of: z.object({ night: nightId, hash: z.string() }).optional(),
    /** What the Docker trial came to. A "no" is a verdict too: later phases then mean `user`. */
    trial: z
      .object({
        answer: z.enum(["yes", "no"]),
        why: z.string(),
        /** From the start of an attempt's sandbox to its first command, beside the same command without one. */
        sandboxMs: ms.nullable(),
        bareMs: ms.nullable(),
      })
      .optional(),
  }),
  /** A person moved the workspace to the next phase. */
  "phase.promoted": z.object({
    from: z.enum(PHASES),
    to: z.enum(PHASES),
    /** Though criteria were unmet: which, and why. Shown ever after. */
    forced: z.object({ reason: z.string(), unmet: z.array(z.string()) }).nullable(),
    /** Of the policy under which the evidence was gathered. */
    policyHash: z.string(),
  }),
  /** The workspace lost trust. The same phase twice: it was in the first, and stays there. */
  "phase.demoted": z.object({
    from: z.enum(PHASES),
    to: z.enum(PHASES),
    why: z.string(),
    /** Absent, as in earlier versions: a guard. */
    by: z.enum(DEMOTERS).optional(),
  }),
} as const;
