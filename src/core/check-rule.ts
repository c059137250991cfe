import { z } from "zod";
import { FINDING_LEVELS } from "./finding.ts";

/** What a rule can be about. A rule's category is part of its name in reports, and how figures are added up. */
export const RULE_CATEGORIES = [
  "imports",
  "dependencies",
  "dangerous-symbols",
  "banned-patterns",
  "secrets",
  "hidden-text",
  "test-integrity",
  "protected-paths",
  "unreadable",
  "capture",
] as const;

export const CHECK_LANGUAGES = [
  "javascript",
  "typescript",
  "python",
  "shell",
  "go",
  "rust",
  "java",
  "ruby",
  "php",
  "csharp",
] as const;
/** The languages that are parsed. JSX is JavaScript and TSX is TypeScript. */
export type CheckLanguage = (typeof CHECK_LANGUAGES)[number];

const sentence = z.string().trim().min(10).max(600);
const snippet = z.string().min(1).max(2000);

/**
 * One rule of `policies/rules/`: what a tired person reads, and, for a rule that the syntax alone decides, how it is
 * found. A rule without `match` is found by a program of `src/checks/`; the file says what it is for all the same.
 * `bad` and `good` are its unit tests: each `bad` must give this rule, no `good` may.
 */
export const checkRuleSchema = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]{2,60}$/),
  category: z.enum(RULE_CATEGORIES),
  level: z.enum(FINDING_LEVELS),
  languages: z.array(z.enum(CHECK_LANGUAGES)).default([]),
  message: sentence.describe("What was found, in one sentence for somebody who is tired."),
  why: sentence.describe("What could go wrong."),
  allow: sentence.describe("How its owner allows it."),
  bad: z.array(snippet).min(1),
  good: z.array(snippet).default([]),
  /** An ast-grep rule object, with its `constraints` and `utils`. */
  match: z
    .strictObject({
      rule: z.record(z.string(), z.unknown()),
      constraints: z.record(z.string(), z.unknown()).optional(),
      utils: z.record(z.string(), z.unknown()).optional(),
    })
    .optional(),
});
export type CheckRule = z.output<typeof checkRuleSchema>;

/** A file of `policies/rules/`. */
export const ruleFileSchema = z.strictObject({ rules: z.array(checkRuleSchema).min(1) });
