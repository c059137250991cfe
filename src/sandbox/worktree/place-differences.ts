import type { SelfCheck } from "../../core/event-fields.ts";
import type { SandboxUser } from "../../core/sandbox-layout.ts";

/**
 * Every way in which a worktree sandbox differs from the little that it promises: a folder, a HOME and an environment of
 * its own, and nothing that was handed on. What it does not promise (network, other files, privileges) is not looked at.
 */
export function placeDifferences(
  check: SelfCheck,
  expected: {
    readonly user: SandboxUser;
    /** Without links in it. */
    readonly cwd: string;
    readonly home: string;
    /** The only variables that it may have. */
    readonly variables: readonly string[];
  },
): string[] {
  const { uid, gid } = expected.user;
  const { place } = check;
  if (!place) return ["does not say what surrounds it"];
  const foreign = place.variables.filter((name) => !expected.variables.includes(name));
  const problems: [boolean, string][] = [
    [check.uid !== uid || check.gid !== gid, `runs as ${check.uid}:${check.gid}, not ${uid}:${gid}`],
    [place.cwd !== expected.cwd, `works in ${place.cwd}, not in ${expected.cwd}`],
    [place.home !== expected.home, `has the home ${place.home ?? "of nobody"}, not ${expected.home}`],
    [foreign.length > 0, `has inherited the variables ${foreign.join(", ")}`],
    [place.descriptors.length > 0, `has inherited open files: ${place.descriptors.join(", ")}`],
  ];
  return problems.filter(([isProblem]) => isProblem).map(([, message]) => message);
}
