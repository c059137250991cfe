import { z } from "zod";
import {
  attempt,
  bytes,
  forAttempt,
  kindCounts,
  ms,
  objectId,
  residue,
  taskId,
  taskKey,
  unknownPlace,
  verdict,
} from "./event-fields.ts";
import { TASK_KINDS } from "./plan.ts";
import { ISOLATIONS, PHASES } from "./policy.ts";

/** How a night can end. Everything but `queue-empty` leaves work for a person or for another night. */
export const NIGHT_ENDS = [
  "queue-empty",
  "first-failure",
  "breaker",
  "infra",
  "auth",
  "quota",
  "budget",
  "dependency-unmet",
  "leak",
  "rollback-failed",
  "time-limit",
  "interrupted",
  "refused",
  "abandoned",
] as const;
export type NightEnd = (typeof NIGHT_ENDS)[number];

/** What is worth waking somebody for. */
export const ALERTS = ["breaker", "auth", "infra", "quota", "leak", "rollback-failed", "demoted"] as const;
export type Alert = (typeof ALERTS)[number];

/** What a whole night does, or one of its repositories. */
export const NIGHT_EVENTS = {
  "night.started": z.object({
    purpose: z.enum(["work", "demo"]),
    attended: z.boolean(),
    phase: z.enum(PHASES),
    isolation: z.enum(ISOLATIONS),
    policyHash: z.string(),
    loosened: z.array(z.object({ key: z.string(), specified: z.string(), used: z.string() })),
    loosenedReason: z.string().optional(),
    /** Promotions of the workspace that a person forced, ever, oldest first. Absent: none was, or an earlier version does not say. */
    forced: z
      .array(
        z.object({
          from: z.enum(PHASES),
          to: z.enum(PHASES),
          at: z.iso.datetime(),
          reason: z.string(),
          unmet: z.array(z.string()),
        }),
      )
      .optional(),
    planHash: z.string(),
    versions: z.record(z.string(), z.string()),
    tasks: z.array(
      z.object({
        key: taskKey,
        id: taskId,
        repo: z.string(),
        title: z.string(),
        kind: z.enum(TASK_KINDS),
        dependsOn: z.array(taskId),
      }),
    ),
    /** How long the night may be, from its first event; null: as long as it takes. Absent in journals of earlier versions. */
    windowMs: ms.nullable().optional(),
    /** Landings between two full verifications. Absent: none are made. */
    checkpointEvery: z.number().int().positive().optional(),
    /** The agents of its tasks and their models: nights are compared under the same conditions only. */
    agents: z.array(z.object({ name: z.string(), models: z.array(z.string()) })).optional(),
  }),
  /** The night goes on after a crash; the attempts that it cut off have an `attempt.finished` of their own. */
  "night.resumed": z.object({ crashedPid: z.number().int().nullable() }),
  "night.stopping": z.object({ why: z.enum(["asked", "time-limit"]), detail: z.string() }),
  "night.finished": z.object({ end: z.enum(NIGHT_ENDS), detail: z.string() }),
  "warning.raised": z.object({ code: z.string(), message: z.string() }),
  /** Something that a person should hear of now. */
  "alert.raised": z.object({ alert: z.enum(ALERTS), tasks: z.array(taskId), message: z.string() }),

  /** Nothing starts with an agent until its quota is reset. Earlier versions did not say with which: the task's. */
  "night.paused": z.object({
    task: taskId,
    agent: z.string().optional(),
    until: z.iso.datetime(),
    detail: z.string(),
  }),
  /** The wait is over. A night that ended meanwhile has no such event. */
  "night.continued": z.object({ agent: z.string().optional() }),
  /** One health check before the night. */
  "probe.finished": z.object({
    probe: z.string(),
    subject: z.string(),
    verdict: z.enum(["ok", "warning", "refused"]),
    message: z.string(),
    hint: z.string().optional(),
    durationMs: ms,
    /** What was measured, where the next night compares it, such as a client's version. */
    value: z.string().optional(),
  }),

  "image.ready": z.object({ repo: z.string(), image: z.string(), base: z.string(), built: z.boolean() }),
  "repository.prepared": z.object({
    repo: z.string(),
    path: z.string(),
    baseRef: z.string(),
    base: objectId,
    objectFormat: z.enum(["sha1", "sha256"]),
    uncommitted: z.number().int().nonnegative(),
  }),
  /** A repository's dependencies are about to be installed, from exactly these files of a commit. */
  "prepare.started": z.object({
    repo: z.string(),
    ...forAttempt,
    /** Hash of files, image and commands: what was installed for the same key is used again. */
    key: z.string(),
    files: z.array(z.string()),
    commands: z.array(z.string()),
    registries: z.array(z.string()),
    /** Whether packages could run programs of their own. */
    scripts: z.boolean(),
  }),
  "prepare.finished": z.object({
    repo: z.string(),
    ...forAttempt,
    key: z.string(),
    result: z.enum(["prepared", "cached", "failed"]),
    /** Names the set; null: there is none. */
    set: z.string().nullable(),
    /** Folders of the tree that come before PATH. */
    path: z.array(z.string()),
    inodes: z.number().int().nonnegative(),
    bytes,
    durationMs: ms,
    /** How the commands ended, where they failed. */
    verdict: verdict.nullable(),
  }),
  "baseline.started": z.object({ repo: z.string(), commit: objectId, key: z.string() }),
  "baseline.finished": z.object({
    repo: z.string(),
    commit: objectId,
    /** Hash of tree, image and commands: a green baseline is not run again for the same key. */
    key: z.string(),
    result: z.enum(["green", "green-cached", "flaky", "red-expected", "red"]),
    verdict: verdict.nullable(),
  }),

  /** The full verification of what has landed since the last checkpoint is about to begin. */
  "checkpoint.started": z.object({ repo: z.string(), commit: objectId, since: objectId, key: z.string() }),
  "checkpoint.finished": z.object({
    repo: z.string(),
    commit: objectId,
    key: z.string(),
    /** `flaky`: red once and green once, which counts as green. */
    result: z.enum(["green", "green-cached", "flaky", "red"]),
    verdict: verdict.nullable(),
  }),
  /** A checkpoint is red: which of the landings since the last one made it so is about to be looked for. */
  "bisection.started": z.object({
    repo: z.string(),
    good: objectId,
    /** What has landed since, oldest first; the last is known to be red. */
    commits: z.array(objectId),
  }),
  "bisection.tried": z.object({ repo: z.string(), commit: objectId, key: z.string(), green: z.boolean() }),
  /** null: the good end is red as well, so none of them is to blame. */
  "bisection.finished": z.object({ repo: z.string(), culprit: objectId.nullable(), detail: z.string() }),
  /** The night's branch is about to go back to its last checkpoint. */
  "rollback.started": z.object({ repo: z.string(), from: objectId, to: objectId }),
  "rollback.finished": z.object({ repo: z.string(), from: objectId, to: objectId }),
  "rollback.failed": z.object({ repo: z.string(), from: objectId, to: objectId, message: z.string() }),

  "delivery.started": z.object({
    repo: z.string(),
    ref: z.string(),
    from: objectId.nullable(),
    to: objectId,
  }),
  "delivery.finished": z.object({ repo: z.string(), ref: z.string(), to: objectId }),
  /** The branch in the user's repository is checked out or was moved: it is never forced. */
  "delivery.deferred": z.object({ repo: z.string(), ref: z.string(), to: objectId, reason: z.string() }),
  /** What a crash, a night or an attempt left and was removed. */
  "leftovers.removed": z.object({
    containers: z.number().int().nonnegative(),
    volumes: z.number().int().nonnegative(),
    networks: z.number().int().nonnegative().default(0),
    /** All other kinds. */
    others: kindCounts.optional(),
    /** What is known of the bytes that were freed; absent in journals of earlier versions. */
    bytes: bytes.optional(),
    /** Absent: not of one attempt. */
    of: attempt.optional(),
    /** It was there on purpose, and is old. Absent: nothing used it. */
    by: z.enum(["retention"]).optional(),
  }),
  /** What stood of ours at one moment: before the first attempt, after each, at both ends of the night. */
  "account.taken": z.object({
    /** The attempt that it is the account of; absent: the workspace's. */
    of: attempt.optional(),
    verdict: z.enum(["clean", "leaked", "unknown"]),
    /** Everything that stands, what may stand among it. */
    standing: kindCounts,
    /** Bytes of each repository's shadow. */
    stores: z.record(z.string(), bytes),
    /** What must not be there, and could not be removed; the first of it, by name. */
    leaks: z.array(residue),
    omitted: z.number().int().nonnegative(),
    /** Places that could not be asked. */
    unknown: z.array(unknownPlace),
    durationMs: ms,
  }),
} as const;
