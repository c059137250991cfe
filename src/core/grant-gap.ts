import { NPM_MANIFEST, PIP_MANIFEST } from "./granted-manifest.ts";
import { parsePackageGrant, type PackageGrant } from "./package-grant.ts";
import { npmLock } from "./prepare-recipe.ts";

/** Packages that are granted, by who installs them. What validation has let pass is all there. */
export function grantsByManager(dependencies: readonly string[]): {
  readonly npm: readonly PackageGrant[];
  readonly pip: readonly PackageGrant[];
} {
  const grants = dependencies.flatMap((text) => parsePackageGrant(text) ?? []);
  return {
    npm: grants.filter(({ manager }) => manager === "npm"),
    pip: grants.filter(({ manager }) => manager === "pip"),
  };
}

/**
 * Why packages cannot be added to a repository, for the person who granted them; undefined: they can. `files`: what
 * dependencies are installed from at its base; empty: nothing is installed.
 */
export function grantGap(
  dependencies: readonly string[],
  files: readonly string[],
): { readonly message: string; readonly hint: string } | undefined {
  const { npm, pip } = grantsByManager(dependencies);
  const [ofNpm, ofPip] = [npm[0], pip[0]];
  if (ofNpm && !(files.includes(NPM_MANIFEST) && npmLock(files) !== undefined))
    return {
      message: `"${ofNpm.name}@${ofNpm.range}" is for npm, and nothing is installed from a package.json with a package-lock.json at its top`,
      hint: "commit both; where prepare.files names files, name them there too; for pip write name==version",
    };
  if (ofPip && !files.includes(PIP_MANIFEST))
    return {
      message: `"${ofPip.name}${ofPip.range}" is for pip, and nothing is installed from a requirements.txt at its top`,
      hint: "commit one; where prepare.files names files, name it there too; for npm write name@range",
    };
  return undefined;
}
