import { NightwardenError } from "../core/nightwarden-error.ts";
import type { Repository } from "../contracts/repository.ts";
import type { Git } from "./run-git.ts";
import { baseRef, nightRef } from "./shadow-refs.ts";

/** Moves the night's branch in the shadow; git itself compares and swaps. Done already is done. */
export async function fastForward(
  shadow: Git,
  options: Parameters<Repository["fastForward"]>[0],
): Promise<void> {
  const { night, from, to } = options;
  const ref = nightRef(night);
  const tip = await shadow.readRef(ref);
  if (tip === to) return;
  // Before the first landing there is no branch yet, and what it starts from is a base.
  const isAtFrom = tip === undefined ? (await shadow.readRef(baseRef(from))) === from : tip === from;
  if (!isAtFrom) throw refused(`${ref} is at ${tip ?? "no commit"}, not at ${from}`);
  if (!(await shadow.isAncestor(from, to))) throw refused(`${to} was not made on ${from}`);
  await shadow.run(["update-ref", ref, to, tip ?? "0".repeat(to.length)]);
}

function refused(reason: string): NightwardenError {
  return new NightwardenError({ code: "infra.git", message: `the landing was refused: ${reason}` });
}
