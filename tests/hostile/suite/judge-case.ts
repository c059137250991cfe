import type { HostileCase, HostileRecord, Results } from "./hostile-case.ts";

type Judged = Pick<HostileRecord, "verdict" | "why">;

/**
 * `survived` if any target was reached; `held` only if every target was tried and refused in a way that a guard refuses,
 * and the control has reached every one of them. Everything else proves nothing, and is no success.
 */
export function judgeCase(
  theCase: Pick<HostileCase, "targets" | "refusal">,
  runs: { readonly attacks: readonly Results[]; readonly control: Results },
): Judged {
  const survived = runs.attacks.flatMap((results) =>
    [...results].filter(([, { how }]) => how === "reached").map(([name, { detail }]) => `${name}: ${detail}`),
  );
  if (survived.length > 0) return { verdict: "survived", why: survived.join("; ") };
  const open = theCase.targets.flatMap((target) => {
    const control = runs.control.get(target);
    if (control?.how !== "reached")
      return [`the control did not reach ${target} (${control?.detail ?? "not tried"})`];
    return runs.attacks.flatMap((results) => {
      const tried = results.get(target);
      if (!tried) return [`${target} was not tried`];
      const isRefusal = tried.how === "refused" && theCase.refusal.test(tried.detail);
      return isRefusal ? [] : [`${target} failed for another reason (${tried.detail})`];
    });
  });
  const unknown = runs.attacks.flatMap((results) =>
    [...results.keys()].filter((name) => !theCase.targets.includes(name)).map((name) => `${name} is unknown`),
  );
  const problems = [...open, ...unknown];
  if (theCase.targets.length === 0) problems.push("it has no target");
  return problems.length === 0
    ? { verdict: "held", why: "" }
    : { verdict: "inconclusive", why: problems.join("; ") };
}
