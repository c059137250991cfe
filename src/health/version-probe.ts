import { judgeVersion, type VersionFact, type VersionRules } from "../core/judge-version.ts";
import type { ProbeFinding } from "../core/probe.ts";
import type { Probe } from "./probe.ts";

/** Whether a program, or the parts of one, are new enough. */
export function versionProbe(options: {
  readonly subject: "engine" | "runc" | "git";
  /** At least one. */
  readonly facts: () => Promise<readonly VersionFact[]>;
  readonly rules: VersionRules;
  /** What tells the version. */
  readonly source: Probe;
}): Probe {
  const { subject, facts, rules } = options;
  return {
    name: "version",
    subject,
    deadlineMs: 30_000,
    cleanUpMs: 0,
    needs: [options.source],
    lack: `the version of ${subject} is not accepted`,
    run: async () => joinFindings((await facts()).map((fact) => judgeVersion(fact, rules))),
  };
}

/** The worst verdict, and all that was found. */
function joinFindings(findings: readonly ProbeFinding[]): ProbeFinding {
  const verdict = (["refused", "warning"] as const).find((each) =>
    findings.some((finding) => finding.verdict === each),
  );
  const hint = findings.find((finding) => finding.verdict === verdict)?.hint;
  return {
    verdict: verdict ?? "ok",
    message: findings.map(({ message }) => message).join("; "),
    ...(hint === undefined ? {} : { hint }),
    value: findings.flatMap(({ value }) => value ?? []).join(", "),
  };
}
