import type { Change } from "../../core/change.ts";
import type { CheckLanguage } from "../../core/check-rule.ts";
import type { FileFinder, Occurrence, Scope } from "../finder.ts";
import type { SourceFile } from "../source-file.ts";
import { syntaxTree } from "../syntax/syntax-tree.ts";
import { ECOSYSTEMS, type Ecosystem, type ManifestText } from "./ecosystems.ts";

/**
 * What Go, Rust, Java, Ruby, PHP and C# import, against what the base's manifests name. Only Go's imports are the names
 * that its manifest has: elsewhere what is not found is worth a look, and no more.
 */
export const declaredImports: FileFinder = {
  name: "declared-imports",
  find(file: SourceFile, scope: Scope): Occurrence[] {
    const ecosystem = file.language && ECOSYSTEMS[file.language];
    return ecosystem ? findIn(file, ecosystem, scope) : [];
  },
};

const texts = new WeakMap<Change, Map<CheckLanguage, readonly ManifestText[]>>();

function findIn(file: SourceFile, ecosystem: Ecosystem, scope: Scope): Occurrence[] {
  const manifests = manifestsFor(file.language, ecosystem, scope.change).filter(
    ({ folder }) => folder === "" || file.path.startsWith(`${folder}/`),
  );
  const root = manifests.length > 0 ? syntaxTree(file) : undefined;
  if (!root) return [];
  const granted = new Set(scope.settings.grants.imports);
  const level = ecosystem.isCertain && file.role !== "test" ? "block" : "warn";
  return root.findAll({ rule: ecosystem.statement }).flatMap((node): Occurrence[] => {
    const name = ecosystem.nameOf(node);
    if (name === undefined || ecosystem.isBuiltin(name) || granted.has(name)) return [];
    if (granted.has(ecosystem.packageOf(name))) return [];
    if (ecosystem.isDeclared({ name, manifests, paths: scope.paths, file })) return [];
    const message = `\`${name}\` is imported, and no manifest of the project declares where it is from.`;
    return [{ rule: "undeclared-import", key: name, line: node.range().start.line + 1, level, message }];
  });
}

function manifestsFor(
  language: CheckLanguage | undefined,
  ecosystem: Ecosystem,
  change: Change,
): readonly ManifestText[] {
  if (!language) return [];
  const known = texts.get(change) ?? new Map<CheckLanguage, readonly ManifestText[]>();
  texts.set(change, known);
  const read = known.get(language);
  if (read) return read;
  const decoder = new TextDecoder();
  const found = change.manifests
    .filter(({ path }) => ecosystem.manifest.test(path))
    .map(({ path, content }) => ({
      folder: path.slice(0, Math.max(0, path.lastIndexOf("/"))),
      text: decoder.decode(content),
    }));
  known.set(language, found);
  return found;
}
