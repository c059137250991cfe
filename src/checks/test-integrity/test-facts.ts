import type { TestCase } from "../../core/test-case.ts";
import type { Occurrence } from "../finder.ts";

/** What one version of a test file has. */
export interface TestFacts {
  readonly tests: readonly TestCase[];
  /** What makes a test worth nothing; compared as multisets like everything else. */
  readonly smells: readonly Occurrence[];
}
