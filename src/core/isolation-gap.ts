import type { Isolation } from "./policy.ts";

const GAPS: Readonly<Record<Isolation, string | null>> = {
  docker: null,
  user: "the kernel, and files that everybody may read, are shared with it",
  worktree: "the network is not restricted, your files can be read and changed",
};

/**
 * What an isolation that is weaker than the strongest does not restrict, in one line of at most 78 columns that begins
 * with its name; null: it is the strongest. Whoever names the isolation of a night says this with it.
 */
export function isolationGap(isolation: Isolation): string | null {
  const gap = GAPS[isolation];
  return gap === null ? null : `${isolation}: ${gap}`;
}
