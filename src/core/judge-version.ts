import type { ProbeFinding } from "./probe.ts";
import { hasFix, readVersion, type Version } from "./version-order.ts";
import { VERSION_TABLE, type VersionComponent, type VersionFix } from "./version-table.ts";

/** What is known of one program's version. */
export interface VersionFact {
  readonly component: VersionComponent;
  /** As the program, or the engine for it, says it; null: nobody says it. */
  readonly version: string | null;
  /** What is there in its place, such as `Podman 5.2.1`; the table knows nothing about that. */
  readonly instead?: string;
}

/** What a workspace says about versions. */
export interface VersionRules {
  /** Old and unknown versions are refused, where they are otherwise a warning. */
  readonly strict: boolean;
  /** Versions that `strict` lets pass, each exactly one, with why: a distribution has fixed it under its old number. */
  readonly allowed: Readonly<
    Partial<Record<VersionComponent, { readonly version: string; readonly reason: string }>>
  >;
}

/** How a version is written that nobody says. */
export const UNKNOWN_VERSION = "unknown";

/** What `fact` lacks of `level`; undefined: its version cannot be read. */
export function missingFixes(
  { component, version }: Pick<VersionFact, "component" | "version">,
  level: VersionFix["level"],
): VersionFix[] | undefined {
  const read = version === null ? undefined : readVersion(version);
  if (read === undefined) return undefined;
  const { fixes, linePlaces } = VERSION_TABLE[component];
  return fixes.filter((fix) => {
    const fixedIn = fix.fixedIn.map(readVersion).filter((each): each is Version => each !== undefined);
    return fix.level === level && !hasFix(read, { fixedIn, linePlaces });
  });
}

/** Whether a program is new enough. An old one is a warning, and refused where the workspace is strict; it is never silent. */
export function judgeVersion(fact: VersionFact, rules: VersionRules): ProbeFinding {
  const { component, version } = fact;
  const { name } = VERSION_TABLE[component];
  const value = version ?? fact.instead ?? UNKNOWN_VERSION;
  const missing = fact.instead === undefined ? missingFixes(fact, "needed") : undefined;
  if (missing === undefined) {
    const what = fact.instead === undefined ? unreadWords(name, version) : insteadWords(name, fact.instead);
    const hint = `Ask whoever made it about known weaknesses: docs/platforms.md has those of ${name}.`;
    return withRules({ message: what, hint, value }, fact, rules);
  }
  if (missing.length === 0) {
    const advised = missingFixes(fact, "advised") ?? [];
    const advice = advised.length === 0 ? "" : `; newer is advised: ${fixWords(advised)}`;
    return { verdict: "ok", message: `${name} ${version}${advice}`, value };
  }
  const hint = `Update ${name}, or ask your distribution whether it has fixed ${missing.map(({ id }) => id).join(", ")}: docs/platforms.md.`;
  const message = `${name} ${version} is old: ${fixWords(missing)}${distributionWords(version)}`;
  return withRules({ message, hint, value }, fact, rules);
}

function unreadWords(name: string, version: string | null): string {
  return version === null
    ? `the version of ${name} is not known: nobody says it`
    : `the version of ${name} is not known: "${version}" cannot be read`;
}

function insteadWords(name: string, instead: string): string {
  return `${instead} stands in place of ${name}, and nothing is known here about its versions`;
}

/** `CVE-1 (fixed in 1.2), CVE-2 and CVE-3 (fixed in 1.4)`. */
function fixWords(fixes: readonly VersionFix[]): string {
  const byVersions = Map.groupBy(fixes, ({ fixedIn }) => fixedIn.join(", "));
  return [...byVersions]
    .map(([versions, group]) => `${group.map(({ id }) => id).join(", ")} (fixed in ${versions})`)
    .join("; ");
}

/** A number alone does not say what a distribution has put right. */
function distributionWords(version: string | null): string {
  const isBuild = /[\d.](?:[+~]|-\d)/.test(version ?? "") && !/-\d+-g[0-9a-f]+$/.test(version ?? "");
  return isBuild ? "; this is a distribution's build, which may be fixed under its old number" : "";
}

function withRules(
  finding: Omit<ProbeFinding, "verdict"> & { readonly value: string; readonly hint: string },
  { component }: VersionFact,
  { strict, allowed }: VersionRules,
): ProbeFinding {
  const allowance = allowed[component];
  if (allowance?.version === finding.value) {
    return {
      ...finding,
      verdict: "warning",
      message: `${finding.message}; allowed: ${allowance.reason}`,
    };
  }
  if (!strict) return { ...finding, verdict: "warning" };
  const hint = `${finding.hint} If it is fixed, say so in sandbox.allowVersions.${component}, with a reason.`;
  return { ...finding, verdict: "refused", hint };
}
