import type { CheckLine } from "../core/check-line.ts";
import type { ProbeFinding } from "../core/probe.ts";
import type { Probe } from "./probe.ts";

/** Whether git can read a repository as a night would. */
export function repositoryProbe(options: {
  readonly repository: string;
  readonly git: Probe;
  /** Looks at the repository, and changes nothing in it. */
  readonly inspect: () => Promise<readonly CheckLine[]>;
}): Probe {
  return {
    name: "git",
    subject: options.repository,
    deadlineMs: 120_000,
    cleanUpMs: 0,
    needs: [options.git],
    lack: `the repository ${options.repository} cannot be used`,
    run: async () => foldLines(await options.inspect()),
  };
}

/** One finding of several: the worst verdict, what has it, and its first hint. */
function foldLines(lines: readonly CheckLine[]): ProbeFinding {
  const worst = (["refused", "warning", "ok"] as const).find((verdict) =>
    lines.some((line) => line.verdict === verdict),
  );
  const said = lines.filter((line) => line.verdict === worst);
  const message = said.map((line) => line.message).join("; ");
  if (worst === undefined || worst === "ok") return { verdict: "ok", message };
  const hint = said.find((line) => line.hint !== undefined)?.hint;
  return { verdict: worst, message, hint: hint ?? "nightwarden check says more about it." };
}
