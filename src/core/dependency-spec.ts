import { normalName, type Ecosystem } from "./dependency.ts";
import { parsePackageGrant } from "./package-grant.ts";
import { compareVersions, readVersion, type Version } from "./version-order.ts";

/** Whether a task was granted a package: its name, and a version that the manifest's own begins with. */
export function isGranted(options: {
  readonly ecosystem: Ecosystem;
  readonly name: string;
  readonly spec: string;
  readonly grants: readonly string[];
}): boolean {
  const { ecosystem, name, spec, grants } = options;
  return grants.some((text) => {
    const grant = parsePackageGrant(text);
    // The form says whose registry is meant: pip's packages have no @.
    if (!grant || (grant.manager === "pip") !== (ecosystem === "python")) return false;
    if (normalName(ecosystem, grant.name) !== name) return false;
    const squeezed = (each: string): string => each.replace(/[\s"']/g, "").replace(/^\[[^\]]*\]/, "");
    const range = squeezed(grant.range);
    if (squeezed(spec) === range || /^(?:\*|[xX])$/.test(range)) return true;
    const asked = versionIn(spec);
    if (!asked || isOpen(spec)) return false;
    return grant.range
      .replace(/^\[[^\]]*\]/, "")
      .split("||")
      .some((part) => part.split(/[\s,]+/).every((each) => each === "" || allows(each, asked)));
  });
}

/** `^1.3.0`, `>=2`, `1.x`, `==2.32.0`. */
function allows(comparator: string, asked: Version): boolean {
  const [, operator = "", written = ""] =
    /^(===|==|~=|>=|<=|!=|\^|~>|~|>|<|=)?v?(.*)$/.exec(comparator) ?? [];
  const wanted = versionIn(written);
  if (!wanted) return false;
  const order = compareVersions(asked, wanted);
  const places = written.match(/^\d+(?:\.\d+)*/)?.[0].split(".").length ?? 0;
  const same = (count: number): boolean =>
    Array.from({ length: count }, (_, place) => place).every(
      (place) => (asked.numbers[place] ?? 0) === (wanted.numbers[place] ?? 0),
    );
  switch (operator) {
    case "^": {
      const first = wanted.numbers.findIndex((number) => number !== 0);
      return order >= 0 && same((first === -1 ? 0 : first) + 1);
    }
    case "~":
      return order >= 0 && same(Math.min(2, places));
    case "~=":
    case "~>":
      return order >= 0 && same(Math.max(1, places - 1));
    case ">=":
      return order >= 0;
    case ">":
      return order > 0;
    case "<=":
      return order <= 0;
    case "<":
      return order < 0;
    case "!=":
      return order !== 0;
    default:
      return places < 3 ? same(places) : order === 0;
  }
}

function versionIn(spec: string): Version | undefined {
  return readVersion(spec) ?? readVersion(`${/\d+/.exec(spec)?.[0] ?? ""}.0`);
}

/** Anything that is published is taken: `*`, `latest`, nothing, `>=1` without an end. */
export function isOpen(spec: string): boolean {
  const at = spec.trim();
  if (at.includes("||")) return at.split("||").some((part) => part.trim() === "" || isOpen(part));
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
