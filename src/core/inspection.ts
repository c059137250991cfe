import { z } from "zod";
import { diffFactsSchema } from "./diff-facts.ts";
import { findingSchema } from "./finding.ts";

/** What the checks say about one change. */
export const inspectionSchema = z.object({
  /** The worst first. */
  findings: z.array(findingSchema),
  /** How many more there are than those that are listed. */
  unlisted: z.number().int().min(0),
  /** Absent: the change ended the program that would have counted. */
  kinds: diffFactsSchema.optional(),
});
export type Inspection = z.infer<typeof inspectionSchema>;
