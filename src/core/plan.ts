import { z } from "zod";
import { grantsSchema, type Grants } from "./grants.ts";
import { TASK_ID, type TaskId, type TaskKey } from "./ids.ts";
import { limitOverridesSchema, type LimitOverrides } from "./limits.ts";
import { safeLine } from "./safe-text.ts";

/** What a task is for. Phase 1 is left only after landed tasks of three kinds; only `fix` may start from red tests. */
export const TASK_KINDS = ["fix", "add", "test", "deps", "refactor"] as const;
export type TaskKind = (typeof TASK_KINDS)[number];

/** Loading, checking and ordering takes linear time: `scripts/bench plan`. */
export const MAX_TASKS = 100_000;
const MAX_PROMPT_CHARS = 100_000;

/** Characters that could hide or reorder what a person reads in a terminal, a commit message or a page. */
const UNSAFE_TO_SHOW = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/u;

const taskId = z.string().regex(TASK_ID, {
  error: ({ input }) =>
    `"${safeLine(String(input), 70)}" is not a task id: use lower-case letters, digits, - and _, 64 characters at most`,
}) as unknown as z.ZodType<TaskId>;
const line = z
  .string()
  .regex(/\S/, "is blank")
  .refine((text) => !UNSAFE_TO_SHOW.test(text), {
    error: "has a line break, a control character or a character that changes the writing direction",
  });
const glob = line.max(500).refine((text) => !text.startsWith("/") && !text.split("/").includes(".."), {
  error: "leaves the repository: a glob is relative to its root, without ..",
});
const command = z
  .string()
  .regex(/\S/, "is blank")
  .max(10_000)
  .refine((text) => !text.includes("\0"), { error: "has a NUL character, which no command can have" });
/** Command lines, each run by `sh -c`. */
export const verifySchema = z.array(command).min(1, "has no command").max(50);

/** One task as it stands in the plan's file. */
const taskSchema = z
  .strictObject({
    id: taskId.describe("Unique in the plan; names the task in every report and in the commit."),
    title: line.max(200).describe("One line; becomes the first line of the commit message."),
    prompt: z
      .string()
      .regex(/\S/, "is blank")
      .max(MAX_PROMPT_CHARS)
      .describe("What the agent is told, on its standard input."),
    kind: z.enum(TASK_KINDS).describe("What the task is for: fix, add, test, deps or refactor."),
    repo: z.string().optional().describe("The repository's name; may be left out where there is only one."),
    files: z.array(glob).max(1000).default([]).describe("Globs of the files that the task is about."),
    dependsOn: z.array(taskId).max(1000).default([]).describe("Tasks that must have landed before."),
    priority: z
      .number()
      .int()
      .min(-1000)
      .max(1000)
      .default(0)
      .describe("Higher goes first where order is free."),
    agent: z.string().optional().describe("The agent's name; default: the workspace's default agent."),
    verify: verifySchema.optional().describe("Commands instead of the repository's verify."),
    redTests: z
      .array(line.max(500))
      .max(100)
      .default([])
      .describe("For kind fix: names of tests that are red before, as the test runner prints them."),
    limits: limitOverridesSchema
      .default({})
      .describe("Caps for this task alone: lower, or up to the ceiling that the policy has (taskCeilings)."),
    // Without a default: a task that grants nothing is the same task as before there were grants.
    grants: grantsSchema
      .optional()
      .describe("What this task may do beyond what every task may. Default: nothing."),
  })
  .refine((task) => task.kind === "fix" || task.redTests.length === 0, {
    path: ["redTests"],
    error: "only a task of kind fix may start from red tests",
  });

export const planSchema = z.strictObject({
  version: z.literal(1).describe("The version of this file's form."),
  tasks: z.array(taskSchema).min(1, "has no task").max(MAX_TASKS),
});

export type PlanFile = z.output<typeof planSchema>;

/** A validated task: every reference resolved, every default filled in. */
export interface Task {
  readonly key: TaskKey;
  readonly id: TaskId;
  readonly title: string;
  readonly prompt: string;
  readonly kind: TaskKind;
  readonly repo: string;
  readonly files: readonly string[];
  readonly dependsOn: readonly TaskId[];
  readonly priority: number;
  readonly agent: string;
  /** The commands that decide whether the task may land, each run by `sh -c` in the tree. */
  readonly verify: readonly string[];
  readonly redTests: readonly string[];
  readonly limits: LimitOverrides;
  readonly grants: Grants;
}

/** The validated queue, in the order in which it is written. */
export interface Plan {
  readonly tasks: readonly Task[];
  /** Hash of everything that the plan says; a night goes on after a crash only under the same plan. */
  readonly hash: string;
}
