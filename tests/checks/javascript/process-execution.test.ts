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
];

describe("JavaScript and TypeScript", () => {
  it.each(HIDDEN)("%s is seen where a program is started: %s: %s", async (rule, path, code) => {
    expect(await rulesFound({}, { [path]: code })).toContain(rule);
  });
});
