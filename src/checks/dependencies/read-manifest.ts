import { parse } from "yaml";
import { sourceOf, type ManifestFacts } from "../../core/dependency.ts";
import { parseLooseJson } from "../javascript/parse-loose-json.ts";
import { readPythonManifest } from "./read-python-manifest.ts";
import { readCargoManifest } from "./read-cargo-manifest.ts";
import { readLineManifest } from "./read-line-manifest.ts";
import { Found } from "./found.ts";

/** What a manifest asks for; undefined: the file is none. */
export function readManifest(path: string, text: string): ManifestFacts | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (name === "package.json") return readPackageJson(text);
  if (name === "pnpm-workspace.yaml" || name === ".yarnrc.yml") return readYaml(name, text);
  if (/^deno\.jsonc?$/.test(name)) return readDeno(text);
  if (name === "composer.json") return readComposer(text);
  if (name === "Cargo.toml" || /(?:^|\/)\.cargo\/config(?:\.toml)?$/.test(path))
    return readCargoManifest(text);
  return readPythonManifest(path, text) ?? readLineManifest(path, text);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function fieldsOf(value: unknown, key: string): (readonly [string, unknown])[] {
  const field = isRecord(value) ? value[key] : undefined;
  return isRecord(field) ? Object.entries(field) : [];
}

/** Programs that everybody starts by name: a package's `bin` of that name is started in their place. */
const COMMANDS =
  /^(?:node|npm|npx|pnpm|yarn|bun|git|sh|bash|zsh|python\d?|pip\d?|curl|wget|ls|cat|rm|cp|mv|sudo|ssh|docker|make|tsc|eslint|vitest|jest|prettier)$/;
const GROUPS = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];
/** What npm and its like run by themselves, at an installation or a publication. */
const LIFECYCLE =
  /^(?:(?:pre|post)?install|(?:pre|post)?prepare|prepublish(?:Only)?|publish|postpublish|(?:pre|post)pack|(?:pre|post)?uninstall|dependencies|pnpm:devPreinstall|(?:pre|post)?version|(?:pre|post)?rebuild|(?:pre|post)?shrinkwrap)$/;

function readPackageJson(text: string): ManifestFacts {
  const found = new Found("npm", text);
  const manifest = parseLooseJson(text);
  for (const group of GROUPS) {
    for (const [name, spec] of fieldsOf(manifest, group)) {
      if (typeof spec === "string")
        found.dependency(name, spec, { group: `"${group}"`, source: sourceOf(spec) });
    }
  }
  const pnpm = isRecord(manifest) ? manifest["pnpm"] : undefined;
  for (const [holder, key] of [
    [manifest, "overrides"],
    [manifest, "resolutions"],
    [manifest, "patchedDependencies"],
    [manifest, "dependenciesMeta"],
    [manifest, "imports"],
    [pnpm, "overrides"],
    [pnpm, "patchedDependencies"],
    [pnpm, "packageExtensions"],
    [pnpm, "onlyBuiltDependencies"],
    [pnpm, "neverBuiltDependencies"],
  ] as const) {
    const field = isRecord(holder) ? holder[key] : undefined;
    if (key === "imports") {
      // Names of the project's own (`#x`) may only stand for its own files.
      for (const [name, target] of fieldsOf(holder, key)) {
        const targets = JSON.stringify(target);
        if (!/"\.{1,2}\//.test(targets)) found.override(`imports ${name}`, targets, `"${name}"`);
      }
    } else if (Array.isArray(field))
      for (const each of field) found.override(`${key} ${String(each)}`, "", `"${String(each)}"`);
    else
      for (const [name, value] of fieldsOf(holder, key))
        found.override(`${key} ${name}`, JSON.stringify(value), `"${name}"`);
  }
  if (isRecord(manifest)) {
    for (const key of ["trustedDependencies", "allowScripts", "bundleDependencies", "bundledDependencies"]) {
      const value = manifest[key];
      if (value !== undefined) found.override(key, JSON.stringify(value), `"${key}"`);
    }
  }
  for (const [name, target] of fieldsOf(manifest, "browser")) {
    if (!/^\.{1,2}\//.test(name) && target !== false)
      found.override(`browser ${name}`, JSON.stringify(target), `"${name}"`);
  }
  for (const [name, target] of fieldsOf(manifest, "bin")) {
    if (COMMANDS.test(name)) found.override(`bin ${name}`, JSON.stringify(target), `"${name}"`);
  }
  const workspaces = isRecord(manifest) ? manifest["workspaces"] : undefined;
  for (const each of Array.isArray(workspaces) ? (workspaces as unknown[]) : []) {
    if (typeof each === "string" && /^(?:\.\.|[/~])/.test(each))
      found.override(`workspace ${each}`, "", each);
  }
  for (const [key, value] of fieldsOf(manifest, "publishConfig")) {
    if (/registry/.test(key)) found.registry(`publishConfig ${key}`, String(value), `"publishConfig"`);
  }
  for (const [name, command] of fieldsOf(manifest, "scripts")) {
    if (LIFECYCLE.test(name)) found.script(name, String(command), `"${name}"`);
  }
  for (const key of ["gypfile", "husky", "simple-git-hooks", "lint-staged", "pre-commit", "packageManager"]) {
    const value = isRecord(manifest) ? manifest[key] : undefined;
    if (value !== undefined) found.script(key, JSON.stringify(value), `"${key}"`);
  }
  return found.facts();
}

function readYaml(name: string, text: string): ManifestFacts {
  const found = new Found("npm", text);
  let document: unknown;
  try {
    document = text.length > 500_000 ? undefined : parse(text, { maxAliasCount: 100, logLevel: "silent" });
  } catch {
    document = undefined;
  }
  const catalogs = [
    fieldsOf(document, "catalog"),
    ...fieldsOf(document, "catalogs").map(([, each]) => (isRecord(each) ? Object.entries(each) : [])),
  ];
  for (const [dependency, spec] of catalogs.flat()) {
    if (typeof spec === "string") found.dependency(dependency, spec, { source: sourceOf(spec) });
  }
  for (const key of ["overrides", "patchedDependencies", "packageExtensions"]) {
    for (const [each, value] of fieldsOf(document, key))
      found.override(`${key} ${each}`, JSON.stringify(value), each);
  }
  const lists = isRecord(document) ? document : {};
  for (const key of ["onlyBuiltDependencies", "allowBuilds", "dangerouslyAllowAllBuilds"]) {
    if (lists[key] !== undefined) found.override(key, JSON.stringify(lists[key]), key);
  }
  if (name === ".yarnrc.yml") {
    for (const [key, value] of Object.entries(lists)) {
      if (/registr|Server|Hostname|yarnPath|plugins|unsafe|Scripts|checksum/i.test(key))
        found.registry(key, JSON.stringify(value), key);
    }
  }
  return found.facts();
}

function readDeno(text: string): ManifestFacts {
  const found = new Found("npm", text);
  for (const [name, target] of fieldsOf(parseLooseJson(text), "imports")) {
    if (typeof target !== "string" || /^\.{1,2}\//.test(target)) continue;
    const spec = /^(?:npm|jsr):\/?(@?[^@]+)@?(.*)$/.exec(target);
    if (spec) found.dependency(spec[1] ?? name, spec[2] ?? "", { group: `"${name}"` });
    else found.dependency(name, target, { source: target });
  }
  return found.facts();
}

function readComposer(text: string): ManifestFacts {
  const found = new Found("php", text);
  const manifest = parseLooseJson(text);
  for (const group of ["require", "require-dev"]) {
    for (const [name, spec] of fieldsOf(manifest, group)) {
      if (!/^(?:php|ext-.*|lib-.*|composer-.*)$/.test(name))
        found.dependency(name, String(spec), { group: `"${group}"` });
    }
  }
  const repositories = isRecord(manifest) ? manifest["repositories"] : undefined;
  if (repositories !== undefined)
    found.registry("repositories", JSON.stringify(repositories), '"repositories"');
  for (const [name, value] of fieldsOf(manifest, "scripts")) {
    if (/^(?:pre|post)-/.test(name)) found.script(name, JSON.stringify(value), `"${name}"`);
  }
  for (const [name, value] of fieldsOf(manifest, "replace"))
    found.override(`replace ${name}`, String(value), `"${name}"`);
  return found.facts();
}
