import { describe, expect, it } from "vitest";
import { rulesFound } from "../check-world.ts";

/** The rule, the file, and what is in it. */
const HIDDEN: readonly (readonly [string, string, string])[] = [
  [
    "js-process-execution",
    "src/case.ts",
    "import { execFile as run } from 'node:child_process';\nrun('sh', ['-c', cmd]);",
  ],
  ["js-process-execution", "src/case.js", "const { spawn } = await import('child_process');\nspawn('sh');"],
  ["js-process-execution", "src/case.ts", "export * from 'child_process';"],
  [
    "js-process-execution",
    "src/case.js",
    "const req = module.require.bind(module);\nreq('child_process').execSync(cmd);",
  ],
  [
    "js-process-execution",
    "src/case.js",
    "const load = require('module')._load;\nload('child_process').exec(cmd);",
  ],
  ["js-process-execution", "src/case.js", "require.main.require('child_process').exec(cmd);"],
  [
    "js-process-execution",
    "src/case.js",
    "globalThis.process.getBuiltinModule('node:child_process').execSync(cmd);",
  ],
  [
    "js-process-execution",
    "src/case.js",
    "const { mainModule } = process;\nmainModule.require('child_process').exec(cmd);",
  ],
  [
    "js-process-execution",
    "src/case.js",
    "const m = 'node:' + ['child', 'process'].join('_');\nconst { exec } = await import(m);",
  ],
  [
    "js-process-execution",
    "src/case.js",
    "const MODS = { p: 'child_process' };\nconst { exec } = require(MODS.p);",
  ],
  [
    "js-process-execution",
    "src/case.js",
    "const names = ['fs', 'child_process'];\nfor (const n of names) loaded[n] = require(n);",
  ],
  [
    "js-process-execution",
    "src/case.js",
    "function load(n) { return require(n); }\nload('child_process').exec(cmd);",
  ],
  [
    "js-process-execution",
    "src/case.js",
    "const load = (n) => import(n);\nconst cp = await load('node:' + 'child_process');",
  ],
  ["js-process-execution", "src/case.js", "require('child_process?'.slice(0, -1)).exec(cmd);"],
  ["js-process-execution", "src/case.js", "require(`${'child'}_${'process'}`).exec(cmd);"],
  ["js-process-execution", "src/case.js", "require(unescape('child%5Fprocess')).exec(cmd);"],
  ["js-process-execution", "src/case.ts", "Deno.run({ cmd: ['sh', '-c', cmd] });"],
  ["js-process-execution", "src/case.ts", "await new Deno.Command('sh', { args: ['-c', cmd] }).output();"],
  ["js-process-execution", "src/case.ts", "import { spawn } from 'bun';\nspawn(['sh']);"],
  ["js-process-execution", "src/case.ts", "const { $ } = Bun;\nawait $`rm -rf ${dir}`;"],
  [
    "js-process-execution",
    "src/case.ts",
    "import cluster from 'node:cluster';\ncluster.setupPrimary({ exec: '/tmp/x.js' });\ncluster.fork();",
  ],
  ["js-process-execution", "src/case.js", "process.execve('/bin/sh', ['sh', '-c', cmd]);"],
  [
    "js-process-execution",
    "src/case.ts",
    "import { createRequire as make } from 'module';\nmake(import.meta.url)('child_' + 'process').exec(cmd);",
  ],
  [
    "js-process-execution",
    "src/case.js",
    "const shell = new ActiveXObject('WScript.Shell');\nshell.Run(cmd);",
  ],
  [
    "js-process-execution",
    "src/case.ts",
    "import type { ExecOptions } from 'child_process';\nimport { exec } from 'child_process';\nexec(cmd);",
  ],
  [
    "js-process-execution",
    "src/case.ts",
    "const p = process as any;\np['get' + 'BuiltinModule']('child_process').exec(cmd);",
  ],
  ["js-process-execution", "src/case.ts", "import pty from 'node-pty';\npty.spawn('bash', [], {});"],
  [
    "js-process-execution",
    "src/x.test.ts",
    "vi.importActual<any>('node:child_process').then((m) => m.execSync('id'));",
  ],
  ["js-process-execution", "src/case.js", "var a = 'child', b = '_process';\nrequire(a + b).exec(cmd);"],
  ["js-process-execution", "src/case.js", "require('child_process', 1)['exec' + 'Sync'](cmd);"],
  ["js-process-execution", "src/case.js", "const cp = await import(`node:${'child_process'}`);"],
  ["js-process-execution", "src/case.js", "module['require']('child_process').exec(cmd);"],
  ["js-process-execution", "src/case.js", "const { require: r } = module;\nr('child_process').exec(cmd);"],
  ["js-process-execution", "src/case.js", "(0, require)('child_process').exec(cmd);"],
  ["js-process-execution", "src/case.js", "require.call(null, 'child_process').exec(cmd);"],
  ["js-process-execution", "src/case.js", "require.apply(null, ['child_process']).exec(cmd);"],
  ["js-process-execution", "src/case.js", "Reflect.apply(require, null, ['child_process']).exec(cmd);"],
  ["js-odd-loader", "src/case.js", "['child_process'].map(require)[0].exec(cmd);"],
  [
    "js-process-execution",
    "src/case.js",
    "const lib = { load: require };\nlib.load('child_process').exec(cmd);",
  ],
  [
    "js-computed-import",
    "src/case.js",
    "const rot = (s) => s.replace(/[a-z]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 1));\nrequire(rot('dijme_qspdftt')).exec(cmd);",
  ],
  [
    "js-process-execution",
    "src/case.js",
    "require(Buffer.from('6368696c645f70726f63657373', 'hex').toString()).exec(cmd);",
  ],
  ["js-process-execution", "src/case.js", "require('ssecorp_dlihc'.split('').reverse().join('')).exec(cmd);"],
  ["js-process-execution", "src/case.js", "require([...'child_process'].join('')).exec(cmd);"],
  ["js-process-execution", "src/case.js", "require('child-process'.replace('-', '_')).exec(cmd);"],
  ["js-process-execution", "src/case.js", "require('CHILD_PROCESS'.toLowerCase()).exec(cmd);"],
  [
    "js-computed-import",
    "src/case.js",
    "const t = (s, ...v) => s.raw[0];\nrequire(t`child_process`).exec(cmd);",
  ],
  [
    "js-process-execution",
    "src/case.js",
    "let mod;\nmod = 'child_process';\nimport(mod).then(({ exec }) => exec(cmd));",
  ],
  ["js-process-execution", "src/case.js", "const [mod] = ['child_process'];\nconst cp = require(mod);"],
  [
    "js-process-execution",
    "src/case.js",
    "const mods = Object.freeze({ run: 'child_process' });\nconst cp = require(mods['run']);",
  ],
  [
    "js-process-execution",
    "src/case.js",
    "class L { #n = 'child_process'; get() { return require(this.#n); } }",
  ],
  ["js-process-execution", "src/case.js", "switch (1) { default: require('child_process').exec(cmd); }"],
  ["js-computed-import", "src/case.js", "try { throw 'child_process'; } catch (n) { require(n).exec(cmd); }"],
  ["js-process-execution", "src/case.js", "const id = (x) => x;\nid(require)('child_process').exec(cmd);"],
  ["js-process-execution", "src/case.js", "process['mainModule']['require']('child_process');"],
  [
    "js-process-execution",
    "src/case.js",
    "const { getBuiltinModule } = globalThis.process;\ngetBuiltinModule('child_process').exec(cmd);",
  ],
  [
    "js-process-execution",
    "src/case.ts",
    "import { getBuiltinModule as gbm } from 'node:process';\ngbm('child_process').exec(cmd);",
  ],
  [
    "js-process-execution",
    "src/case.ts",
    "import * as Mod from 'node:module';\nMod.default.createRequire('/')('child_process').exec(cmd);",
  ],
  [
    "js-process-execution",
    "src/case.ts",
    "import { createRequire } from 'module';\nconst req = createRequire(__filename);\nconst { spawn: s } = req('node:child_process');",
  ],
  ["js-process-execution", "src/case.ts", "export { default as helper } from 'node:child_process';"],
  ["js-process-execution", "src/x.cts", "export import cp = require('child_process');"],
  ["js-process-execution", "src/case.ts", "import('node:child_process', { with: {} });"],
  [
    "js-process-execution",
    "src/case.ts",
    "const lazy = () => import(/* webpackIgnore: true */ 'child_process');",
  ],
  [
    "js-process-execution",
    "src/case.ts",
    "const p = (await import('node:process')).default;\np.getBuiltinModule('child_process').exec(cmd);",
  ],
  ["js-process-execution", "src/case.ts", "import { execa } from 'execa';\nawait execa('sh', ['-c', cmd]);"],
  ["js-process-execution", "src/case.ts", "import shell from 'shelljs';\nshell.exec(cmd);"],
  ["js-process-execution", "src/case.ts", "import { spawnSync } from 'bun';\nspawnSync(['id']);"],
  ["js-process-execution", "src/case.ts", "globalThis.Bun.spawnSync(['id']);"],
  ["js-process-execution", "src/case.ts", "const d = Deno;\nnew d.Command('id').spawn();"],
  ["js-process-execution", "src/case.ts", "await new (Deno as any)['Comm' + 'and']('id').output();"],
  ["js-process-execution", "src/case.ts", "import { fork } from 'cluster';\nfork();"],
  ["js-process-execution", "src/case.js", "const { shell } = require('electron');\nshell.openExternal(url);"],
  ["js-process-execution", "src/case.js", "WScript.CreateObject('WScript.Shell').Run(cmd);"],
  ["js-process-execution", "src/case.ts", "import cp, { exec } from 'child_process';"],
  ["js-process-execution", "src/case.ts", "void import('child_process').then(cp => cp.exec(cmd));"],
  [
    "js-process-execution",
    "src/case.js",
    "require('node:' + String.fromCharCode(99,104,105,108,100) + '_process').exec(cmd);",
  ],
];

describe("JavaScript and TypeScript", () => {
  it.each(HIDDEN)("%s is seen where a program is started: %s: %s", async (rule, path, code) => {
    expect(await rulesFound({}, { [path]: code })).toContain(rule);
  });
});
