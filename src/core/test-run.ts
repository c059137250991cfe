/** What can run a repository's tests and say which there were. `exit-code`: only whether all passed is known. */
export const TEST_RUNNERS = ["node", "vitest", "jest", "pytest", "go", "cargo", "exit-code"] as const;
export type TestRunner = (typeof TEST_RUNNERS)[number];
/** Those that name their tests. */
export type ReportingRunner = Exclude<TestRunner, "exit-code">;

export const TEST_STATUSES = ["passed", "failed", "skipped"] as const;
export type TestStatus = (typeof TEST_STATUSES)[number];

/** One test of a run. File and name together are its id. */
export interface TestResult {
  /** From the tree's top, with `/`; for Go the package, since its runner names no files. */
  readonly file: string;
  /** With the names of the suites around it. Empty: the file, or the package, itself. */
  readonly name: string;
  readonly status: TestStatus;
}

/** One run of a repository's tests on one tree. */
export interface TestRun {
  /** The runner ended with 0. */
  readonly green: boolean;
  /** Null: there was no report, or it was not whole. */
  readonly results: readonly TestResult[] | null;
}

/** An id as one string, to compare by. */
export function testKey({ file, name }: Pick<TestResult, "file" | "name">): string {
  return `${file}\n${name}`;
}

/** An id for a person. */
export function testWords({ file, name }: Pick<TestResult, "file" | "name">): string {
  if (name === "") return file;
  return file === "" ? name : `${file} > ${name}`;
}

const RANK: Readonly<Record<TestStatus, number>> = { failed: 2, skipped: 1, passed: 0 };

/**
 * Gives tests of the same id numbers, the worst first: none hides behind another. Where somebody has put a result beside
 * the runner's own, the id has the worse of the two.
 */
export function numbered(results: readonly TestResult[]): TestResult[] {
  const groups = new Map<string, TestResult[]>();
  for (const result of results) {
    const group = groups.get(testKey(result));
    if (group) group.push(result);
    else groups.set(testKey(result), [result]);
  }
  return [...groups.values()].flatMap((group) =>
    group
      .toSorted((one, other) => RANK[other.status] - RANK[one.status])
      .map((result, at) => (at === 0 ? result : { ...result, name: `${result.name} (${at + 1})` })),
  );
}

/** Two runs of the same tree, with the better result of each test: what failed only once is not known to be broken. */
export function bestOf(first: TestRun, second: TestRun): TestRun {
  const green = first.green || second.green;
  if (!first.results || !second.results) return { green, results: first.results ?? second.results };
  const best = new Map(first.results.map((result) => [testKey(result), result]));
  for (const result of second.results) {
    const known = best.get(testKey(result));
    if (!known || RANK[result.status] < RANK[known.status]) best.set(testKey(result), result);
  }
  return { green, results: [...best.values()] };
}

export function countResults(results: readonly TestResult[]): Record<TestStatus, number> {
  const count = { passed: 0, failed: 0, skipped: 0 };
  for (const { status } of results) count[status] += 1;
  return count;
}
