import { z } from "zod";

const glob = z
  .string()
  .min(1)
  .max(500)
  .refine((text) => !text.startsWith("/") && !text.split("/").includes(".."), {
    error: "leaves the repository: a glob is relative to its root, without ..",
  });

/** What one task may do beyond what the checks let every task do. */
export const grantsSchema = z.strictObject({
  dependencies: z
    .array(z.string().min(1).max(300))
    .max(100)
    .default([])
    .describe("Packages that the task may add or change, such as left-pad@^1.3.0 or requests==2.32.0."),
  imports: z
    .array(z.string().min(1).max(214))
    .max(100)
    .default([])
    .describe(
      "Modules that may be imported though no manifest declares them, or though the policy denies them.",
    ),
  tests: z
    .array(glob)
    .max(100)
    .default([])
    .describe("Globs of test files that the task may change as it likes."),
  paths: z.array(glob).max(100).default([]).describe("Globs of protected paths that the task may change."),
  rules: z
    .array(z.string().min(1).max(61))
    .max(100)
    .default([])
    .describe("Rules whose findings are only warnings for this task."),
});
export type Grants = z.output<typeof grantsSchema>;

export const NO_GRANTS: Grants = { dependencies: [], imports: [], tests: [], paths: [], rules: [] };
