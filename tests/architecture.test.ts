import { readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { PROGRAM_FOLDERS } from "../src/launcher/host-spec.ts";

const SRC = resolve(import.meta.dirname, "../src");

const ADAPTER = ["core", "contracts", "lib"];
const ADAPTERS = [
  "agents",
  "checks",
  "credentials",
  "drills",
  "engine",
  "git",
  "health",
  "images",
  "journal",
  "report",
  "sandbox",
  "schedule",
];

/** Which folders a folder may import from, beside itself. The reasons are in docs/architecture.md. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  lib: [],
  contracts: ["core"],
  // Small programs that are copied into images: whatever they import goes along.
  shim: ["core"],
  collector: ["core"],
  // What the programs share that are somebody's one way out.
  egress: ["core"],
  gateway: ["core", "egress"],
  registry: ["core", "egress"],
  // Runs as root: whatever it imports has root's power.
  launcher: ["core"],
  config: ["core"],
  night: ["core", "contracts"],
  ...Object.fromEntries(ADAPTERS.map((name) => [name, ADAPTER])),
  compose: ["config", "contracts", "core", "lib", "night", ...ADAPTERS],
  cli: ["compose", "config", "contracts", "core", "health", "night", "report"],
  main: ["cli", "core"],
};

/** npm packages by folder; a package that is not listed for a folder is a violation there. */
const MAY_USE: Readonly<Record<string, readonly string[]>> = {
  core: ["zod"],
  contracts: [],
  shim: [],
  collector: [],
  egress: [],
  gateway: [],
  registry: [],
  launcher: [],
  night: [],
};

interface Import {
  readonly file: string;
  readonly specifier: string;
  readonly typeOnly: boolean;
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath, entry.name));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, "utf8");
  const statements = text.matchAll(/^(?:import|export)\s+(type\s+)?(?:[^;"']*?\sfrom\s+)?["']([^"']+)["']/gm);
  const dynamic = text.matchAll(/\bimport\(\s*["']([^"']+)["']\s*\)/g);
  return [
    ...[...statements].map((match) => ({
      file,
      specifier: match[2] ?? "",
      typeOnly: match[1] !== undefined,
    })),
    ...[...dynamic].map((match) => ({ file, specifier: match[1] ?? "", typeOnly: false })),
  ];
}

/** The folder of `src` that a file belongs to; for a file directly in `src`, its name. */
function placeOf(file: string): string {
  const [first = "", ...rest] = relative(SRC, file).split("/");
  return rest.length === 0 ? first.replace(/\.ts$/, "") : first;
}

const files = sourceFiles(SRC);
const imports = files.flatMap(importsOf);

describe("the architecture", () => {
  it("lets each folder import only from the folders that the design allows", () => {
    const violations = imports.flatMap(({ file, specifier }) => {
      if (!specifier.startsWith(".")) return [];
      const [from, to] = [placeOf(file), placeOf(resolve(dirname(file), specifier))];
      const allowed = MAY_IMPORT[from];
      if (!allowed)
        return [
          `${relative(SRC, file)}: the folder "${from}" has no rule; give it one here and in docs/architecture.md`,
        ];
      if (from === to || allowed.includes(to)) return [];
      return [
        `${relative(SRC, file)} imports ${specifier}: ${from} may import only ${allowed.join(", ") || "nothing of ours"}`,
      ];
    });
    expect(violations).toEqual([]);
  });

  it("keeps the core pure: no Node, no npm package but zod, no clock, no chance", () => {
    const isNode = (name: string): boolean => name.startsWith("node:") || builtinModules.includes(name);
    const violations = imports.flatMap(({ file, specifier }) => {
      const allowed = MAY_USE[placeOf(file)];
      if (specifier.startsWith(".") || !allowed) return [];
      const mayUseNode = ["shim", "collector", "egress", "gateway", "registry", "launcher"].includes(
        placeOf(file),
      );
      if (isNode(specifier) ? mayUseNode : allowed.includes(specifier)) return [];
      return [
        `${relative(SRC, file)} imports ${specifier}: decisions get facts as arguments, and are tested without fakes`,
      ];
    });
    const impure = files
      .filter((file) => ["core", "night"].includes(placeOf(file)))
      .filter((file) =>
        /\bDate\.now\(|new Date\(\)|Math\.random\(|\bprocess\./.test(readFileSync(file, "utf8")),
      )
      .map((file) => `${relative(SRC, file)} asks the machine for the time, chance or environment`);
    expect([...violations, ...impure]).toEqual([]);
  });

  it("brings no npm package into an image or to root: what the shim, the collector, the gateways and the launcher import, at any distance, is ours", () => {
    const reached = new Set<string>();
    const packages: string[] = [];
    const visit = (file: string): void => {
      if (reached.has(file)) return;
      reached.add(file);
      for (const { specifier, typeOnly } of importsOf(file)) {
        if (typeOnly) continue; // erased when it is built
        if (specifier.startsWith(".")) visit(resolve(dirname(file), specifier));
        else if (!specifier.startsWith("node:")) packages.push(`${relative(SRC, file)}: ${specifier}`);
      }
    };
    visit(join(SRC, "shim/main.ts"));
    visit(join(SRC, "collector/main.ts"));
    visit(join(SRC, "gateway/main.ts"));
    visit(join(SRC, "registry/main.ts"));
    visit(join(SRC, "launcher/main.ts"));
    expect(packages).toEqual([]);
    expect(reached.size).toBeGreaterThan(6);
  });

  it("the launcher looks after, and shows, every folder that its programs import from", () => {
    const reached = new Set<string>();
    const visit = (file: string): void => {
      if (reached.has(file)) return;
      reached.add(file);
      for (const { specifier, typeOnly } of importsOf(file)) {
        if (!typeOnly && specifier.startsWith(".")) visit(resolve(dirname(file), specifier));
      }
    };
    for (const program of ["shim", "collector", "gateway", "registry"]) visit(join(SRC, program, "main.ts"));
    const folders = new Set([...reached].map(placeOf));
    expect([...folders].toSorted()).toEqual([...PROGRAM_FOLDERS].toSorted());
  });

  it("runs git in one folder and host processes through one file", () => {
    const users = (name: string): string[] =>
      imports.filter(({ specifier }) => specifier === name).map(({ file }) => relative(SRC, file));
    const outside = (names: readonly string[], allowed: readonly RegExp[]): string[] =>
      names.filter((name) => !allowed.some((pattern) => pattern.test(name)));
    expect(outside(users("execa"), [/^lib\/run-process\.ts$/])).toEqual([]);
    expect(
      outside(users("node:child_process"), [
        /^shim\//,
        /^collector\//,
        /^launcher\//,
        /^lib\/run-process\.ts$/,
      ]),
    ).toEqual([]);
    const locators = imports
      .filter(
        ({ file, specifier }) => specifier.endsWith("/run-git.ts") && !file.startsWith(join(SRC, "git/")),
      )
      .map(({ file }) => relative(SRC, file));
    expect(locators).toEqual([]);
    expect(users("./run-git.ts").length).toBeGreaterThan(3);
  });

  it("has no drawers and no barrels", () => {
    const bad = files
      .map((file) => relative(SRC, file))
      .filter((file) => /(^|\/)(utils?|helpers?|common|shared|index)(\.ts|\/)/.test(file));
    expect(bad).toEqual([]);
  });

  it("looked: a scan that saw nothing would pass every test above", () => {
    expect(files.length).toBeGreaterThan(60);
    expect(imports.filter(({ specifier }) => specifier.startsWith(".")).length).toBeGreaterThan(150);
  });
});
