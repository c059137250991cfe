import type { ManifestFacts } from "../../core/dependency.ts";
import { isTable, readToml, type TomlTable, type TomlValue } from "../../core/read-toml.ts";
import { Found } from "./found.ts";

/** Cargo.toml, and Cargo's configuration. */
export function readCargoManifest(text: string): ManifestFacts {
  const found = new Found("rust", text);
  const root = readToml(text);
  const groups = (table: TomlTable): void => {
    for (const key of ["dependencies", "dev-dependencies", "build-dependencies"]) packages(found, table[key]);
  };
  groups(root);
  if (isTable(root["workspace"])) groups(root["workspace"]);
  if (isTable(root["target"]))
    for (const target of Object.values(root["target"])) if (isTable(target)) groups(target);
  for (const key of ["patch", "replace", "source", "paths"]) {
    const value = root[key];
    if (isTable(value)) {
      for (const [name, target] of Object.entries(value))
        (key === "source" ? settle : override)(found, `${key} ${name}`, target, name);
    } else if (value !== undefined) override(found, key, value, key);
  }
  for (const key of ["registries", "registry"])
    if (root[key] !== undefined) settle(found, key, root[key], key);
  const { package: own, build } = root;
  const script = isTable(own) ? own["build"] : undefined;
  if (script !== undefined) found.script("build", JSON.stringify(script), "build");
  if (isTable(build)) {
    for (const key of ["rustc", "rustc-wrapper", "rustc-workspace-wrapper", "rustflags", "rustdoc"]) {
      if (build[key] !== undefined) found.script(`build.${key}`, JSON.stringify(build[key]), key);
    }
  }
  return found.facts();
}

function override(found: Found, what: string, value: TomlValue, needle: string): void {
  found.override(what, JSON.stringify(value), needle);
}

function settle(found: Found, what: string, value: TomlValue | undefined, needle: string): void {
  found.registry(what, JSON.stringify(value), needle);
}

function packages(found: Found, table: TomlValue | undefined): void {
  if (!isTable(table)) return;
  for (const [name, value] of Object.entries(table)) {
    if (typeof value === "string") found.dependency(name, value);
    if (!isTable(value) || value["workspace"] === true) continue;
    const path = value["path"];
    const source = value["git"] ?? (typeof path === "string" && /^\w/.test(path) ? `./${path}` : path);
    const renamed = value["package"];
    const version = value["version"];
    found.dependency(
      typeof renamed === "string" ? renamed : name,
      typeof version === "string" ? version : "",
      { source: typeof source === "string" ? source : undefined },
    );
    if (value["registry"] !== undefined)
      found.registry(`registry of ${name}`, JSON.stringify(value["registry"]), name);
  }
}
