import type { Node } from "./syntax-node.ts";

/** Takes what was found: the rule, where, and what is said in place of the rule's own words. */
export type ReportTampering = (rule: string, node: Node, message?: string, level?: "warn") => void;

/** Names that a test's runner gives. */
export const RUNNER_NAMES = new Set(
  "test it describe expect assert xtest xit fit xdescribe fdescribe beforeEach afterEach vi jest".split(" "),
);

/** What a test replaces of something, by name: whether the test is about it is known at the end of the file. */
export interface Mocked {
  readonly names: readonly string[];
  readonly node: Node;
}
