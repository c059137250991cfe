import { NightwardenError } from "../core/nightwarden-error.ts";
import type { Repository } from "../contracts/repository.ts";
import type { Git } from "./run-git.ts";
import { nightRef } from "./shadow-refs.ts";

/** Moves the night's branch in the shadow back to a commit of its own; git itself compares and swaps. Done already is done. */
export async function goBack(shadow: Git, options: Parameters<Repository["goBack"]>[0]): Promise<void> {
  const { night, from, to } = options;
  const ref = nightRef(night);
  const tip = await shadow.readRef(ref);
  if (tip === to) return;
  if (tip !== from) throw refused(`${ref} is at ${tip ?? "no commit"}, not at ${from}`);
  if (!(await shadow.isAncestor(to, from))) throw refused(`${from} was not made on ${to}`);
  await shadow.run(["update-ref", ref, to, from]);
}

function refused(reason: string): NightwardenError {
  return new NightwardenError({ code: "infra.git", message: `going back was refused: ${reason}` });
}
