import { z } from "zod";
import { CAUSES, FAILURE_REASONS } from "./attempt.ts";
import { CAP_NAMES } from "./cap.ts";
import {
  NIGHT_ID,
  OBJECT_ID,
  type AttemptId,
  type NightId,
  type ObjectId,
  type TaskId,
  type TaskKey,
} from "./ids.ts";
import { ISOLATIONS, PHASES } from "./policy.ts";
import { diffFactsSchema } from "./diff-facts.ts";
import { findingSchema } from "./finding.ts";
import { PROVIDERS } from "./provider.ts";
import { RESIDUE_KINDS } from "./residue.ts";
import { TASK_KINDS } from "./plan.ts";
import { TEST_RUNNERS } from "./test-run.ts";

/**
 * Every fact that the journal can hold. Status, resume, queue and summary are computed from these events and from
 * nothing else, so a fact that is not here does not exist.
 *
 * An effect that leaves the process has two events: one before it (`…started`: about to) and one after it
 * (`…finished`: done). A crash between them is visible on replay.
 */

const nightId = z.string().regex(NIGHT_ID) as unknown as z.ZodType<NightId>;
const objectId = z.string().regex(OBJECT_ID) as unknown as z.ZodType<ObjectId>;
const taskId = z.string() as unknown as z.ZodType<TaskId>;
const taskKey = z.string() as unknown as z.ZodType<TaskKey>;
const attempt = z.object({
  task: taskId,
  attempt: z.string() as unknown as z.ZodType<AttemptId>,
  token: z.string(),
});
const bytes = z.number().int().nonnegative();
const ms = z.number().nonnegative();
const testCount = z.number().int().nonnegative();

/** A container's part in the night; also a label on it. */
const role = z.enum(["agent", "verify", "replay", "prepare", "collector", "gateway", "registry", "probe"]);

const sandboxEnd = z.object({
  /** null: the container was lost before it could say. */
  exitCode: z.number().int().nullable(),
  reason: z.enum([
    "exited",
    "wall-clock",
    "first-output",
    "silence",
    "output",
    "memory",
    "host-memory",
    "pids",
    "disk",
    "inodes",
    "changed-files",
    "changed-lines",
    "over-budget",
    "gateway-died",
    "stopped",
    "lost",
  ]),
  outOfMemory: z.boolean(),
  /** What was seen of what a cap counts, where that is more than the other members say. */
  seen: z.number().optional(),
  durationMs: ms,
  outputBytes: bytes,
  /** What the program printed beyond what was kept. */
  droppedBytes: bytes,
});
export type SandboxEnd = z.infer<typeof sandboxEnd>;

const selfCheck = z.object({
  uid: z.number().int(),
  gid: z.number().int(),
  interfaces: z.array(z.string()),
  capabilities: z.string(),
  boundingCapabilities: z.string(),
  noNewPrivileges: z.boolean(),
  seccomp: z.number().int(),
  rootReadOnly: z.boolean(),
  memoryBytes: z.number().nullable(),
  pids: z.number().nullable(),
  /** What surrounds it. Not in journals of version 0.1.0. */
  place: z
    .object({
      cwd: z.string(),
      home: z.string().nullable(),
      /** Names of the variables that it was started with. */
      variables: z.array(z.string()),
      /** Files and sockets that it has open, beside what it reads from and prints to. */
      descriptors: z.array(z.string()),
    })
    .optional(),
});
/** What the shim found about its own container before anything untrusted ran in it. */
export type SelfCheck = z.infer<typeof selfCheck>;

const refusedEntry = z.object({ path: z.string(), reason: z.string() });
const verdict = z.object({
  green: z.boolean(),
  /** The command that failed, if one did. */
  failedCommand: z.string().nullable(),
  exitCode: z.number().int().nullable(),
  end: sandboxEnd.shape.reason,
  outOfMemory: z.boolean(),
  durationMs: ms,
  /** The end of what the commands printed, bounded. Untrusted text: escape it wherever it is shown. */
  tail: z.string(),
});
/** What the verify commands said about one commit. */
export type Verdict = z.infer<typeof verdict>;

const outcome = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("landed"), commit: objectId }),
  z.object({
    kind: z.literal("failed"),
    cause: z.enum(CAUSES),
    reason: z.enum(FAILURE_REASONS),
    detail: z.string(),
    /** For a quota: when it is worth trying again, as far as the provider said. */
    retryAt: z.iso.datetime().optional(),
    /** The cap that was reached, in the units of the limits. Earlier versions did not write it. */
    cap: z
      .object({
        name: z.enum(CAP_NAMES),
        limit: z.number(),
        seen: z.number(),
        /** `seen` is a lower bound. */
        atLeast: z.boolean().optional(),
      })
      .optional(),
  }),
]);

/** Whose manifests and lock files dependencies are installed from, where they are not the night's base's. */
export const SET_SOURCES = ["grant", "tip", "candidate"] as const;
export type SetSource = (typeof SET_SOURCES)[number];
const forAttempt = {
  /** The attempt that needs them. Absent, as in earlier versions: all that start from the night's base. */
  of: attempt.optional(),
  /** `grant`: of the base with what its task is granted; `tip`: of what has landed before it; `candidate`: of its own result. */
  source: z.enum(SET_SOURCES).optional(),
};

const tokens = z.number().int().nonnegative();
const usage = z.object({ input: tokens, cacheRead: tokens, cacheWrite: tokens, output: tokens });

const residue = z.object({
  kind: z.enum(RESIDUE_KINDS),
  place: z.string(),
  name: z.string(),
  attempt: z.string().nullable(),
  token: z.string().nullable(),
  bytes: bytes.nullable(),
});
/** How many there are of each kind; one of which there is none is left out. */
const kindCounts = z.partialRecord(z.enum(RESIDUE_KINDS), z.number().int().nonnegative());
const unknownPlace = z.object({ place: z.string(), message: z.string() });

/** How an exchange with the model API ended. */
export const ANSWER_RESULTS = [
  /** A whole answer. */
  "complete",
  /** The API said no: `status`, or an error inside a stream. */
  "refused",
  /** The answer ended in the middle. */
  "cut",
  /** No first byte, or silence inside, for too long. */
  "timeout",
  /** No connection, or no TLS that could be trusted. */
  "unreachable",
  /** What came is not what the protocol says. */
  "malformed",
  /** A cap of the attempt was reached in the middle. */
  "over-budget",
  /** The client went away. */
  "cancelled",
] as const;

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
  "time-limit",
  "interrupted",
  "refused",
  "abandoned",
] as const;
export type NightEnd = (typeof NIGHT_ENDS)[number];

/** The drills that there are. */
export const DRILLS = ["containment"] as const;

export const EVENT_DATA = {
  "workspace.created": z.object({ version: z.string() }),
  /** A person asked for a failed or set-aside task to be started again. */
  "task.requeued": z.object({ key: taskKey, reason: z.string() }),
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
  }),
  /** The workspace lost trust. The same phase twice: it was in the first, and stays there. */
  "phase.demoted": z.object({ from: z.enum(PHASES), to: z.enum(PHASES), why: z.string() }),

  "night.started": z.object({
    purpose: z.enum(["work", "demo"]),
    attended: z.boolean(),
    phase: z.enum(PHASES),
    isolation: z.enum(ISOLATIONS),
    policyHash: z.string(),
    loosened: z.array(z.object({ key: z.string(), specified: z.string(), used: z.string() })),
    loosenedReason: z.string().optional(),
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
  }),
  /** The night goes on after a crash; the attempts that it cut off have an `attempt.finished` of their own. */
  "night.resumed": z.object({ crashedPid: z.number().int().nullable() }),
  "night.stopping": z.object({ why: z.enum(["asked", "time-limit"]), detail: z.string() }),
  "night.finished": z.object({ end: z.enum(NIGHT_ENDS), detail: z.string() }),
  "warning.raised": z.object({ code: z.string(), message: z.string() }),

  /** The night waits for a quota to be reset. */
  "night.paused": z.object({ task: taskId, until: z.iso.datetime(), detail: z.string() }),
  /** The wait is over. A night that was told to stop while it waited has no such event. */
  "night.continued": z.object({}),
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

  "attempt.started": attempt.extend({
    key: taskKey,
    number: z.number().int().positive(),
    /** Its place among attempts that ran at the same time. Earlier versions had one place, 0, and did not write it. */
    slot: z.number().int().nonnegative().optional(),
    repo: z.string(),
    base: objectId,
    image: z.string(),
  }),
  /** What the task is granted is about to be added to manifests and lock file, before the agent starts. */
  "grant.started": attempt.extend({
    repo: z.string(),
    dependencies: z.array(z.string()),
    commands: z.array(z.string()),
    registries: z.array(z.string()),
  }),
  "grant.finished": attempt.extend({
    repo: z.string(),
    result: z.enum(["added", "failed"]),
    /** What the agent starts from; null: nothing. */
    commit: objectId.nullable(),
    /** The files that were changed. */
    files: z.array(z.string()),
    durationMs: ms,
    /** How the commands ended, where they failed. */
    verdict: verdict.nullable(),
  }),
  "sandbox.started": attempt.extend({ role, container: z.string(), image: z.string(), selfCheck }),
  "sandbox.finished": attempt.extend({
    role,
    container: z.string(),
    end: sandboxEnd,
    output: z
      .object({ file: z.string(), sha256: z.string(), lines: z.number().int().nonnegative() })
      .nullable(),
  }),
  "gateway.started": attempt.extend({
    provider: z.enum(PROVIDERS),
    upstream: z.string(),
    models: z.array(z.string()),
  }),
  "gateway.finished": attempt.extend({
    container: z.string(),
    /** null: it was closed; otherwise why it ended by itself. */
    died: z.string().nullable(),
  }),
  /** One exchange with the model API. */
  "model.answered": attempt.extend({
    model: z.string(),
    result: z.enum(ANSWER_RESULTS),
    /** null: there was no answer. */
    status: z.number().int().nullable(),
    /** The error's type or code as the API names it; null: it named none. */
    errorCode: z.string().nullable(),
    /** When the API said that it is worth trying again. */
    retryAt: z.iso.datetime().nullable(),
    usage,
    /** null: the model has no price. */
    costUsd: z.number().nonnegative().nullable(),
    firstByteMs: ms.nullable(),
    durationMs: ms,
    bytes,
  }),
  /** The sandbox asked for something that its gateway does not do; nothing of it reached the API. Untrusted text. */
  "egress.denied": attempt.extend({
    /** The rule that refused it: docs/containment.md lists them. */
    rule: z.string(),
    method: z.string(),
    target: z.string(),
    detail: z.string(),
    /** How often, where several of the same rule are told at once. */
    count: z.number().int().positive(),
  }),
  "capture.started": attempt,
  "capture.finished": attempt.extend({
    /** null: nothing changed. */
    commit: objectId.nullable(),
    added: z.number().int().nonnegative(),
    changed: z.number().int().nonnegative(),
    deleted: z.number().int().nonnegative(),
    unchanged: z.number().int().nonnegative(),
    ignored: z.number().int().nonnegative(),
    insertions: z.number().int().nonnegative(),
    deletions: z.number().int().nonnegative(),
    bytes,
    refused: z.array(refusedEntry),
  }),
  "checks.finished": attempt.extend({
    commit: objectId,
    findings: z.array(findingSchema),
    unlisted: z.number().int().optional(),
    /** What the change is made of. Not in journals of version 0.1.0. */
    kinds: diffFactsSchema.optional(),
  }),
  "verify.started": attempt.extend({ commit: objectId, key: z.string() }),
  "verify.finished": attempt.extend({ commit: objectId, key: z.string(), verdict }),
  /** The tests are about to be run as they were on the new source, and as they are on the old. */
  "replay.started": attempt.extend({ commit: objectId, base: objectId, runner: z.enum(TEST_RUNNERS) }),
  "replay.finished": attempt.extend({
    commit: objectId,
    /** What was compared: each test, or exit codes; nothing where no test is changed and none has a name. */
    comparedBy: z.enum(["tests", "exit-code", "nothing"]),
    /** `exit-code` where the runner that was wanted gave no report on the base. */
    runner: z.enum(TEST_RUNNERS),
    runs: z.array(
      z.object({
        /** `old-tests`: the attempt's source with the base's tests; `new-tests`: the base's source with the attempt's. */
        tree: z.enum(["base", "head", "old-tests", "new-tests"]),
        key: z.string(),
        /** The same files were run before, tonight. */
        cached: z.boolean(),
        green: z.boolean(),
        /** null: no report. */
        tests: z.object({ passed: testCount, failed: testCount, skipped: testCount }).nullable(),
        exitCode: z.number().int().nullable(),
        durationMs: ms,
      }),
    ),
    findings: z.array(findingSchema),
    durationMs: ms,
  }),
  /** The night's branch moved since the attempt began: the candidate was made again on top of it. */
  "candidate.rebuilt": attempt.extend({ from: objectId, commit: objectId, tip: objectId }),
  "landing.started": attempt.extend({ repo: z.string(), commit: objectId, tip: objectId }),
  "landing.finished": attempt.extend({ repo: z.string(), commit: objectId, tip: objectId }),
  "attempt.finished": attempt.extend({ key: taskKey, outcome }),
  "task.finished": z.object({
    task: taskId,
    key: taskKey,
    result: z.enum(["landed", "failed", "set-aside", "carried-over"]),
    detail: z.string(),
  }),

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

export type EventType = keyof typeof EVENT_DATA;
export type EventData<T extends EventType> = z.infer<(typeof EVENT_DATA)[T]>;

/** A fact that is about to be recorded: what happened, without the envelope that the journal adds. */
export type Fact = { [T in EventType]: { readonly type: T; readonly data: EventData<T> } }[EventType];

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/**
 * The envelope of every line. `hash` is the SHA-256 of the event's canonical JSON without `hash`; `prev` is the hash
 * of the line before, 64 zeros in the first.
 */
export const envelopeSchema = z.strictObject({
  v: z.literal(1),
  /** The file. */
  stream: z.uuid(),
  workspace: z.uuid(),
  seq: z.number().int().nonnegative(),
  at: z.iso.datetime(),
  night: nightId.nullable(),
  actor: z.string(),
  type: z.string(),
  data: z.unknown(),
  prev: sha256,
  hash: sha256,
});

type Envelope = Omit<z.infer<typeof envelopeSchema>, "type" | "data">;

/** One line of a journal. */
export type NightwardenEvent = Envelope & Fact;
