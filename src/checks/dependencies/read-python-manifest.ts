import { parse } from "yaml";
import type { ManifestFacts } from "../../core/dependency.ts";
import { isTable, readToml, type TomlTable, type TomlValue } from "../../core/read-toml.ts";
import { Found } from "./found.ts";

/** The manifests of Python: requirements, pyproject.toml, Pipfile, setup.cfg, setup.py, environment.yml. */
export function readPythonManifest(path: string, text: string): ManifestFacts | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (
    /^(?:[\w.-]*requirements[\w.-]*|constraints[\w.-]*)\.(?:txt|in)$/.test(name) ||
    /(?:^|\/)requirements\/[^/]+\.(?:txt|in)$/.test(path)
  )
    return readRequirements(text);
  if (name === "pyproject.toml" || name === "uv.toml") return readPyproject(text);
  if (name === "Pipfile") return readPipfile(text);
  if (name === "setup.cfg" || name === "setup.py") return readSetup(name, text);
  return /^environment\.ya?ml$/.test(name) ? readEnvironment(text) : undefined;
}

/** `name[extra]>=1; marker`, `name @ https://…`, an address, a path. */
function requirement(found: Found, text: string, line?: number): void {
  const spec = text.trim();
  if (spec === "") return;
  const place = line === undefined ? {} : { line };
  const direct = /^([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*@\s*(.+)$/.exec(spec);
  if (direct) return found.dependency(direct[1] ?? "", "", { ...place, source: direct[2] ?? "" });
  if (
    /^(?:git\+|hg\+|svn\+|bzr\+|https?:|file:|ssh:|\.{0,2}\/)/.test(spec) ||
    /\.(?:whl|tar\.gz|zip)$/.test(spec)
  ) {
    const egg = /[#&]egg=([\w.-]+)/.exec(spec)?.[1] ?? spec.split("/").at(-1) ?? spec;
    return found.dependency(egg, "", { ...place, source: spec });
  }
  const named = /^([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*\(?([^;#)]*)/.exec(spec);
  if (named) found.dependency(named[1] ?? "", (named[2] ?? "").replace(/\s+--hash.*$/s, "").trim(), place);
}

function readRequirements(text: string): ManifestFacts {
  const found = new Found("python", text);
  for (const [index, raw] of text.replace(/\\\n/g, " \n").split("\n").entries()) {
    const line = raw.replace(/(?:^|\s)#.*$/, "").trim();
    if (line === "" || line.startsWith("--hash")) continue;
    const option =
      /^(-i|--index-url|--extra-index-url|-f|--find-links|--trusted-host|--no-index|--pre)(?:[\s=]+(.*))?$/.exec(
        line,
      );
    const editable = /^(?:-e|--editable)[\s=]+(.*)$/.exec(line)?.[1];
    const included = /^(?:-r|--requirement|-c|--constraint)[\s=]*(.*)$/.exec(line)?.[1];
    if (option) {
      if (option[1] !== "--pre") found.registry(option[1] ?? "", option[2] ?? "", raw.trim());
    } else if (editable !== undefined)
      requirement(
        found,
        /^[\w.]/.test(editable) && !editable.includes(":") ? `./${editable}` : editable,
        index + 1,
      );
    else if (included !== undefined) {
      if (/^https?:/.test(included)) found.registry("-r", included, raw.trim());
    } else if (!line.startsWith("-")) requirement(found, line, index + 1);
  }
  return found.facts();
}

function tableAt(root: TomlValue | undefined, ...path: readonly string[]): TomlTable {
  let at: TomlValue | undefined = root;
  for (const key of path) at = isTable(at) && Object.hasOwn(at, key) ? at[key] : undefined;
  return isTable(at) ? at : {};
}

function listOf(value: TomlValue | undefined): readonly TomlValue[] {
  return Array.isArray(value) ? (value as readonly TomlValue[]) : [];
}

function requirements(found: Found, value: TomlValue | undefined): void {
  for (const each of listOf(value)) if (typeof each === "string") requirement(found, each);
}

/** Poetry's and Pipenv's tables: `name = "^1"`, `name = { git = "…" }`. */
function tableOfPackages(found: Found, packages: TomlTable): void {
  for (const [name, value] of Object.entries(packages)) {
    if (name === "python") continue;
    for (const each of Array.isArray(value) ? (value as readonly TomlValue[]) : [value]) {
      if (typeof each === "string") found.dependency(name, each);
      else if (isTable(each)) {
        const path = each["path"] ?? each["file"];
        const local =
          typeof path === "string" && /^\w/.test(path) && !path.includes(":") ? `./${path}` : path;
        const source = each["git"] ?? each["url"] ?? each["hg"] ?? local;
        const spec = each["version"];
        found.dependency(name, typeof spec === "string" ? spec : "", {
          source: typeof source === "string" ? source : undefined,
        });
        if (typeof each["source"] === "string" || typeof each["index"] === "string")
          found.registry(`index of ${name}`, JSON.stringify(each["source"] ?? each["index"]), name);
      }
    }
  }
}

function readPyproject(text: string): ManifestFacts {
  const found = new Found("python", text);
  const root = readToml(text);
  requirements(found, tableAt(root, "project")["dependencies"]);
  requirements(found, tableAt(root, "build-system")["requires"]);
  for (const groups of [
    tableAt(root, "project", "optional-dependencies"),
    tableAt(root, "dependency-groups"),
    tableAt(root, "tool", "pdm", "dev-dependencies"),
  ]) {
    for (const group of Object.values(groups)) requirements(found, group);
  }
  requirements(found, tableAt(root, "tool", "uv")["dev-dependencies"]);
  for (const environment of Object.values(tableAt(root, "tool", "hatch", "envs"))) {
    if (isTable(environment))
      for (const key of ["dependencies", "extra-dependencies"]) requirements(found, environment[key]);
  }
  const poetry = tableAt(root, "tool", "poetry");
  tableOfPackages(found, tableAt(poetry, "dependencies"));
  tableOfPackages(found, tableAt(poetry, "dev-dependencies"));
  for (const group of Object.values(tableAt(poetry, "group")))
    tableOfPackages(found, tableAt(group, "dependencies"));
  const uv = { ...tableAt(root, "tool", "uv") };
  for (const [name, value] of Object.entries(tableAt(uv, "sources"))) {
    const source = JSON.stringify(value);
    if (!/"workspace":true/.test(source)) found.override(`sources ${name}`, source, name);
  }
  for (const key of ["override-dependencies", "constraint-dependencies", "no-build-isolation-package"]) {
    for (const each of listOf(uv[key])) found.override(`${key} ${JSON.stringify(each)}`, "", key);
  }
  for (const [where, value] of [
    ["uv index", uv["index"] ?? root["index"]],
    ["uv index-url", uv["index-url"] ?? root["index-url"]],
    ["uv extra-index-url", uv["extra-index-url"] ?? root["extra-index-url"]],
    ["uv find-links", uv["find-links"]],
    ["poetry source", poetry["source"]],
    ["pdm source", tableAt(root, "tool", "pdm")["source"]],
  ] as const) {
    if (value !== undefined) found.registry(where, JSON.stringify(value), where.split(" ")[1] ?? where);
  }
  const backend = tableAt(root, "build-system");
  if (backend["build-backend"] !== undefined)
    found.script(
      "build-backend",
      JSON.stringify([backend["build-backend"], backend["backend-path"] ?? null]),
      "build-backend",
    );
  for (const key of ["hooks"]) {
    for (const [name, value] of Object.entries(tableAt(root, "tool", "hatch", "build", key)))
      found.script(`build hook ${name}`, JSON.stringify(value), name);
  }
  if (poetry["build"] !== undefined) found.script("poetry build", JSON.stringify(poetry["build"]), "build");
  return found.facts();
}

function readPipfile(text: string): ManifestFacts {
  const found = new Found("python", text);
  const root = readToml(text);
  tableOfPackages(found, tableAt(root, "packages"));
  tableOfPackages(found, tableAt(root, "dev-packages"));
  if (root["source"] !== undefined) found.registry("source", JSON.stringify(root["source"]), "source");
  return found.facts();
}

function readSetup(name: string, text: string): ManifestFacts {
  const found = new Found("python", text);
  if (name === "setup.cfg") {
    let isList = false;
    for (const [index, line] of text.split("\n").entries()) {
      const head = /^(\S[^=]*?)\s*=\s*(.*)$/.exec(line);
      if (/^\S/.test(line)) isList = /^(?:install_requires|setup_requires|tests_require)\s*=/.test(line);
      const item = head ? (head[2] ?? "") : line;
      if (isList && item.trim() !== "" && !item.trim().startsWith("#")) requirement(found, item, index + 1);
    }
    return found.facts();
  }
  for (const [, list = ""] of text.matchAll(
    /\b(?:install_requires|setup_requires|tests_require|extras_require)\s*=\s*([[{][^\]}]*)/g,
  )) {
    for (const [, quoted = ""] of list.matchAll(/["']([A-Za-z0-9][^"'\n]{0,200})["']/g))
      requirement(found, quoted);
  }
  return found.facts();
}

function readEnvironment(text: string): ManifestFacts {
  const found = new Found("python", text);
  let document: unknown;
  try {
    document = parse(text, { maxAliasCount: 100, logLevel: "silent" });
  } catch {
    return found.facts();
  }
  const { dependencies, channels } = (document ?? {}) as { dependencies?: unknown; channels?: unknown };
  for (const each of Array.isArray(dependencies) ? (dependencies as unknown[]) : []) {
    if (typeof each === "string") requirement(found, each.replace(/=(?!=)/, "==").replace(/===+/, "=="));
    else if (typeof each === "object" && each !== null) {
      const { pip } = each as { pip?: unknown };
      for (const item of Array.isArray(pip) ? pip : [])
        if (typeof item === "string") requirement(found, item);
    }
  }
  if (channels !== undefined) found.registry("channels", JSON.stringify(channels), "channels");
  return found.facts();
}
