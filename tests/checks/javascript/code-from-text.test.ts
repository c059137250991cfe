import { describe, expect, it } from "vitest";
import { rulesFound } from "../check-world.ts";

/** The rule, the file, and what is in it. */
const HIDDEN: readonly (readonly [string, string, string])[] = [
  ["js-code-from-text", "src/case.js", "const { constructor: C } = () => {};\nC('return process')();"],
  ["js-code-from-text", "src/case.js", "const fn = ''.replace.constructor;\nfn(payload)();"],
  [
    "js-code-from-text",
    "src/case.js",
    "const g = typeof window !== 'undefined' ? window : globalThis;\nconst m = atob('ZXZhbA==');\ng[m](payload);",
  ],
  ["js-code-from-text", "src/case.js", "class Runner { static go = globalThis.eval; }\nRunner.go(code);"],
  ["js-code-from-text", "src/case.js", "let run;\nrun = Function;\nrun(code)();"],
  ["js-code-from-text", "src/case.js", "const [, make] = [1, Function];\nmake(code)();"],
  ["js-code-from-text", "src/case.js", "import { Script } from 'vm';\nnew Script(code).runInThisContext();"],
  [
    "js-code-from-text",
    "src/case.js",
    "const vm = await import('node:vm');\nvm.default.runInNewContext(code);",
  ],
  ["js-code-from-text", "src/case.js", "import('vm').then((m) => m.runInThisContext(code));"],
  [
    "js-global-as-value",
    "src/case.js",
    "Object.entries(globalThis).find(([k]) => k.length === 4 && k[0] === 'e')[1](code);",
  ],
  [
    "js-code-from-text",
    "src/case.js",
    "const tools = new Map();\ntools.set('x', eval);\ntools.get('x')(code);",
  ],
  ["js-code-from-text", "src/case.js", "Promise.resolve(code).then(eval);"],
  ["js-code-from-text", "src/case.js", "[code].map(Function).forEach((f) => f());"],
  ["js-code-from-text", "src/case.js", "export const evaluate = (0, globalThis).eval;"],
  [
    "js-computed-global",
    "src/case.js",
    "const ev = new Proxy(globalThis, { get: (t, k) => t[k] });\nev[name](code);",
  ],
  ["js-code-from-text", "src/case.js", "setInterval(`tick(${n})`, 100);"],
  ["js-code-from-text", "src/case.js", "const later = globalThis.setTimeout;\nlater('boot()', 1);"],
  [
    "js-script-injection",
    "src/case.js",
    "const a = document.createElement('a');\na.setAttribute('onclick', code);\na.click();",
  ],
  ["js-script-injection", "src/case.js", "document.body.innerHTML = '<img src=x onerror=' + code + '>';"],
  ["js-script-injection", "src/case.js", "location.href = 'javascript:' + code;"],
  [
    "js-script-injection",
    "src/case.js",
    "const s = document.createElement('SCR' + 'IPT');\ns.src = url;\ndocument.body.appendChild(s);",
  ],
  ["js-script-injection", "src/case.js", "document.write('<script src=\"' + url + '\"></scr' + 'ipt>');"],
  ["js-code-from-text", "src/case.js", "new Worker('data:text/javascript,' + encodeURIComponent(code));"],
  [
    "js-code-from-text",
    "src/case.js",
    "import { Worker } from 'worker_threads';\nconst opts = { eval: true };\nnew Worker(code, opts);",
  ],
  [
    "js-code-from-text",
    "src/case.js",
    "const wt = require('worker_threads');\nnew wt.Worker(code, { ...base, eval: !0 });",
  ],
  [
    "js-code-from-text",
    "src/case.js",
    "import inspector from 'node:inspector';\nconst s = new inspector.Session();\ns.connect();\ns.post('Runtime.evaluate', { expression: code });",
  ],
  [
    "js-code-from-text",
    "src/case.js",
    "import repl from 'node:repl';\nrepl.start().eval(code, {}, '', () => {});",
  ],
  [
    "js-code-from-text",
    "src/case.js",
    "const Module = require('module');\nconst m = new Module('x');\nm._compile(code, 'x.js');",
  ],
  ["js-code-from-text", "src/case.js", "module.constructor.prototype._compile.call(module, code, 'a.js');"],
  [
    "js-code-from-text",
    "src/case.js",
    "require.extensions['.txt'] = require.extensions['.js'];\nrequire('./payload.txt');",
  ],
  [
    "js-code-from-text",
    "src/case.js",
    "import { register } from 'node:module';\nregister('./hooks.mjs', import.meta.url);",
  ],
  ["js-code-from-text", "src/case.js", "const realm = new ShadowRealm();\nrealm.evaluate(code);"],
  ["js-computed-global", "src/case.js", "with (globalThis) { this['ev' + 'al'](code); }"],
  [
    "js-code-from-text",
    "src/case.js",
    "const AsyncFn = (async () => {}).constructor;\nawait AsyncFn('return 1')();",
  ],
  [
    "js-code-from-text",
    "src/case.js",
    "const Gen = Object.getPrototypeOf(function* () {}).constructor;\nGen(code)().next();",
  ],
  ["js-code-from-text", "src/case.js", "const F = (class {}).constructor;\nF(code)();"],
  ["js-code-from-text", "src/case.js", "Reflect.apply(globalThis.Function, null, [code])();"],
  ["js-code-from-text", "src/case.js", "Function.prototype.constructor.call(null, code)();"],
  [
    "js-code-from-text",
    "src/case.js",
    "const iframe = document.createElement('iframe');\ndocument.body.append(iframe);\niframe.contentWindow.eval(code);",
  ],
  ["js-code-from-text", "src/case.js", "({}).toString.constructor(code)();"],
  [
    "js-code-from-text",
    "src/case.js",
    "const key = ['e', 'v', 'a', 'l'].reduce((a, b) => a + b);\nself[key](code);",
  ],
  [
    "js-code-from-text",
    "src/case.js",
    "const dec = (a) => a.map((c) => String.fromCharCode(c ^ 3)).join('');\nglobalThis[dec([102, 117, 98, 111])](code);",
  ],
  [
    "js-code-from-text",
    "src/case.js",
    "const name = Buffer.from([101, 118, 97, 108]).toString();\nglobal[name](code);",
  ],
  ["js-code-from-text", "src/case.js", "const x = decodeURIComponent('%65%76%61%6c');\nwindow[x](code);"],
  ["js-code-from-text", "src/case.js", "const { [`ev${'al'}`]: q } = globalThis;\nq(code);"],
  ["js-wasm", "src/case.ts", "WebAssembly.compile(bytes).then((m) => new WebAssembly.Instance(m, imports));"],
  [
    "js-code-from-text",
    "src/case.ts",
    "const code2: string = await (await fetch(u)).text();\n(globalThis as any).eval(code2);",
  ],
  ["js-code-from-text", "src/case.ts", "(globalThis as Record<string, any>)['eval' as const](src);"],
  ["js-code-from-text", "src/case.ts", "enum K { A = 'ev', B = 'al' }\n(globalThis as any)[K.A + K.B](src);"],
  ["js-code-from-text", "src/case.js", "process.env.NODE_OPTIONS = '--require ./payload.js';"],
  [
    "js-code-from-text",
    "src/case.js",
    "import v8 from 'node:v8';\nv8.setFlagsFromString('--allow-natives-syntax');",
  ],
  [
    "js-script-injection",
    "src/page.tsx",
    "const html = <script dangerouslySetInnerHTML={{ __html: code }} />;",
  ],
];

describe("JavaScript and TypeScript", () => {
  it.each(HIDDEN)("%s is seen where text is run as code: %s: %s", async (rule, path, code) => {
    expect(await rulesFound({}, { [path]: code })).toContain(rule);
  });
});
