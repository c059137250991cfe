import type { TaskKind } from "./plan.ts";

/** What the verify commands said about a base commit, before any agent has touched it. */
export type BaselineResult = "green" | "flaky" | "red-expected" | "red";

/**
 * Whether work may begin on a base. Red tests would make every attempt fail, or hide what it broke, so red refuses the
 * repository; unless every task on it is a `fix` that names tests which the red run indeed printed.
 */
export function judgeBaseline(options: {
  readonly firstGreen: boolean;
  /** The second run, made only after a red first one; undefined: not made yet. */
  readonly secondGreen: boolean | undefined;
  readonly tasks: readonly { readonly kind: TaskKind; readonly redTests: readonly string[] }[];
  /** The names among the tasks' `redTests` that stood in the output of the red run. */
  readonly printed: ReadonlySet<string>;
}): BaselineResult {
  if (options.firstGreen) return "green";
  if (options.secondGreen) return "flaky";
  const isExpected = options.tasks.every(
    ({ kind, redTests }) =>
      kind === "fix" && redTests.length > 0 && redTests.every((name) => options.printed.has(name)),
  );
  return isExpected && options.tasks.length > 0 ? "red-expected" : "red";
}
