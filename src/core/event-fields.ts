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
import { RESIDUE_KINDS } from "./residue.ts";

/** What the data of several events is made of. */

export const nightId = z.string().regex(NIGHT_ID) as unknown as z.ZodType<NightId>;
export const objectId = z.string().regex(OBJECT_ID) as unknown as z.ZodType<ObjectId>;
export const taskId = z.string() as unknown as z.ZodType<TaskId>;
export const taskKey = z.string() as unknown as z.ZodType<TaskKey>;
export const attempt = z.object({
  task: taskId,
  attempt: z.string() as unknown as z.ZodType<AttemptId>,
  token: z.string(),
});
export const bytes = z.number().int().nonnegative();
export const ms = z.number().nonnegative();
export const testCount = z.number().int().nonnegative();

/** A container's part in the night; also a label on it. */
export const role = z.enum([
  "agent",
  "verify",
  "replay",
  "prepare",
  "collector",
  "gateway",
  "registry",
  "probe",
]);

export const sandboxEnd = z.object({
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

export const selfCheck = z.object({
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

export const refusedEntry = z.object({ path: z.string(), reason: z.string() });
export const verdict = z.object({
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

export const outcome = z.discriminatedUnion("kind", [
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
export const forAttempt = {
  /** The attempt that needs them. Absent, as in earlier versions: all that start from the night's base. */
  of: attempt.optional(),
  /** `grant`: of the base with what its task is granted; `tip`: of what has landed before it; `candidate`: of its own result. */
  source: z.enum(SET_SOURCES).optional(),
};

export const tokens = z.number().int().nonnegative();
export const usage = z.object({ input: tokens, cacheRead: tokens, cacheWrite: tokens, output: tokens });

export const residue = z.object({
  kind: z.enum(RESIDUE_KINDS),
  place: z.string(),
  name: z.string(),
  attempt: z.string().nullable(),
  token: z.string().nullable(),
  bytes: bytes.nullable(),
});
/** How many there are of each kind; one of which there is none is left out. */
export const kindCounts = z.partialRecord(z.enum(RESIDUE_KINDS), z.number().int().nonnegative());
export const unknownPlace = z.object({ place: z.string(), message: z.string() });

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
