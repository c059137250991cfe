import type { Change } from "../../core/change.ts";
import { parseLooseJson } from "./parse-loose-json.ts";

/** What a folder's manifests say about the names that its files may import. */
interface Manifest {
  readonly folder: string;
  readonly name: string | undefined;
  readonly product: ReadonlySet<string>;
  readonly development: ReadonlySet<string>;
  /** Names or patterns (`#x`, `@/*`) that the project gives to files of its own. */
  readonly aliases: readonly string[];
  readonly isPackage: boolean;
}

/** What the base declares for one file. */
export interface Declared {
  /** Where a package is declared: for the product, or for development alone. Undefined: nowhere. */
  packageUse(name: string): "product" | "development" | undefined;
  /** Whether a specifier is one of the project's own names for its files. */
  isAlias(specifier: string): boolean;
}

const made = new WeakMap<Change, readonly Manifest[]>();

/** What the manifests in the file's folder and those around it declare, as the base has them. */
export function declaredFor(change: Change, path: string): Declared {
  const all = manifestsOf(change);
  const around = all.filter(({ folder }) => folder === "" || path.startsWith(`${folder}/`));
  // Any package of the repository may be imported by its name: that is what a workspace is.
  const own = new Set(all.flatMap(({ name }) => (name === undefined ? [] : [name])));
  return {
    packageUse(name) {
      if (own.has(name) || around.some(({ product }) => product.has(name))) return "product";
      return around.some(({ development }) => development.has(name)) ? "development" : undefined;
    },
    isAlias(specifier) {
      return around.some(({ aliases }) => aliases.some((alias) => matches(alias, specifier)));
    },
  };
}

function manifestsOf(change: Change): readonly Manifest[] {
  let manifests = made.get(change);
  if (!manifests)
    made.set(
      change,
      (manifests = change.manifests.flatMap((each) => readManifest(each.path, each.content) ?? [])),
    );
  return manifests;
}

function readManifest(path: string, content: Uint8Array): Manifest | undefined {
  const slash = path.lastIndexOf("/");
  const folder = slash === -1 ? "" : path.slice(0, slash);
  const name = path.slice(slash + 1);
  const isPackage = name === "package.json";
  if (!isPackage && !/^(?:tsconfig.*|jsconfig|deno)\.jsonc?$/.test(name)) return undefined;
  const parsed = parseLooseJson(new TextDecoder().decode(content));
  if (!isRecord(parsed)) return undefined;
  if (isPackage) return packageManifest(folder, parsed);
  const imports = keysOf(parsed["imports"]).map((each) => (each.endsWith("/") ? `${each}*` : each));
  const options = isRecord(parsed["compilerOptions"]) ? parsed["compilerOptions"] : {};
  const aliases = [...imports, ...keysOf(options["paths"])].filter((each) => each !== "*");
  return { folder, name: undefined, product: new Set(), development: new Set(), aliases, isPackage };
}

function packageManifest(folder: string, parsed: Readonly<Record<string, unknown>>): Manifest {
  const bundled = parsed["bundleDependencies"] ?? parsed["bundledDependencies"];
  return {
    folder,
    name: typeof parsed["name"] === "string" ? parsed["name"] : undefined,
    product: new Set([
      ...keysOf(parsed["dependencies"]),
      ...keysOf(parsed["peerDependencies"]),
      ...keysOf(parsed["optionalDependencies"]),
      ...(Array.isArray(bundled) ? bundled.filter((each) => typeof each === "string") : []),
    ]),
    development: new Set(keysOf(parsed["devDependencies"])),
    aliases: keysOf(parsed["imports"]),
    isPackage: true,
  };
}

function matches(alias: string, specifier: string): boolean {
  const star = alias.indexOf("*");
  if (star === -1) return alias === specifier;
  const head = alias.slice(0, star);
  const tail = alias.slice(star + 1);
  return (
    specifier.length >= head.length + tail.length && specifier.startsWith(head) && specifier.endsWith(tail)
  );
}

function keysOf(value: unknown): string[] {
  return isRecord(value) ? Object.keys(value) : [];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
