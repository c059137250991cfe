import { specName } from "./spec-name.ts";
import type { FindingLevel } from "../../core/finding.ts";
import type { FileFinder, Scope } from "../finder.ts";
import type { SourceFile } from "../source-file.ts";
import { declaredFor, type Declared } from "./declared-packages.ts";
import { isGranted } from "./is-granted.ts";
import { followLocal, withoutQuery } from "./local-module.ts";
import { requestsOf, type ModuleRequest } from "./module-requests.ts";
import { OccurrenceList } from "./occurrence-list.ts";
import { isTooling } from "./is-tooling.ts";
import { builtinName } from "./runtime-paths.ts";
import { HOLE } from "./values.ts";

/** Modules that a file asks for, and that nothing in the base lets it have. */
export const importFinder: FileFinder = {
  name: "javascript.imports",
  find(file, scope) {
    const requests = requestsOf(file);
    if (requests.length === 0) return [];
    const found = new OccurrenceList(file);
    const declared = declaredFor(scope.change, file.path);
    for (const request of requests) {
      for (const fault of faultsOf(request, file, scope, declared)) {
        found.add({ start: request.start, ...fault });
      }
    }
    return found.all;
  },
};

interface Fault {
  readonly rule: string;
  readonly key: string;
  readonly level?: FindingLevel;
  readonly message?: string;
}

function faultsOf(request: ModuleRequest, file: SourceFile, scope: Scope, declared: Declared): Fault[] {
  const faults: Fault[] = [];
  const isUnknown = request.specifiers.length === 0;
  if (isUnknown && request.how === "worker") return [];
  if (isUnknown) {
    const level = request.hidden ? "block" : "warn";
    // In a test or a tool it is the usual way to load what the test is about.
    return [
      {
        rule: "js-computed-import",
        key: request.how,
        level: level === "warn" && isTooling(file) ? "info" : level,
      },
    ];
  }
  for (const specifier of new Set(request.specifiers))
    faults.push(...judgeSpecifier(specifier, { request, file, scope, declared }));
  return faults;
}

interface Asked {
  readonly request: ModuleRequest;
  readonly file: SourceFile;
  readonly scope: Scope;
  readonly declared: Declared;
}

function judgeSpecifier(specifier: string, asked: Asked): Fault[] {
  const { request, scope } = asked;
  if (isGranted(scope.settings, specifier)) return [];
  if (/^(?:https?:|\/\/|data:|blob:|ftp:|javascript:|jsr:https)/i.test(specifier.trim()))
    return [{ rule: "js-import-url", key: specifier.slice(0, 80) }];
  const hidden: Fault[] = request.hidden
    ? [{ rule: "js-computed-import", key: specifier, level: "block" }]
    : [];
  const hole = specifier.indexOf(HOLE);
  if (hole !== -1)
    return hidden.length > 0 ? hidden : judgePartly(specifier.slice(0, hole), specifier, asked);
  // Put together, and in vain: the whole is known.
  if (request.made && hidden.length === 0 && !/^[./]/.test(specifier) && request.how !== "worker")
    hidden.push({ rule: "js-computed-import", key: specifier, level: "warn" });
  return [...hidden, ...judgeKnown(specifier, asked)];
}

/** A specifier of which only the beginning is known. */
function judgePartly(head: string, specifier: string, asked: Asked): Fault[] {
  const key = specifier.replaceAll(HOLE, "…");
  if (/^\.{1,2}\//.test(head)) {
    const folder = head.slice(0, head.lastIndexOf("/") + 1);
    const where = followLocal({ from: asked.file.path, specifier: `${folder}.`, paths: asked.scope.paths });
    return where === "outside" || where === "installed" ? [{ rule: "js-import-outside", key }] : [];
  }
  const name = packageName(head);
  // `pkg/locale/…`: which package it is is known.
  if (name !== undefined && head.startsWith(`${name}/`)) return judgeKnown(name, asked);
  if (asked.declared.isAlias(head)) return [];
  return [{ rule: "js-computed-import", key, level: isTooling(asked.file) ? "info" : "warn" }];
}

function judgeKnown(specifier: string, asked: Asked): Fault[] {
  const { request, scope, declared } = asked;
  const plain = withoutQuery(specifier);
  if (request.how === "worker" && !/^(?:[./]|node:)/.test(specifier)) return [];
  if (plain.endsWith(".node")) return [{ rule: "js-native-code", key: plain }];
  if (/^file:/i.test(specifier) || /^[a-z]:[\\/]/i.test(specifier) || specifier.startsWith("~/."))
    return [{ rule: "js-import-outside", key: plain }];
  if (/^(?:\.{1,2}(?:\/|$)|\/)/.test(specifier)) return judgeLocal(specifier, asked);
  if (/(?:^|\/)\.\.(?:\/|$)/.test(plain) || /[\\]/.test(plain))
    return [{ rule: "js-import-outside", key: plain }];
  const builtin = builtinName(specifier);
  if (builtin !== undefined) {
    const isDenied =
      !request.typeOnly &&
      (scope.settings.deniedBuiltins["javascript"] ?? []).some(
        (each) => each.replace(/^node:/, "") === builtin,
      );
    return isDenied ? [{ rule: "js-denied-builtin", key: builtin }] : [];
  }
  if (declared.isAlias(specifier)) return [];
  if (specifier.startsWith("#")) return [{ rule: "js-undeclared-import", key: plain }];
  const scheme = /^([a-z][a-z0-9+.-]*):(.*)$/i.exec(specifier);
  if (scheme) return judgeScheme(scheme[1] ?? "", scheme[2] ?? "", asked);
  const name = packageName(plain);
  // `@/x`, `~/x`, `$lib/x`: no package can be called that, so that it is an alias of some bundler.
  if (name === undefined) return [{ rule: "js-unresolved-import", key: plain, level: "warn" }];
  return judgePackage(name, plain, asked);
}

function judgePackage(name: string, specifier: string, { request, file, scope, declared }: Asked): Fault[] {
  if (
    isGranted(scope.settings, name) ||
    scope.settings.grants.dependencies.some((each) => specName(each) === name)
  )
    return [];
  const use = declared.packageUse(name);
  if (use === "product") return [];
  const types = declared.packageUse(
    `@types/${name.startsWith("@") ? name.slice(1).replace("/", "__") : name}`,
  );
  if (request.typeOnly)
    return (use ?? types) ? [] : [{ rule: "js-undeclared-import", key: name, level: "warn" }];
  if (use === "development")
    return file.role === "test" || isTooling(file) ? [] : [{ rule: "js-development-import", key: name }];
  return [
    {
      rule: "js-undeclared-import",
      key: specifier,
      message: `The file imports ${JSON.stringify(name)}, which no package.json declares.`,
    },
  ];
}

function judgeScheme(scheme: string, rest: string, asked: Asked): Fault[] {
  if (scheme === "npm" || scheme === "jsr") {
    const name = packageName(rest.replace(/^\//, "").replace(/(?<=.)@[^/]*/, ""));
    return name === undefined
      ? [{ rule: "js-undeclared-import", key: `${scheme}:${rest}` }]
      : judgePackage(name, `${scheme}:${rest}`, asked);
  }
  if (/^(?:git(?:\+\w+)?|ssh|github|gitlab|bitbucket|gist)$/i.test(scheme))
    return [{ rule: "js-import-url", key: `${scheme}:${rest}` }];
  if (scheme === "node") return [{ rule: "js-unresolved-import", key: `${scheme}:${rest}`, level: "warn" }];
  if (scheme === "bun" || scheme === "cloudflare" || scheme === "virtual" || scheme === "astro") return [];
  return [{ rule: "js-unresolved-import", key: `${scheme}:${rest}`, level: "warn" }];
}

function judgeLocal(specifier: string, { file, scope, request }: Asked): Fault[] {
  const key = withoutQuery(specifier);
  if (specifier.startsWith("/")) {
    const isSystem =
      /^\/(?:etc|usr|home|root|tmp|var|proc|opt|dev|sys|mnt|bin|sbin|Users|private|Library|System)(?:\/|$)/.test(
        specifier,
      );
    if (isSystem) return [{ rule: "js-import-outside", key }];
    return [];
  }
  switch (followLocal({ from: file.path, specifier, paths: scope.paths })) {
    case "outside":
    case "installed":
      return [{ rule: "js-import-outside", key }];
    case "missing":
      return request.typeOnly || request.how === "resolve"
        ? []
        : [{ rule: "js-unresolved-import", key, level: "warn" }];
    default:
      return [];
  }
}

/** The package of a specifier: `zod/v4` is of `zod`. Undefined: no package can have that name. */
export function packageName(specifier: string): string | undefined {
  return /^(?:@[a-z0-9~*!'()_-][\w.~*!'()-]*\/)?[a-z0-9~!'()_*-][\w.~!'()*-]*(?=\/|$)/i.exec(specifier)?.[0];
}
