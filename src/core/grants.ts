import { z } from "zod";
import { normalPipName, packageGrantProblem, parsePackageGrant } from "./package-grant.ts";

const glob = z
  .string()
  .min(1)
  .max(500)
  .refine((text) => !text.startsWith("/") && !text.split("/").includes(".."), {
    error: "leaves the repository: a glob is relative to its root, without ..",
  });

const packageGrant = z
  .string()
  .max(300)
  .superRefine((text, context) => {
    const problem = packageGrantProblem(text);
    if (!problem) return;
    const { message, hint } = problem;
    context.addIssue({ code: "custom", message, params: { hint } });
  });

/** One package has one range: with two nobody knows which is meant. */
function eachOnce(written: readonly string[], context: z.RefinementCtx): void {
  const seen = new Set<string>();
  for (const [at, text] of written.entries()) {
    const grant = parsePackageGrant(text);
    if (!grant) continue;
    const { manager } = grant;
    const name = manager === "pip" ? normalPipName(grant.name) : grant.name;
    if (seen.has(`${manager} ${name}`))
      context.addIssue({
        code: "custom",
        path: [at],
        message: `grants "${grant.name}" a second time`,
        params: { hint: "keep one of them" },
      });
    seen.add(`${manager} ${name}`);
  }
}

/** What one task may do beyond what the checks let every task do. */
export const grantsSchema = z.strictObject({
  dependencies: z
    .array(packageGrant)
    .max(100)
    .superRefine(eachOnce)
    .default([])
    .describe(
      "Packages that are added to manifest and lock file, and installed, before the agent starts: left-pad@^1.3.0 for npm, requests==2.32.0 for pip.",
    ),
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
