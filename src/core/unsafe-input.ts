import { logicalLines } from "./granted-manifest.ts";
import { isJsonObject, parseJsonObject, type JsonObject } from "./json-object.ts";
import { isNpmRange } from "./package-grant.ts";

/** What a package manager is given to read: the text of each file by its path. */
export type InstallInputs = ReadonlyMap<string, string>;

const NPM_GROUPS = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"] as const;

/**
 * Why files that an attempt has written are not given to a package manager, which has a way out of its sandbox;
 * undefined: they may be. Only names and versions from the configured registries pass, and what is as it was on the
 * night's base: no address, no repository, no path, no option, nothing that says where or how packages are fetched. So
 * no program of the agent's choice runs beside that way out.
 */
export function unsafeInput(options: {
  /** Of the night's base. */
  readonly before: InstallInputs;
  readonly after: InstallInputs;
  /** `host` or `host:port` of the configured registries, and where else their files come from. */
  readonly hosts: readonly string[];
}): string | undefined {
  const { before, after } = options;
  for (const path of new Set([...before.keys(), ...after.keys()])) {
    const [was, is] = [before.get(path), after.get(path)];
    if (was === is) continue;
    const problem = problemOf(path, was, is, options);
    if (problem !== undefined) return `${path}: ${problem}`;
  }
  return undefined;
}

function problemOf(
  path: string,
  was: string | undefined,
  is: string | undefined,
  { before, after, hosts }: Parameters<typeof unsafeInput>[0],
): string | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (name === ".npmrc") return "says how packages are fetched, and was changed";
  if (is === undefined) return undefined;
  if (name === "package.json") return manifestProblem(was, is);
  if (isLock(path)) {
    const known = [...before].flatMap(([other, text]) => (isLock(other) ? hostsOfLock(text) : []));
    return lockProblem(was, is, new Set([...hosts, ...known]));
  }
  return requirementsProblem(is, path, after);
}

function isLock(path: string): boolean {
  return /(?:^|\/)(?:package-lock|npm-shrinkwrap)\.json$/.test(path);
}

function manifestProblem(was: string | undefined, is: string): string | undefined {
  const [before, after] = [parseJsonObject(was ?? "{}") ?? {}, parseJsonObject(is)];
  if (!after) return "is no JSON object";
  for (const group of NPM_GROUPS) {
    const [old, now] = [objectOf(before[group]), objectOf(after[group])];
    for (const [name, spec] of Object.entries(now))
      if (spec !== old[name] && !(typeof spec === "string" && isNpmRange(spec)))
        return `${group}.${name} is ${quoted(spec)}, and no range of versions`;
  }
  if (JSON.stringify(before["overrides"]) === JSON.stringify(after["overrides"])) return undefined;
  const override = leavesOf(after["overrides"]).find(
    (leaf) => !(typeof leaf === "string" && (isNpmRange(leaf) || /^\$[@\w./~-]+$/.test(leaf))),
  );
  return override === undefined
    ? undefined
    : `overrides has ${quoted(override)}, which is no range of versions`;
}

function lockProblem(was: string | undefined, is: string, hosts: ReadonlySet<string>): string | undefined {
  const after = parseJsonObject(is);
  if (!after) return "is no JSON object";
  if (!isJsonObject(after["packages"])) return "is of a form that is not read here: it has no packages";
  const old = objectOf(objectOf(parseJsonObject(was ?? "{}"))["packages"]);
  for (const [place, entry] of Object.entries(after["packages"])) {
    if (!isJsonObject(entry)) return `packages has an entry ${quoted(place)} that is no object`;
    if (JSON.stringify(entry) === JSON.stringify(old[place])) continue;
    const problem = originProblem(entry, hosts) ?? (place === "" ? undefined : innerProblem(entry));
    if (problem !== undefined) return `${quoted(place)} ${problem}`;
  }
  return undefined;
}

/** From where an entry of a lock file comes. */
function originProblem(entry: JsonObject, hosts: ReadonlySet<string>): string | undefined {
  const { resolved, link } = entry;
  if (resolved === undefined) return undefined;
  if (typeof resolved !== "string") return "comes from something that is no text";
  if (link === true)
    return /^[\w@][\w@./-]*$/.test(resolved) && !resolved.split("/").includes("..")
      ? undefined
      : `links to ${quoted(resolved)}`;
  const host = hostOf(resolved);
  if (host === undefined) return `comes from ${quoted(resolved)}, which is no address of a registry`;
  return hosts.has(host) ? undefined : `comes from ${host}, which is no configured registry`;
}

/** What a package wants in turn: where the lock file has no entry for it, a package manager would go and look. */
function innerProblem(entry: JsonObject): string | undefined {
  for (const group of NPM_GROUPS)
    for (const [name, spec] of Object.entries(objectOf(entry[group])))
      if (!(typeof spec === "string" && isRegistrySpec(spec)))
        return `wants ${name} as ${quoted(spec)}, which is no range of versions`;
  return undefined;
}

/** As published packages write them: ranges in a looser grammar, tags, and other names for packages of a registry. */
function isRegistrySpec(spec: string): boolean {
  const range = /^npm:(?:@[\w.~-]+\/)?[\w.~-]+(?:@(.*))?$/.exec(spec)?.[1] ?? spec;
  if (spec.startsWith("npm:") && range === spec) return /^npm:(?:@[\w.~-]+\/)?[\w.~-]+$/.test(spec);
  return /^[\w\s.^~<>=|*+-]*$/.test(range) && !/^\s*\.|\.(?:tgz|tar|gz)\s*$/i.test(range);
}

function hostsOfLock(text: string): string[] {
  const packages = objectOf(parseJsonObject(text)?.["packages"]);
  return Object.values(packages).flatMap((entry) => {
    const resolved = isJsonObject(entry) ? entry["resolved"] : undefined;
    return typeof resolved === "string" ? (hostOf(resolved) ?? []) : [];
  });
}

function hostOf(address: string): string | undefined {
  if (!/^https:\/\//i.test(address) || !URL.canParse(address)) return undefined;
  const { host, username, password } = new URL(address);
  return username === "" && password === "" ? host : undefined;
}

const REQUIREMENT = new RegExp(
  String.raw`^[A-Za-z0-9][A-Za-z0-9._-]*\s*(?:\[[A-Za-z0-9._,\s-]*\])?` + // name, extras
    String.raw`\s*(?:\(?(?:[=!]=|===|~=|[<>]=?)\s*[\w.!+*-]+(?:\s*,\s*(?:[=!]=|===|~=|[<>]=?)\s*[\w.!+*-]+)*\)?)?` + // versions
    String.raw`\s*(?:;[\w\s.'"<>=!~()+,*-]*)?` + // the place that it is for
    String.raw`(?:\s+--hash=[a-z0-9]+:[0-9a-f]+)*\s*$`,
);

/** Everything else could end a line for pip that goes on here, or be read as other characters than are seen here. */
const PLAIN_TEXT = /^(?:[\t\x20-\x7E]|\r?\n)*$/;
/** Python's way to say in which encoding a file is, in its first two lines. */
const ENCODING = /^(?:[^\n]*\n)?\s*#[^\n]*coding[:=]/;

/** The whole file, the lines that were there before included: an option holds for every line. */
function requirementsProblem(text: string, path: string, files: InstallInputs): string | undefined {
  if (!PLAIN_TEXT.test(text)) return "has other characters than plain ASCII";
  if (ENCODING.test(text)) return "says how it is to be decoded";
  const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/") + 1) : "";
  for (const logical of logicalLines(text)) {
    const line = logical
      .replaceAll("\\\n", " ")
      .replace(/(?:^|\s)#.*$/s, "")
      .trim();
    if (line === "" || line === "--require-hashes" || REQUIREMENT.test(line)) continue;
    const included = /^(?:-r|-c|--requirement|--constraint)[ =]\s*(\S+)$/.exec(line)?.[1];
    if (included !== undefined && files.has(`${folder}${included}`)) continue;
    return `${quoted(line)} is no package with its versions`;
  }
  return undefined;
}

function objectOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}

/** Everything in a value that is no object. */
function leavesOf(value: unknown): unknown[] {
  return isJsonObject(value) ? Object.values(value).flatMap(leavesOf) : value === undefined ? [] : [value];
}

function quoted(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 200) ?? "nothing";
}
