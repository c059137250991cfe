import type { Ecosystem } from "./dependency.ts";
import { builtinNames, knownPackages } from "./known-packages.ts";
import { nearMiss } from "./near-miss.ts";

/** Why a new package's name looks like somebody else's; undefined: it does not. `declared` are the names that the project has. */
export function suspiciousName(
  ecosystem: Ecosystem,
  name: string,
  declared: readonly string[],
): string | undefined {
  const known = knownPackages(ecosystem);
  if (known.includes(name)) return undefined;
  if (builtinNames(ecosystem).includes(name))
    return `"${name}" is the name of a module that the language brings along`;
  const others = [...declared, ...known].filter((other) => other !== name);
  const twin = others.find((other) => bare(other) === bare(name));
  if (twin !== undefined) return `it differs from "${twin}" in case or separators alone`;
  const scoped = /^@[^/]+\/(.+)$/.exec(name)?.[1];
  const unscoped = others.find(
    (other) =>
      other.replace(/^@/, "").replace("/", "-") === name || /^@[^/]+\/(.+)$/.exec(other)?.[1] === name,
  );
  if (scoped === undefined && unscoped !== undefined && name.length > 4)
    return `it is "${unscoped}" without its scope`;
  // Short names are near to everything.
  const near =
    name.length < 5
      ? undefined
      : nearMiss(
          name,
          others.filter((other) => other.length >= 5 && isTypo(name, other)),
        );
  if (near !== undefined) return `it is nearly "${near}"`;
  const stem =
    /^(?:node-|js-|py-|python-|go-)?(.+?)(?:[-_.]?(?:js|py|python|node|npm|lib|utils?|helpers?|core|official|sdk|api|cli|ts|new|v?2|v?3|dev|plus|pro))$/.exec(
      name,
    )?.[1];
  const based =
    stem === undefined ? undefined : declared.find((other) => other === stem && other.length >= 4);
  if (based !== undefined && !/-(?:core|cli|api|sdk|utils?|helpers?)$/.test(name))
    return `it is "${based}" with something added`;
  return undefined;
}

function bare(name: string): string {
  return name.toLowerCase().replace(/[-_.@/]/g, "");
}

/** One error in a name of ordinary length, two in a long one; a plural or a version at the end is another package. */
function isTypo(name: string, other: string): boolean {
  const isShort = Math.max(name.length, other.length) < 9;
  if (isShort && Math.abs(name.length - other.length) > 1) return false;
  if (name[0] !== other[0] && name.at(-1) !== other.at(-1)) return false;
  return !/\d$/.test(name) || !/\d$/.test(other);
}

/** The other ecosystem of which a name is well known, where it is not in its own: `express` among Python's. */
export function foreignName(ecosystem: Ecosystem, name: string): Ecosystem | undefined {
  if (knownPackages(ecosystem).includes(name)) return undefined;
  const others: readonly Ecosystem[] =
    ecosystem === "npm" ? ["python"] : ecosystem === "python" ? ["npm"] : [];
  return others.find((other) => knownPackages(other).includes(name));
}
