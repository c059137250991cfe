export const ECOSYSTEMS = ["npm", "python", "go", "rust", "ruby", "php", "java", "dotnet"] as const;
export type Ecosystem = (typeof ECOSYSTEMS)[number];

/** A package that a manifest asks for. */
export interface Dependency {
  readonly ecosystem: Ecosystem;
  /** As the ecosystem compares names: Python's without case, and with `-` alone. */
  readonly name: string;
  /** What the manifest says of its version; empty: nothing. */
  readonly spec: string;
  /** Where it comes from, if not from the registry: `git+https://…`, `../lib`. */
  readonly source?: string;
  /** From 1. */
  readonly line: number;
}

/** A thing a manifest says beside its dependencies, as `what` and its value. */
export interface Setting {
  readonly what: string;
  readonly value: string;
  readonly line: number;
}

export interface ManifestFacts {
  readonly ecosystem: Ecosystem;
  readonly dependencies: readonly Dependency[];
  /** What replaces a package for others: overrides, resolutions, patches, `replace`. */
  readonly overrides: readonly Setting[];
  readonly registries: readonly Setting[];
  /** What an installation or a publication runs by itself. */
  readonly scripts: readonly Setting[];
}

/** Python's names are the same whatever their case and separators; others are what they are. */
export function normalName(ecosystem: Ecosystem, name: string): string {
  if (ecosystem === "python") return name.toLowerCase().replace(/[-_.]+/g, "-");
  return ecosystem === "dotnet" || ecosystem === "php" ? name.toLowerCase() : name;
}

/** Where a spec fetches from, if that is not the ecosystem's registry. An npm alias is a source too: the name is another package's. */
export function sourceOf(spec: string): string | undefined {
  const at = spec.trim();
  if (
    /^(?:git|git\+\w+|github|gitlab|bitbucket|gist|https?|ftp|ssh|file|link|portal|patch|exec|npm|jsr):/i.test(
      at,
    )
  )
    return at;
  if (/^git@|\.git(?:#|$)|\.(?:tgz|tar\.gz|whl|zip|tar\.bz2)$/i.test(at)) return at;
  if (/^(?:\.{0,2}\/|~\/|[A-Za-z]:\\)/.test(at)) return at;
  return /^[\w.-]+\/[\w.-]+(?:#.*)?$/.test(at) ? at : undefined;
}

/** Whether a source is a folder of the same repository, as a workspace's packages are. `folder` is the manifest's own. */
export function isInside(source: string, folder: string): boolean {
  const path = source.replace(/^(?:file|link|portal):/, "");
  // Without a dot or a word before it, `a/b` is a repository of GitHub.
  if (!/^\.{1,2}(?:\/|$)/.test(path) && (path === source || /^[/~\\]/.test(path))) return false;
  if (/:|\.(?:tgz|tar\.gz|whl|zip)$/.test(path)) return false;
  let depth = folder === "" ? 0 : folder.split("/").length;
  for (const part of path.split("/")) {
    if (part === "..") depth -= 1;
    else if (part !== "." && part !== "") depth += 1;
    if (depth < 0) return false;
  }
  return true;
}
