import { normalName, type Ecosystem } from "./dependency.ts";
import { compareVersions, readVersion, type Version } from "./version-order.ts";

/** A spec of a plan's grants: `left-pad@^1.3.0`, `requests==2.32.0`, `@scope/name@1`, `serde`. */
export interface GrantedSpec {
  readonly name: string;
  readonly operator: string;
  readonly version: string;
}

export function parseGrantedSpec(spec: string): GrantedSpec {
  const [, name = spec, rest = ""] = /^(@?[^@=<>!~^\s[]+)(?:\[[^\]]*\])?\s*@?(.*)$/.exec(spec.trim()) ?? [];
  const [, operator = "", version = ""] =
    /^(===|==|~=|>=|<=|!=|\^|~>|~|>|<|=)?\s*(.*)$/.exec(rest.trim()) ?? [];
  return { name, operator, version: version.trim() };
}

/** Whether a task was granted a dependency: its name, and the version that the manifest begins with. */
export function isGranted(options: {
  readonly ecosystem: Ecosystem;
  readonly name: string;
  readonly spec: string;
  readonly grants: readonly string[];
}): boolean {
  const { ecosystem, name, spec, grants } = options;
  return grants.some((grant) => {
    const granted = parseGrantedSpec(grant);
    if (normalName(ecosystem, granted.name) !== name) return false;
    if (granted.version === "" || granted.version === "*" || granted.version === "latest") return true;
    const squeezed = (text: string): string => text.replace(/[\s"']/g, "").replace(/^[v=]+/, "");
    if (squeezed(spec) === squeezed(granted.operator + granted.version)) return true;
    const [wanted, asked] = [versionIn(granted.version), versionIn(spec)];
    return wanted !== undefined && asked !== undefined && isWithin(asked, granted.operator, wanted);
  });
}

function isWithin(asked: Version, operator: string, wanted: Version): boolean {
  const order = compareVersions(asked, wanted);
  const same = (places: number): boolean =>
    Array.from({ length: places }, (_, place) => place).every(
      (place) => (asked.numbers[place] ?? 0) === (wanted.numbers[place] ?? 0),
    );
  switch (operator) {
    case "^": {
      const zeros = wanted.numbers.findIndex((number) => number !== 0);
      return order >= 0 && same((zeros === -1 ? 0 : zeros) + 1);
    }
    case "~":
    case "~=":
    case "~>":
      return order >= 0 && same(Math.max(1, wanted.numbers.length - (operator === "~" ? 1 : 1)));
    case ">=":
      return order >= 0;
    case ">":
      return order > 0;
    case "<=":
      return order <= 0;
    case "<":
      return order < 0;
    default:
      return order === 0;
  }
}

function versionIn(spec: string): Version | undefined {
  return readVersion(spec) ?? readVersion(`${/\d+/.exec(spec)?.[0] ?? ""}.0`);
}

/** Anything that is published is taken: `*`, `latest`, nothing, `>=1` without an end. */
export function isOpen(spec: string): boolean {
  const at = spec.trim();
  return (
    /^(?:\*|x|latest|next|canary|beta|alpha|dev|newest|any|>\s*0?|>=\s*0(?:\.0)*)?$/i.test(at) ||
    /^(?:workspace:)?\*$/.test(at) ||
    /^dev-|@dev$/.test(at)
  );
}

export type SpecChange = "same" | "newer" | "older" | "loosened" | "other";

/** What became of a version. */
export function compareSpecs(before: string, after: string): SpecChange {
  const squeezed = (text: string): string => text.replace(/\s+/g, "");
  if (squeezed(before) === squeezed(after)) return "same";
  if (isOpen(after) && !isOpen(before)) return "loosened";
  const [was, is] = [versionIn(before), versionIn(after)];
  const hasEnd = (spec: string): boolean => /^[\^~=v\d]|<|\s-\s/.test(spec.trim());
  if (!hasEnd(after) && hasEnd(before)) return "loosened";
  if (!was || !is) return "other";
  const order = compareVersions(is, was);
  if (order > 0) return "newer";
  return order < 0 ? "older" : "other";
}
