import type { FindingLevel } from "../../core/finding.ts";

/** A rule that a reference breaks, and its level where it is not the rule's own. */
export interface Verdict {
  readonly rule: string;
  readonly level?: FindingLevel;
}

const table = (
  rule: string,
  level: FindingLevel | undefined,
  names: string,
): readonly (readonly [string, Verdict])[] =>
  names.split(" ").map((name) => [name, level ? { rule, level } : { rule }]);

/** What no reference may lead to, whatever it is called in the file. */
export const FORBIDDEN_PATHS: ReadonlyMap<string, Verdict> = new Map([
  ...table(
    "js-code-from-text",
    undefined,
    "eval Function AsyncFunction GeneratorFunction AsyncGeneratorFunction ShadowRealm execScript module._compile node:module._compile " +
      "node:module._extensions require.extensions node:vm.runInThisContext node:vm.runInNewContext node:vm.runInContext " +
      "node:vm.Script node:vm.compileFunction node:vm.SourceTextModule node:vm.SyntheticModule node:inspector.Session",
  ),
  ...table(
    "js-code-from-text",
    "warn",
    "node:module.register node:module.registerHooks node:module.wrap node:module.wrapper node:module.runMain node:v8.setFlagsFromString " +
      "npm:lodash.template npm:underscore.template npm:ejs.render npm:ejs.compile npm:pug.render npm:pug.compile npm:handlebars.compile " +
      "npm:nunjucks.renderString npm:dot.template npm:eta.renderString npm:squirrelly.render chrome.tabs.executeScript " +
      "Error.prepareStackTrace node:module._resolveFilename node:module._findPath node:module.globalPaths node:module._cache Bun.plugin",
  ),
  ...table("js-odd-loader", undefined, "node:module._load node:module._preloadModules"),
  ...table(
    "js-native-code",
    undefined,
    "process.binding process._linkedBinding process.dlopen internalBinding process.internalBinding Deno.dlopen Bun.FFI " +
      "Deno.UnsafePointer Deno.UnsafeCallback Deno.UnsafeFnPointer Deno.UnsafePointerView node:sqlite.DatabaseSync.loadExtension",
  ),
  ...table(
    "js-process-execution",
    undefined,
    "process.execve Bun.spawn Bun.spawnSync Bun.$ Deno.run Deno.Command Deno.spawn Deno.spawnSync Deno.spawnChild ActiveXObject " +
      "WScript.CreateObject WScript.Shell node:cluster.setupPrimary node:cluster.setupMaster",
  ),
  ...table("js-process-execution", "warn", "node:cluster.fork process.kill"),
  ...table(
    "js-wasm",
    undefined,
    "WebAssembly.instantiate WebAssembly.compile WebAssembly.Module WebAssembly.Instance WebAssembly.instantiateStreaming " +
      "WebAssembly.compileStreaming node:wasi.WASI",
  ),
]);

/** Members that lead out of every enclosure, on whatever object. */
export const FORBIDDEN_MEMBERS: ReadonlyMap<string, Verdict> = new Map([
  ...table(
    "js-code-from-text",
    undefined,
    "getThis getFunction _compile runInThisContext runInNewContext compileFunction",
  ),
  ...table(
    "js-code-from-text",
    "warn",
    "prepareStackTrace createContextualFragment importScripts executeScript executeJavaScript evaluateOnNewDocument",
  ),
  ...table("js-native-code", undefined, "loadExtension _linkedBinding dlopen"),
  ...table("js-process-execution", "warn", "execFileSync spawnSync execSync execFile openExternal"),
]);

/** Modules of the runtime whose import alone is what the rule is about. */
export const FORBIDDEN_MODULES: ReadonlyMap<string, Verdict> = new Map([
  ...table("js-process-execution", undefined, "node:child_process"),
  ...table("js-process-execution", "warn", "node:cluster"),
  ...table("js-code-from-text", undefined, "node:vm node:repl node:inspector node:inspector/promises"),
  ...table("js-native-code", undefined, "node:ffi npm:bun:ffi"),
  ...table("js-wasm", undefined, "node:wasi"),
  ...table(
    "js-process-execution",
    "warn",
    "npm:execa npm:cross-spawn npm:shelljs npm:zx npm:zx/globals npm:node-pty npm:tinyexec npm:nano-spawn npm:tinyspawn npm:node-cmd npm:sudo-prompt " +
      "npm:foreground-child npm:child-process-promise npm:dax-sh npm:promisify-child-process npm:spawn-please npm:exec-sh npm:ssh2 npm:node-ssh npm:open npm:npm-run",
  ),
  ...table(
    "js-code-from-text",
    "warn",
    "npm:vm2 npm:isolated-vm npm:safe-eval npm:require-from-string npm:eval npm:node-eval npm:notevil npm:node-serialize npm:funcster npm:cryo npm:jiti npm:tsx/cjs/api npm:tsx/esm/api",
  ),
  ...table(
    "js-native-code",
    "warn",
    "npm:ffi npm:ffi-napi npm:koffi npm:node-ffi npm:ref-napi npm:bindings npm:node-gyp-build npm:edge-js npm:node-addon-api",
  ),
]);

/** Things of which a member may only be taken by a name that is written down: any other may be any of the above. */
export const GUARDED_OBJECTS: ReadonlySet<string> = new Set([
  "global",
  "process",
  "module",
  "require",
  "Bun",
  "Deno",
  "Reflect",
  "node:vm",
  "node:module",
  "node:child_process",
  "WebAssembly",
]);
