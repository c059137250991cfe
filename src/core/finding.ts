import { z } from "zod";

/** From the one that keeps a commit from landing to the one that is only recorded. */
export const FINDING_LEVELS = ["block", "warn", "info"] as const;
export type FindingLevel = (typeof FINDING_LEVELS)[number];

export const findingSchema = z.object({
  rule: z.string(),
  level: z.enum(FINDING_LEVELS),
  path: z.string().optional(),
  /** From 1, in the file's new version; in its old one where what was found is that something is gone. */
  line: z.number().int().min(1).optional(),
  /** The line, bounded. Untrusted text: escape it wherever it is shown. Never a secret. */
  excerpt: z.string().optional(),
  message: z.string(),
});
/** What a check found about an attempt's commit. `block` keeps it from landing. */
export type Finding = z.infer<typeof findingSchema>;
