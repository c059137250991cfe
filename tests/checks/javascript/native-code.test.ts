import { describe, expect, it } from "vitest";
import { rulesFound } from "../check-world.ts";

/** The rule, the file, and what is in it. */
const HIDDEN: readonly (readonly [string, string, string])[] = [
  ["js-native-code", "src/case.js", "const { dlopen } = process;\ndlopen(module, '/tmp/x.node');"],
  ["js-native-code", "src/case.js", "require('./build/Release/evil.node');"],
  ["js-native-code", "src/case.js", "process._linkedBinding('fs');"],
  ["js-native-code", "src/case.ts", "import { dlopen, FFIType } from 'bun:ffi';\ndlopen('libc.so.6', {});"],
  ["js-native-code", "src/case.ts", "Deno.dlopen('./lib.so', {});"],
  ["js-native-code", "src/case.js", "const b = Reflect.get(process, 'binding');\nb('spawn_sync');"],
  ["js-native-code", "src/case.ts", "import process from 'node:process';\nprocess.binding('tcp_wrap');"],
  [
    "js-native-code",
    "src/case.ts",
    "import { DatabaseSync } from 'node:sqlite';\nnew DatabaseSync(':memory:', { allowExtension: true }).loadExtension('./x.so');",
  ],
  ["js-native-code", "src/case.js", "const b = process.binding;\nb('fs');"],
  ["js-native-code", "src/case.js", "process?.binding?.('fs');"],
  ["js-native-code", "src/case.js", "const { binding: b } = process;\nb('fs');"],
  ["js-native-code", "src/case.js", "globalThis['process']['binding']('fs');"],
  ["js-native-code", "src/case.js", "require('bindings')('addon');"],
  ["js-native-code", "src/case.js", "const ffi = require('ffi-napi');"],
  ["js-native-code", "src/case.ts", "import koffi from 'koffi';\nkoffi.load('libc.so.6');"],
  ["js-native-code", "src/case.ts", "import addon from '../build/addon.node';"],
  ["js-native-code", "src/case.js", "process.dlopen.call(process, module, file);"],
  ["js-native-code", "src/case.js", "Reflect.apply(process.dlopen, process, [module, file]);"],
  ["js-native-code", "src/case.js", "const k = 'dlo' + 'pen';\nprocess[k](module, file);"],
  ["js-native-code", "src/case.js", "require('./addon' + '.node');"],
  ["js-native-code", "src/case.js", "const n = process['_linked' + 'Binding']('x');"],
  ["js-native-code", "src/case.ts", "import fs from './prebuilds/linux-x64/node.napi.node';"],
  ["js-native-code", "src/case.js", "const load = require('node-gyp-build');\nload(__dirname);"],
  ["js-native-code", "src/case.ts", "new Deno.UnsafeFnPointer(p, d);"],
  ["js-native-code", "src/case.js", "process.report; process.binding.call(process, 'fs');"],
];

describe("JavaScript and TypeScript", () => {
  it.each(HIDDEN)("%s is seen where native code is loaded: %s: %s", async (rule, path, code) => {
    expect(await rulesFound({}, { [path]: code })).toContain(rule);
  });
});
