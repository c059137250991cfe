import { normalName } from "./package-names.ts";

/** What a Python project's manifests declare, and what it is called itself. */
export interface DeclaredPackages {
  readonly runtime: ReadonlySet<string>;
  /** Declared for tests, documentation, tools: not there where the product runs. */
  readonly development: ReadonlySet<string>;
}

interface Collected {
  readonly runtime: Set<string>;
  readonly development: Set<string>;
}

const DEVELOPMENT =
  /(?:^|[-_./])(?:dev|develop|development|test|tests|testing|doc|docs|lint|typing|types|ci|build|bench|benchmark|benchmarks|coverage|quality|style|check)(?:$|[-_./])/i;
const REQUIREMENT = /^\s*([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\]\s*)?(?:[<>=!~;@,( ].*)?$/;

/** What a manifest declares, by its name and text. Nothing: it is none of Python's. */
export function declaredIn(path: string, text: string): DeclaredPackages | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const collected: Collected = { runtime: new Set(), development: new Set() };
  if (name === "pyproject.toml" || name === "Pipfile") readToml(text, collected);
  else if (name === "setup.py") readSetupPy(text, collected);
  else if (name === "setup.cfg" || name === "tox.ini") readIni(text, collected);
  else if (/^environment\.ya?ml$/.test(name)) readEnvironment(text, collected);
  else if (/\.(?:txt|in)$/.test(name)) readRequirements(path, text, collected);
  else return undefined;
  return collected;
}

function add(into: Set<string>, requirement: string): void {
  const egg = /[#&]egg=([\w.-]+)/.exec(requirement)?.[1];
  const name = egg ?? REQUIREMENT.exec(requirement)?.[1];
  if (name) into.add(normalName(name));
}

function readRequirements(path: string, text: string, { runtime, development }: Collected): void {
  const into = DEVELOPMENT.test(path.replace(/\.(?:txt|in)$/, "").replace(/requirements/gi, ""))
    ? development
    : runtime;
  for (const line of text.split("\n")) {
    const bare = line.replace(/(?:^|\s)#.*$/, "").trim();
    if (bare.startsWith("-e") || bare.startsWith("--editable") || bare.includes("egg=")) add(into, bare);
    else if (bare !== "" && !bare.startsWith("-")) add(into, bare.replace(/\s+--hash.*$|\\$/, ""));
  }
}

function readSetupPy(text: string, { runtime, development }: Collected): void {
  for (const list of text.matchAll(/(\w+)\s*[=:]\s*\[([^\]]*)\]/g)) {
    const into = /test|dev|doc|lint/i.test(list[1] ?? "") ? development : runtime;
    for (const quoted of (list[2] ?? "").matchAll(/["']([^"'\n]+)["']/g)) add(into, quoted[1] ?? "");
  }
  for (const list of text.matchAll(/["'](\w+)["']\s*:\s*\[([^\]]*)\]/g)) {
    for (const quoted of (list[2] ?? "").matchAll(/["']([^"'\n]+)["']/g)) add(development, quoted[1] ?? "");
  }
}

function readIni(text: string, { runtime, development }: Collected): void {
  let section = "";
  let into: Set<string> | undefined;
  for (const line of text.split("\n")) {
    const header = /^\[([^\]]+)\]/.exec(line)?.[1];
    if (header !== undefined) {
      section = header;
      into = section.startsWith("options.extras_require") ? development : undefined;
      continue;
    }
    const key = /^(\w[\w.-]*)\s*=\s*(.*)$/.exec(line);
    if (key) {
      const name = key[1] ?? "";
      if (name === "install_requires" || name === "setup_requires") into = runtime;
      else if (name === "deps" || name === "tests_require" || section.startsWith("options.extras_require"))
        into = development;
      else into = undefined;
      if (into && key[2]) add(into, key[2]);
    } else if (into && /^\s+\S/.test(line)) add(into, line.trim().replace(/^[\w,{}!-]+:\s*/, ""));
  }
}

function readEnvironment(text: string, { runtime }: Collected): void {
  for (const [, requirement = ""] of text.matchAll(/^\s*-\s+["']?(?:[\w-]+::)?([^"'\n#]+)/gm))
    add(runtime, requirement.trim());
}

/** The tables of a TOML file that name packages; a table's other content is passed over. */
function readToml(text: string, { runtime, development }: Collected): void {
  let table = "";
  const lines = text.split("\n");
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    const header = /^\s*\[{1,2}\s*([^\]]+?)\s*\]{1,2}/.exec(line)?.[1];
    if (header !== undefined) {
      table = header.replaceAll('"', "");
      continue;
    }
    const [, rawKey, rest] = /^\s*("[^"]+"|[\w.-]+)\s*=\s*(.*)$/.exec(line) ?? [];
    if (rawKey === undefined || rest === undefined) continue;
    const key = rawKey.replaceAll('"', "");
    const isMapping = isPackageTable(table);
    if (isMapping) {
      if (key !== "python") add(isDevelopmentTable(table) ? development : runtime, key);
      continue;
    }
    const into = arrayOf(table, key, { runtime, development });
    if (!into && !(table === "project" && key === "name")) continue;
    let value = rest;
    // An array goes on up to the bracket that ends it; brackets inside quotes are extras.
    if (into) while (!closed(value) && at + 1 < lines.length) value += `\n${lines[(at += 1)] ?? ""}`;
    for (const [, double, single] of value.replace(/#[^"'\n]*$/gm, "").matchAll(/"([^"\n]*)"|'([^'\n]*)'/g)) {
      add(into ?? runtime, double ?? single ?? "");
    }
  }
}

function isPackageTable(table: string): boolean {
  return /^(?:tool\.poetry(?:\.group\.[\w-]+)?\.(?:dev-)?dependencies|packages|dev-packages|tool\.pixi(?:\.feature\.[\w-]+)?\.(?:pypi-)?dependencies)$/.test(
    table,
  );
}

function isDevelopmentTable(table: string): boolean {
  return (
    table === "dev-packages" || table.includes("dev-dependencies") || /\.group\.|\.feature\./.test(table)
  );
}

function arrayOf(table: string, key: string, { runtime, development }: Collected): Set<string> | undefined {
  if (table === "project" && key === "dependencies") return runtime;
  if (table === "project.optional-dependencies") return DEVELOPMENT.test(key) ? development : runtime;
  if (table === "project" && key.startsWith("optional-dependencies")) return runtime;
  if (table === "build-system" && key === "requires") return development;
  if (table === "dependency-groups" || /^tool\.(?:pdm|uv)(?:\.dev-dependencies)?$/.test(table))
    return development;
  if (table.startsWith("tool.hatch.envs.") && key.endsWith("dependencies")) return development;
  if (table === "tool.poetry.extras") return runtime;
  return undefined;
}

function closed(value: string): boolean {
  const bare = value.replace(/"[^"\n]*"|'[^'\n]*'/g, "").replace(/#.*$/gm, "");
  return !bare.includes("[") || bare.split("]").length >= bare.split("[").length;
}
