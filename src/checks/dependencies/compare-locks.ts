import { isGranted } from "../../core/dependency-spec.ts";
import type { FilePair, RuleFinding } from "../finder.ts";
import type { ManifestChange } from "./manifest-change.ts";
import { LOCKS_OF, readLock, type LockEntry, type LockFacts } from "./read-lock.ts";

/** Whether manifests and lock files say the same, and lock files fetch from where they did. */
export function compareLocks(options: {
  readonly pairs: readonly FilePair[];
  readonly changes: readonly ManifestChange[];
  readonly basePaths: readonly string[];
  /** What the base's manifests declare, as `ecosystem name`. */
  readonly declared: ReadonlySet<string>;
  readonly grants: readonly string[];
}): RuleFinding[] {
  const { pairs, changes, basePaths, declared, grants } = options;
  const paths = new Set(basePaths);
  return [
    ...changes.flatMap((change) => withoutLock(change, pairs, paths, grants)),
    ...pairs.flatMap((pair) => {
      const head = pair.head && readLock(pair.path, pair.head.text);
      if (!head) return [];
      const base = pair.base && readLock(pair.path, pair.base.text);
      return [
        ...withoutManifest(pair, base, changes),
        ...entries(pair, base, head),
        ...strangers({ pair, base, head, changes, declared }),
      ];
    }),
  ];
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1);
}

/** Packages were changed in a manifest that has a lock file, in its folder or above, and the lock file was not. */
function withoutLock(
  { pair, before, after }: ManifestChange,
  pairs: readonly FilePair[],
  paths: ReadonlySet<string>,
  grants: readonly string[],
): RuleFinding[] {
  const name = pair.path.slice(pair.path.lastIndexOf("/") + 1);
  const had = new Set((before?.dependencies ?? []).map((each) => `${each.name} ${each.spec}`));
  const changed = after.dependencies.filter((each) => !had.has(`${each.name} ${each.spec}`));
  const gone = (before?.dependencies ?? []).some(
    (old) => !after.dependencies.some((each) => each.name === old.name),
  );
  if (changed.length === 0 && !gone) return [];
  for (let folder = folderOf(pair.path); ; folder = folderOf(folder.slice(0, -1))) {
    const locks = (LOCKS_OF[name] ?? []).map((lock) => folder + lock).filter((path) => paths.has(path));
    if (locks.length > 0) {
      if (locks.some((lock) => pairs.some(({ path }) => path === lock))) return [];
      const granted = changed.every((each) => isGranted({ ...each, grants }));
      return [
        {
          rule: "manifest-without-lock",
          path: pair.path,
          line: changed[0]?.line ?? 1,
          ...(granted ? { level: "warn" as const } : {}),
          message: `Dependencies were changed here, and ${locks[0] ?? "the lock file"} was not.`,
        },
      ];
    }
    if (folder === "") return [];
  }
}

function withoutManifest(
  pair: FilePair,
  base: LockFacts | undefined,
  changes: readonly ManifestChange[],
): RuleFinding[] {
  if (!base || changes.length > 0) return [];
  return [{ rule: "lock-without-manifest", path: pair.path, line: 1 }];
}

const SHOWN = 5;

/** Entries that are new or changed, and are fetched from elsewhere than the others, or without a hash. */
function entries(pair: FilePair, base: LockFacts | undefined, head: LockFacts): RuleFinding[] {
  const { path, head: file } = pair;
  const key = (entry: LockEntry): string =>
    `${entry.name}\0${entry.version}\0${entry.host}\0${String(entry.hasIntegrity)}`;
  const had = new Set((base?.entries ?? []).map(key));
  const hosts = new Map<string, number>();
  for (const { host } of base?.entries.length ? base.entries : head.entries)
    if (host !== "") hosts.set(host, (hosts.get(host) ?? 0) + 1);
  const usual = [...hosts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? "";
  const fetched = head.entries.filter(({ isFetched }) => isFetched);
  const isHashed =
    fetched.filter(({ hasIntegrity }) => hasIntegrity).length > fetched.length / 2 ||
    base?.entries.some(({ hasIntegrity }) => hasIntegrity) === true;
  const findings: RuleFinding[] = [];
  for (const entry of head.entries) {
    if (findings.length >= SHOWN) break;
    if (had.has(key(entry))) continue;
    const at = file?.text.indexOf(entry.name) ?? -1;
    const line = file && at !== -1 ? file.lineAt(at) : 1;
    if (
      entry.host !== "" &&
      entry.host !== usual &&
      !(base && hosts.has(entry.host) && isOrdinary(entry.host)) &&
      !isSameRegistry(entry.host, usual)
    ) {
      findings.push({
        rule: "lock-host",
        path,
        line,
        message: `"${entry.name}" is fetched from ${entry.host}, and the others from ${usual === "" ? "elsewhere" : usual}.`,
      });
    }
    const changesHash =
      base?.entries.some(
        (old) => old.name === entry.name && old.version === entry.version && old.hasIntegrity,
      ) === true;
    if (entry.isFetched && !entry.hasIntegrity && (isHashed || changesHash) && head.ecosystem !== "go") {
      findings.push({
        rule: "lock-integrity",
        path,
        line,
        message: `The entry of "${entry.name}" has no hash to compare what is fetched with.`,
      });
    }
  }
  return findings;
}

function isOrdinary(host: string): boolean {
  return /^(?:registry\.npmjs\.org|registry\.yarnpkg\.com|files\.pythonhosted\.org|pypi\.org|github\.com|index\.crates\.io)$/.test(
    host,
  );
}

function isSameRegistry(a: string, b: string): boolean {
  const pairs = [
    "registry.npmjs.org registry.yarnpkg.com",
    "pypi.org files.pythonhosted.org",
    "github.com index.crates.io",
  ];
  return pairs.some((pair) => pair.includes(a) && pair.includes(b) && a !== "" && b !== "");
}

/** Packages that the lock file takes for the project's own wishes, and no manifest of the change declares. */
function strangers(options: {
  readonly pair: FilePair;
  readonly base: LockFacts | undefined;
  readonly head: LockFacts;
  readonly changes: readonly ManifestChange[];
  readonly declared: ReadonlySet<string>;
}): RuleFinding[] {
  const { pair, base, head, changes } = options;
  if (!head.topLevel) return [];
  const had = base?.topLevel ?? new Set<string>();
  const now = new Set(changes.flatMap(({ after }) => after.dependencies.map(({ name }) => name)));
  return [...head.topLevel]
    .filter((name) => !had.has(name) && !now.has(name) && !options.declared.has(`${head.ecosystem} ${name}`))
    .slice(0, SHOWN)
    .map((name) => ({
      rule: "lock-mismatch",
      path: pair.path,
      line: pair.head?.lineAt(Math.max(0, pair.head.text.indexOf(`"${name}"`))) ?? 1,
      message: `The lock file says that the project asks for "${name}", and its manifest does not.`,
    }));
}
