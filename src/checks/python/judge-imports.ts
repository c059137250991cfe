import { nearMiss } from "../../core/near-miss.ts";
import type { FindingLevel } from "../../core/finding.ts";
import type { Occurrence, Scope } from "../finder.ts";
import { topOf, type PythonImport } from "./imports.ts";
import { ownModule } from "./module-places.ts";
import { brings, isWellKnown } from "./package-names.ts";
import { packagesFor } from "./project-packages.ts";
import type { PythonSource } from "./python-source.ts";
import { STANDARD_LIBRARY } from "./standard-library.ts";

/** Files that only those run who work on the project: what they import needs no place among what the product needs. */
const TOOLING =
  /(?:^|\/)(?:setup|noxfile|tasks|fabfile|conf|manage|build|hatch_build|versioneer)\.py$|(?:^|\/)(?:docs?|examples?|samples?|scripts?|tools?|bench(?:es|marks?)?|ci|\.github|\.ci)\//;
const SETUP_MODULES: ReadonlySet<string> = new Set(["setuptools", "wheel", "pkg_resources", "Cython"]);

/** What a file imports that nothing declares, that only development has, or that the policy denies. */
export function judgeImports(source: PythonSource, scope: Scope): Occurrence[] {
  const packages = packagesFor(source.file.path, scope.change);
  const denied = new Set(scope.settings.deniedBuiltins["python"] ?? []);
  const granted = new Set(scope.settings.grants.imports);
  return source.imports.flatMap((imported): Occurrence[] => {
    if (imported.relative || imported.module === "") return [];
    const top = topOf(imported.module);
    if (granted.has(top) || granted.has(imported.module)) return [];
    const line = imported.node.range().start.line + 1;
    const refused = deniedName(imported, denied);
    if (refused !== undefined) {
      return [
        {
          rule: "python-denied-module",
          key: refused,
          line,
          message: `The policy does not let product code import \`${refused}\`.`,
          ...(source.isTest ? { level: "warn" } : {}),
        },
      ];
    }
    if (STANDARD_LIBRARY.has(top)) return [];
    const { path } = source.file;
    const own = ownModule({ module: top, from: path, paths: scope.paths });
    if (own === "near") return [];
    const isTooling = source.isTest || TOOLING.test(path);
    if (path.endsWith("setup.py") && SETUP_MODULES.has(top)) return [];
    if (packages && brings(packages.runtime, top)) return [];
    if (packages && brings(packages.development, top)) {
      if (isTooling || imported.guarded || imported.typeOnly) return [];
      return [
        {
          rule: "python-development-import",
          key: top,
          line,
          message: `\`${top}\` is declared for development only, and product code imports it.`,
        },
      ];
    }
    const isOptional =
      isWellKnown(top) || imported.guarded || imported.typeOnly || isTooling || own === "elsewhere";
    const level: FindingLevel =
      isOptional && !looksLikeTypingError(top, packages?.runtime) ? "warn" : packages ? "block" : "warn";
    return [
      {
        rule: "python-undeclared-import",
        key: top,
        line,
        level,
        message: undeclared(top, packages?.runtime, own),
      },
    ];
  });
}

function deniedName({ module, names }: PythonImport, denied: ReadonlySet<string>): string | undefined {
  const parts = module.split(".");
  const above = parts.map((_, index) => parts.slice(0, index + 1).join("."));
  const below = names.map(({ name }) => `${module}.${name}`);
  return [...above, ...below].find((name) => denied.has(name));
}

function looksLikeTypingError(module: string, declared: ReadonlySet<string> | undefined): boolean {
  return declared !== undefined && module.length > 4 && nearMiss(module, declared) !== undefined;
}

function undeclared(
  module: string,
  declared: ReadonlySet<string> | undefined,
  own: "elsewhere" | undefined,
): string {
  if (own)
    return `\`${module}\` is imported from here, but the repository has a module of that name only elsewhere, and no manifest declares it.`;
  const meant = declared && nearMiss(module, declared);
  return `\`${module}\` is imported, and no manifest declares it${meant ? `; is \`${meant}\` meant?` : "."}`;
}
