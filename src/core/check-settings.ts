import type { FindingLevel } from "./finding.ts";
import type { Grants } from "./grants.ts";

/** What the policy and the task say about the checks of one change. */
export interface CheckSettings {
  /** Levels that the policy gives to rules, by id, in place of the rule's own. */
  readonly levels: Readonly<Record<string, FindingLevel | "off">>;
  /** Patterns of the owner's own. */
  readonly bannedPatterns: readonly BannedPattern[];
  /** Builtin modules of a language's runtime that product code may not use, by language: `node:child_process`, `ctypes`. */
  readonly deniedBuiltins: Readonly<Record<string, readonly string[]>>;
  /** Globs, in the form of a .gitignore, of files that would run later on the owner's machine or in CI, beside the built-in ones. */
  readonly protectedPaths: readonly string[];
  readonly grants: Grants;
}

export interface BannedPattern {
  readonly id: string;
  /** A regular expression without look-around or back references: it is run in linear time. */
  readonly pattern: string;
  /** Globs in the form of a .gitignore. Empty: every file. */
  readonly files: readonly string[];
  readonly level: FindingLevel;
  readonly message: string;
}
