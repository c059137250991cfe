import type { ObjectId } from "./ids.ts";

/** What is being looked through for the commit that made a checkpoint red. */
export interface Bisection {
  /** The last checkpoint: it was green once. */
  readonly good: ObjectId;
  /** What has landed since, oldest first; the last is known to be red. */
  readonly commits: readonly ObjectId[];
}

export type BisectionStep =
  | { readonly kind: "try"; readonly commit: ObjectId }
  /** It is red, and what came before it is green. */
  | { readonly kind: "found"; readonly culprit: ObjectId }
  /** The last checkpoint is red as well by now: none of them is to blame. */
  | { readonly kind: "nobody" };

/**
 * What a bisection does next, from the answers so far: true is green. The good end is asked again first, since all the
 * rest means nothing without it; then it takes at most the binary logarithm of the number of commits, rounded up. It ends
 * also where the answers contradict each other: what it finds then is still red beside a green commit before it.
 */
export function nextBisection(
  { good, commits }: Bisection,
  answers: ReadonlyMap<ObjectId, boolean>,
): BisectionStep {
  const isGood = answers.get(good);
  if (isGood === undefined) return { kind: "try", commit: good };
  if (!isGood) return { kind: "nobody" };
  let green = -1; // the good end
  let red = commits.length - 1;
  while (red - green > 1) {
    const middle = Math.floor((green + red) / 2);
    const commit = commits[middle] as ObjectId;
    const answer = answers.get(commit);
    if (answer === undefined) return { kind: "try", commit };
    if (answer) green = middle;
    else red = middle;
  }
  const culprit = commits[red];
  return culprit === undefined ? { kind: "nobody" } : { kind: "found", culprit };
}
