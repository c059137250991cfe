import { builtinModules } from "node:module";

/** Names of the object that holds all globals. Each is written `global` from here on. */
const GLOBAL_NAMES: ReadonlySet<string> = new Set([
  "globalThis",
  "window",
  "self",
  "global",
  "top",
  "parent",
  "frames",
  "GLOBAL",
  "root",
  "unsafeWindow",
]);
/** Of them, those that are words which a program may well use for something of its own when nothing declares them. */
const ONLY_AS_MEMBER: ReadonlySet<string> = new Set(["root", "GLOBAL"]);

/** Globals that are objects and no functions: their `constructor` is `Object`. */
const OBJECTS: ReadonlySet<string> = new Set([
  "global",
  "process",
  "module",
  "document",
  "navigator",
  "location",
  "console",
  "Math",
  "JSON",
  "Reflect",
  "Atomics",
  "Intl",
  "WebAssembly",
  "Bun",
  "Deno",
  "performance",
  "crypto",
  "localStorage",
  "sessionStorage",
  "exports",
  "meta",
  "trustedTypes",
  "chrome",
  "browser",
  "WScript",
]);

/** Globals that are functions or classes: their `constructor` is `Function`. */
const FUNCTIONS: ReadonlySet<string> = new Set(
  (
    "eval Function require setTimeout setInterval setImmediate queueMicrotask structuredClone execScript importScripts fetch " +
    "Object Array String Number Boolean BigInt Symbol RegExp Date Error TypeError RangeError SyntaxError EvalError URIError ReferenceError " +
    "AggregateError Map Set WeakMap WeakSet WeakRef Promise Proxy ArrayBuffer SharedArrayBuffer DataView Uint8Array Int8Array Uint16Array " +
    "Int16Array Uint32Array Int32Array Float32Array Float64Array Uint8ClampedArray BigInt64Array BigUint64Array Buffer URL URLSearchParams " +
    "TextDecoder TextEncoder Blob File FileReader FormData Headers Request Response AbortController Event EventTarget Worker SharedWorker " +
    "WebSocket EventSource XMLHttpRequest Image ShadowRealm FinalizationRegistry Iterator ActiveXObject atob btoa escape unescape parseInt " +
    "parseFloat isNaN isFinite encodeURI encodeURIComponent decodeURI decodeURIComponent alert internalBinding AsyncFunction GeneratorFunction " +
    "AsyncGeneratorFunction Element HTMLElement Node Range DOMParser requestAnimationFrame addEventListener postMessage open"
  ).split(" "),
);

/** Modules that people use in scripts and snippets without an import: an undeclared name means the module. */
const MODULE_GLOBALS: ReadonlySet<string> = new Set([
  "fs",
  "os",
  "path",
  "vm",
  "child_process",
  "net",
  "dns",
  "http",
  "https",
  "tls",
  "dgram",
  "worker_threads",
  "fsp",
  "fse",
  "cp",
  "axios",
  "_",
]);
const MODULE_NICKNAMES: Readonly<Record<string, string>> = {
  fsp: "fs",
  fse: "fs",
  cp: "child_process",
  _: "lodash",
};

const BUILTINS: ReadonlySet<string> = new Set([
  ...builtinModules.map((name) => name.replace(/^node:/, "")),
  "sea",
  "sqlite",
  "test",
  "test/reporters",
  "ffi",
]);
/** Builtins that exist with their prefix alone. */
const ONLY_PREFIXED: ReadonlySet<string> = new Set(["sea", "sqlite", "test", "test/reporters", "ffi"]);

/** The name of a builtin module of Node without its prefix. Undefined: it is none. */
export function builtinName(specifier: string): string | undefined {
  const prefixed = specifier.startsWith("node:");
  const name = prefixed ? specifier.slice(5) : specifier;
  return BUILTINS.has(name) && (prefixed || !ONLY_PREFIXED.has(name)) ? name : undefined;
}

/** The path of what a global name gives. Undefined: no global that any rule is about. */
export function globalPath(name: string): string | undefined {
  if (GLOBAL_NAMES.has(name)) return ONLY_AS_MEMBER.has(name) ? undefined : "global";
  if (name === "$" || name === "jQuery") return "jQuery";
  if (OBJECTS.has(name) || FUNCTIONS.has(name)) return name;
  if (MODULE_GLOBALS.has(name)) return modulePath(MODULE_NICKNAMES[name] ?? name);
  return undefined;
}

/** The path of what a module exports: `node:fs`, `npm:zx`. */
export function modulePath(specifier: string): string {
  const builtin = builtinName(specifier);
  if (builtin === "process") return "process";
  if (builtin === "fs/promises") return "node:fs";
  if (builtin === "dns/promises") return "node:dns";
  if (builtin === "module") return "node:module";
  return builtin ? `node:${builtin}` : canonicalPath(`npm:${specifier}`);
}

/** Paths that are another name of something. */
const SAME: ReadonlyMap<string, string> = new Map(
  Object.entries({
    "module.require": "require",
    "module.parent": "module",
    "module.constructor": "node:module",
    "module.children": "module",
    "require.main": "module",
    "require.cache": "module",
    "process.mainModule": "module",
    "document.defaultView": "global",
    "document.parentWindow": "global",
    "node:module.prototype": "module",
    "node:module.Module": "node:module",
    "node:vm.default": "node:vm",
    "node:buffer.Buffer": "Buffer",
    "node:buffer.atob": "atob",
    "node:url.URL": "URL",
    "node:timers.setTimeout": "setTimeout",
    "node:timers.setInterval": "setInterval",
    "node:fs.promises": "node:fs",
    "node:dns.promises": "node:dns",
    "node:path.posix": "node:path",
    "node:path.win32": "node:path",
    "node:process": "process",
    "npm:bun": "Bun",
    "npm:fs-extra": "node:fs",
    "npm:graceful-fs": "node:fs",
  }),
);

const INVOKERS: ReadonlySet<string> = new Set(["call", "apply", "bind"]);

/** The path of a member of something that has a path. */
export function memberPath(base: string, key: string): string {
  // `frames[0]` is a window as well.
  if (base === "global")
    return GLOBAL_NAMES.has(key) || /^\d+$/.test(key)
      ? "global"
      : key === "_" || key === "$"
        ? key
        : (globalPath(key) ?? key);
  if (base === "module" && /^\d+$/.test(key)) return "module";
  if (key === "constructor") {
    if (base === "module") return "node:module";
    if (base.endsWith(".prototype")) return base.slice(0, -10);
    return isObject(base) ? "Object" : "Function";
  }
  if (key === "__proto__") return isObject(base) ? "Object.prototype" : "Function.prototype";
  if (key === "default" && (base.startsWith("node:") || base.startsWith("npm:") || base === "process"))
    return base;
  // What calls a method of a prototype may be anything of that type; a method of the function itself is the function.
  if (INVOKERS.has(key) && base === "Function.prototype") return `Function.prototype.${key}`;
  const joined = `${base}.${key}`;
  return SAME.get(joined) ?? joined;
}

function isObject(path: string): boolean {
  return (
    OBJECTS.has(path) ||
    (!path.includes(".") && (path.startsWith("node:") || path.startsWith("npm:"))) ||
    path.endsWith(".prototype")
  );
}

export function canonicalPath(path: string): string {
  return SAME.get(path) ?? path;
}
