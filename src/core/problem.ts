/** One thing that is wrong with the user's input: where it is, what it is, what to do. */
export interface Problem {
  /** The file as the user knows it, relative to the workspace. */
  readonly file: string;
  /** Counted from 1; 0 where the problem has no place in the file. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly hint?: string;
}

export function formatProblem(problem: Problem): string {
  const place = problem.line > 0 ? `${problem.file}:${problem.line}:${problem.column}` : problem.file;
  return `${place}  ${problem.message}${problem.hint ? `\n    hint: ${problem.hint}` : ""}`;
}
