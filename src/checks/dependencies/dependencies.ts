import { isInside, type Dependency, type Setting } from "../../core/dependency.ts";
import { compareSpecs, isGranted, isOpen } from "../../core/dependency-spec.ts";
import { fileRole } from "../../core/file-role.ts";
import { foreignName, suspiciousName } from "../../core/suspicious-name.ts";
import type { ChangeFinder, RuleFinding } from "../finder.ts";
import { compareLocks } from "./compare-locks.ts";
import type { ManifestChange } from "./manifest-change.ts";
import { readManifest } from "./read-manifest.ts";

/** What a change of the manifests brings in: packages, places that they come from, and what runs with them. */
export const dependencies: ChangeFinder = {
  name: "dependencies",
  find(pairs, { change, settings }) {
    const declared = new Set<string>();
    for (const { path, content } of change.manifests) {
      const facts = readManifest(path, new TextDecoder().decode(content));
      for (const { ecosystem, name } of facts?.dependencies ?? []) declared.add(`${ecosystem} ${name}`);
      // A package of the repository's own may be asked for by its neighbours.
      const own = path.endsWith("package.json")
        ? /"name"\s*:\s*"([^"]+)"/.exec(new TextDecoder().decode(content))?.[1]
        : undefined;
      if (own !== undefined) declared.add(`npm ${own}`);
    }
    const grants = settings.grants.dependencies;
    const changes = pairs.flatMap((pair): ManifestChange[] => {
      const before = pair.base ? readManifest(pair.path, pair.base.text) : undefined;
      const after = pair.head ? readManifest(pair.path, pair.head.text) : undefined;
      return after
        ? [{ pair, before, after }]
        : before
          ? [
              {
                pair,
                before,
                after: { ...before, dependencies: [], overrides: [], registries: [], scripts: [] },
              },
            ]
          : [];
    });
    return [
      ...changes.flatMap((each) => {
        const findings = [...packages(each, { declared, grants }), ...settingsOf(each)];
        // A fixture's manifest is data of a test, most often.
        return fileRole(each.pair.path) === "test" ? findings.map(softened) : findings;
      }),
      ...compareLocks({
        pairs,
        changes,
        basePaths: change.basePaths,
        declared,
        grants,
        present: new Set(change.files.flatMap(({ path, head }) => (head?.kind === "file" ? path : []))),
      }),
    ];
  },
};

function softened(finding: RuleFinding): RuleFinding {
  return { ...finding, level: finding.level === "info" ? "info" : "warn" };
}

/** New names that are compared with known ones. */
const MAX_NAMES = 100;

interface Known {
  /** What the base declares, anywhere in the repository. */
  readonly declared: ReadonlySet<string>;
  readonly grants: readonly string[];
}

function packages({ pair, before, after }: ManifestChange, known: Known): RuleFinding[] {
  const { path } = pair;
  const old = new Map<string, Dependency[]>();
  for (const dependency of before?.dependencies ?? [])
    old.set(dependency.name, [...(old.get(dependency.name) ?? []), dependency]);
  const seen = new Set<string>();
  let named = 0;
  return after.dependencies.flatMap((dependency): RuleFinding[] => {
    const { ecosystem, name, spec, source, line } = dependency;
    const previous = old.get(name) ?? [];
    if (previous.some((each) => each.spec === spec && each.source === source)) return [];
    const id = `${name}\0${spec}\0${source ?? ""}`;
    if (seen.has(id)) return [];
    seen.add(id);
    const place = { path, line };
    const findings: RuleFinding[] = [];
    const granted = isGranted({ ecosystem, name, spec, grants: known.grants });
    if (
      source !== undefined &&
      !isWorkspace(source, path) &&
      !previous.some((each) => each.source === source)
    ) {
      findings.push({
        rule: "dependency-source",
        ...place,
        message: `"${name}" does not come from the registry, but from ${shown(source)}.`,
      });
    }
    const isKnown = previous.length > 0 || known.declared.has(`${ecosystem} ${name}`);
    if (!isKnown) {
      if (source !== undefined && findings.length > 0) return findings;
      if (source !== undefined && isWorkspace(source, path)) return findings;
      findings.push({
        rule: "dependency-added",
        ...place,
        ...(granted ? { level: "info" as const } : {}),
        message: `"${name}" is a new dependency${granted ? ", as the task was granted" : ""}.`,
      });
      named += 1;
      if (!granted && named <= MAX_NAMES) findings.push(...nameFindings(dependency, path, known.declared));
      if (isOpen(spec) && source === undefined)
        findings.push({
          rule: "dependency-loosened",
          ...place,
          message: `"${name}" is asked for in any version at all.`,
        });
      return findings;
    }
    const [was] = previous;
    if (!was || source !== undefined || was.source !== undefined) return findings;
    const change = compareSpecs(was.spec, spec);
    if (change === "same") return findings;
    const isLoose = change === "older" || change === "loosened";
    const rule = isLoose ? "dependency-loosened" : "dependency-changed";
    const how =
      change === "older"
        ? "an older version"
        : change === "loosened"
          ? "versions without an end"
          : "another version";
    return [
      ...findings,
      {
        rule,
        ...place,
        ...(granted && isLoose ? { level: "info" as const } : {}),
        message: `"${name}" is asked for in ${how}: ${shown(spec)} in place of ${shown(was.spec)}.`,
      },
    ];
  });
}

function nameFindings(
  { ecosystem, name, line }: Dependency,
  path: string,
  declared: ReadonlySet<string>,
): RuleFinding[] {
  const others = [...declared].flatMap((each) =>
    each.startsWith(`${ecosystem} `) ? [each.slice(ecosystem.length + 1)] : [],
  );
  const suspicion = suspiciousName(ecosystem, name, others);
  if (suspicion !== undefined)
    return [
      {
        rule: "dependency-near-miss",
        path,
        line,
        message: `The name of the new dependency "${name}" is suspicious: ${suspicion}.`,
      },
    ];
  const foreign = foreignName(ecosystem, name);
  if (foreign === undefined) return [];
  return [
    {
      rule: "dependency-near-miss",
      path,
      line,
      level: "warn",
      message: `"${name}" is the name of a known package of another language.`,
    },
  ];
}

function isWorkspace(source: string, manifest: string): boolean {
  const slash = manifest.lastIndexOf("/");
  return isInside(source, slash === -1 ? "" : manifest.slice(0, slash));
}

function shown(text: string): string {
  const printable = text === "" ? "nothing" : text;
  return printable.length > 80 ? `${printable.slice(0, 77)}...` : printable;
}

function settingsOf({ pair, before, after }: ManifestChange): RuleFinding[] {
  const { path } = pair;
  const changed = (old: readonly Setting[] | undefined, now: readonly Setting[]): Setting[] => {
    const had = new Set((old ?? []).map(({ what, value }) => `${what}\0${value}`));
    return now.filter(({ what, value }) => !had.has(`${what}\0${value}`));
  };
  return [
    ...changed(before?.overrides, after.overrides).map(({ what, value, line }): RuleFinding => ({
      rule: "dependency-override",
      path,
      line,
      message: `A package is replaced for everybody who depends on it: ${shown(`${what} ${value}`.trim())}.`,
    })),
    ...changed(before?.registries, after.registries).flatMap(({ what, value, line }): RuleFinding[] => {
      if (isOrdinaryRegistry(value)) return [];
      const level = what === "toolchain" ? "warn" : undefined;
      return [
        {
          rule: "dependency-registry",
          path,
          line,
          ...(level ? { level } : {}),
          message: `Where packages come from was changed: ${shown(`${what} ${value}`.trim())}.`,
        },
      ];
    }),
    ...changed(before?.scripts, after.scripts).map(({ what, value, line }): RuleFinding => {
      const isSoft =
        SOFT_SCRIPTS.test(what) ||
        (what === "prepare" &&
          /^(?:npm run |pnpm |yarn )?(?:build|tsc|tsup|husky(?: install)?)(?:\s+-p\s+\S+)?$/.test(value));
      const isAllowed = what === "packageManager" || what === "lint-staged" || what === "build-backend";
      return {
        rule: "lifecycle-script",
        path,
        line,
        ...(isSoft || isAllowed ? { level: "warn" as const } : {}),
        message: `What an installation or a publication runs by itself was changed: ${what}, ${shown(value)}.`,
      };
    }),
  ];
}

const SOFT_SCRIPTS =
  /^(?:prepublishOnly|(?:pre|post)pack|postpublish|publish|(?:pre|post)?version|Target|build hook .*)$/;

/** The registries that everybody uses, where they are written out. */
function isOrdinaryRegistry(value: string): boolean {
  const hosts = [...value.matchAll(/\/\/(?:[^/@\s"]*@)?([^/:\s"']+)/g)].map(([, host]) => host ?? "");
  return (
    hosts.length > 0 &&
    hosts.every((host) =>
      /^(?:registry\.npmjs\.org|registry\.yarnpkg\.com|pypi\.org|files\.pythonhosted\.org|rubygems\.org|repo\.maven\.apache\.org|repo1\.maven\.org|packagist\.org|repo\.packagist\.org|api\.nuget\.org|crates\.io|index\.crates\.io|proxy\.golang\.org)$/.test(
        host,
      ),
    ) &&
    !/http:\/\//.test(value)
  );
}
