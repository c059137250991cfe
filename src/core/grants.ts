/** What one task may do beyond what the checks let every task do. */
export interface Grants {
  /** Package specs that may be added or changed: `left-pad@^1.3.0`, `requests==2.32.0`. */
  readonly dependencies: readonly string[];
  /** Module names that may be imported though nothing declares them, or though the policy denies the builtin. */
  readonly imports: readonly string[];
  /** Globs of test files that the task may change as it likes. */
  readonly tests: readonly string[];
  /** Rules that do not block this task: their findings are warnings. */
  readonly rules: readonly string[];
  /** Globs of protected paths that the task may change. */
  readonly paths: readonly string[];
}
