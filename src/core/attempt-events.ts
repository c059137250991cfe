import { z } from "zod";
import { diffFactsSchema } from "./diff-facts.ts";
import {
  ANSWER_RESULTS,
  attempt,
  bytes,
  ms,
  objectId,
  outcome,
  refusedEntry,
  role,
  sandboxEnd,
  selfCheck,
  taskId,
  taskKey,
  testCount,
  usage,
  verdict,
} from "./event-fields.ts";
import type { AttemptId } from "./ids.ts";
import { findingSchema } from "./finding.ts";
import { PROVIDERS } from "./provider.ts";
import { TEST_RUNNERS } from "./test-run.ts";

/** What one attempt does, from its start to the task's end. */
export const ATTEMPT_EVENTS = {
  "attempt.started": attempt.extend({
    key: taskKey,
    number: z.number().int().positive(),
    /** Its place among attempts that ran at the same time. Earlier versions had one place, 0, and did not write it. */
    slot: z.number().int().nonnegative().optional(),
    repo: z.string(),
    base: objectId,
    image: z.string(),
    /** Absent in journals of earlier versions: the task's own. */
    agent: z.string().optional(),
    /** What it begins with instead of an agent: the change of a landing that was revoked though nothing was wrong with it. */
    candidate: z
      .object({ attempt: z.string() as unknown as z.ZodType<AttemptId>, commit: objectId, base: objectId })
      .optional(),
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
    result: z.enum(["landed", "failed", "skipped", "set-aside", "carried-over"]),
    detail: z.string(),
    /** The task that it was skipped for. */
    because: taskId.optional(),
  }),
  /** A landing is taken back: the branch is at its last checkpoint again. The attempt keeps its outcome; its task is open again. */
  "landing.revoked": attempt.extend({
    repo: z.string(),
    commit: objectId,
    /** The checkpoint that the branch went back to. */
    checkpoint: objectId,
    /** The one that made the checkpoint red, one that builds on it, or one that lands again. */
    role: z.enum(["culprit", "dependent", "innocent"]),
    detail: z.string(),
  }),
} as const;
