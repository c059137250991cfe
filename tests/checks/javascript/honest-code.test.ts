import { describe, expect, it } from "vitest";
import { findingsOf } from "../check-world.ts";

const HONEST: readonly (readonly [string, string])[] = [
  ["src/case.ts", "const x = a.constructor.name === 'Foo';"],
  ["src/case.ts", "const Ctor = this.constructor as new () => Foo;\nreturn new Ctor();"],
  ["src/case.ts", "export const isFn = (v: unknown): v is Function => typeof v === 'function';"],
  ["src/case.ts", "class Foo extends Bar { constructor() { super(); } }"],
  ["src/case.ts", "const v = redis.eval(script, 1, key);"],
  ["src/case.ts", "const props = { onClick: Function, items: [Array, Function] };"],
  ["src/case.ts", "window.addEventListener('resize', () => layout(window.innerWidth));"],
  ["src/case.ts", "const timer = setTimeout(callback, delay);\nclearTimeout(timer);"],
  ["src/case.ts", "const env = schema.parse(process.env);"],
  [
    "src/case.ts",
    "const port = Number(process.env.PORT ?? 3000);\nawait fetch(`http://localhost:${port}/health`);",
  ],
  [
    "src/case.ts",
    "const res = await fetch('https://api.example.com/v1', { headers: { Authorization: `Bearer ${process.env.API_TOKEN}` } });",
  ],
  [
    "src/case.ts",
    "import { rmSync } from 'node:fs';\nrmSync(new URL('./dist', import.meta.url), { recursive: true, force: true });",
  ],
  [
    "src/case.ts",
    "import { rm, mkdtemp } from 'node:fs/promises';\nimport { tmpdir } from 'node:os';\nimport { join } from 'node:path';\nconst d = await mkdtemp(join(tmpdir(), 'x-'));\nawait rm(d, { recursive: true });",
  ],
  [
    "src/case.ts",
    "import { writeFile } from 'node:fs/promises';\nawait writeFile('out/report.json', JSON.stringify(r));",
  ],
  ["src/case.ts", "const el = document.createElement('div');\nel.innerHTML = '<b>hi</b>';"],
  ["src/case.ts", "const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });"],
  ["src/case.ts", "const s = atob('aGVsbG8=');\nconsole.log(s);"],
  ["src/case.ts", "const id = `item-${Math.random().toString(36).slice(2)}`;"],
  ["src/case.ts", "import React from 'react';\nimport { map } from 'lodash';\nexport default map;"],
  ["src/case.ts", "import type { Plugin } from 'vite';"],
  ["src/case.ts", "const re = new RegExp('constructor');\nre.exec('constructor');"],
  ["src/case.ts", "const m = await import('./pages/' + name + '.js');"],
  [
    "src/case.js",
    "(function (root, factory) { root.Lib = factory(); })(typeof self !== 'undefined' ? self : this, function () { return {}; });",
  ],
  [
    "src/case.ts",
    "const g = globalThis as typeof globalThis & { __cache?: Map<string, string> };\ng.__cache ??= new Map();",
  ],
  ["src/case.ts", "const value = window[`__STATE_${id}__`];"],
  ["src/case.ts", "Object.defineProperty(globalThis, 'crypto', { value: crypto });"],
  ["src/case.ts", "const spawnPoint = world.spawn({ x: 1 });\nworld.exec('tick');"],
  ["src/case.ts", "process.on('exit', () => process.stdout.write('bye'));"],
  ["src/case.js", "if (require.main === module) main();"],
  ["src/case.ts", "const { name } = fn.constructor;"],
  [
    "src/case.ts",
    "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);\nconst pkg = require('../package.json');",
  ],
  ["src/case.ts", "const bound = Function.prototype.call.bind(Array.prototype.slice);"],
  ["src/case.ts", "const out = JSON.parse(localStorage.getItem('prefs') ?? '{}');"],
  [
    "src/case.ts",
    "import { readFileSync } from 'node:fs';\nconst pkg = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));",
  ],
  [
    "src/case.ts",
    "export const handler = async (event: Event) => ({ statusCode: 200, body: JSON.stringify(event) });",
  ],
  ["src/case.ts", "const Class = obj.constructor;\nconst y = new Class(...args);"],
  ["src/case.ts", "if (value.constructor === Object) merge(value);"],
  [
    "src/case.ts",
    "const proto = Object.getPrototypeOf(value);\nif (proto === null || proto.constructor === Object) ok();",
  ],
  [
    "src/case.ts",
    "type Ctor = abstract new (...args: never[]) => unknown;\nexport function mixin<T extends Ctor>(Base: T) { return class extends (Base as any) {}; }",
  ],
  ["src/case.ts", "const fnToString = Function.prototype.toString;\nfnToString.call(Object);"],
  ["src/a.test.ts", "globalThis.fetch = vi.fn();"],
  ["src/a.test.ts", "vi.stubGlobal('fetch', vi.fn());"],
  ["tests/cli.test.ts", "import { execSync } from 'node:child_process';\nexecSync('git status');"],
  ["src/case.ts", "const { NODE_ENV = 'development' } = process.env;"],
  ["src/case.ts", "const config = { ...defaults, ...JSON.parse(process.env.CONFIG ?? '{}') };"],
  ["src/case.ts", "const env = { ...process.env, FORCE_COLOR: '1' };\nrun('x', { env });"],
  [
    "src/case.ts",
    "await fetch('https://api.github.com/repos', { headers: { authorization: `token ${process.env.GITHUB_TOKEN}` } });",
  ],
  [
    "src/case.ts",
    "import axios from 'lodash';\nconst client = axios.create({ baseURL: process.env.API_URL, auth: { username: 'x', password: process.env.PASSWORD } });",
  ],
  [
    "src/case.ts",
    "import fs from 'node:fs';\nimport path from 'node:path';\nfs.rmSync(path.join(__dirname, '../dist'), { recursive: true, force: true });",
  ],
  [
    "src/case.ts",
    "import fs from 'node:fs';\nfs.rmSync(path.resolve(process.cwd(), 'coverage'), { recursive: true });",
  ],
  ["src/case.ts", "import fs from 'node:fs';\nfs.writeFileSync(path.join(os.tmpdir(), 'x.json'), data);"],
  ["src/case.ts", "import fs from 'node:fs';\nfs.unlinkSync(tmpFile);"],
  ["src/case.ts", "const app = document.getElementById('app');\napp.innerHTML = render(state);"],
  ["src/case.ts", "element.onclick = () => go();\nimg.src = '/logo.png';\nlink.href = url;"],
  ["src/case.ts", "const worker = new Worker('./worker.js');"],
  ["src/case.ts", "const map = { eval: 1, exec: 2, spawn: 3 };\nmap.eval + map.exec;"],
  [
    "src/case.ts",
    "setTimeout(resolve, ms);\nsetInterval(() => tick(), 1000);\nsetTimeout(async () => { await x(); }, 5);",
  ],
  ["src/case.ts", "await new Promise((resolve) => setTimeout(resolve, 10));"],
  [
    "src/case.ts",
    "const mod = await import('./feature.js');\nconst json = await import('./data.json', { with: { type: 'json' } });",
  ],
  ["src/case.ts", "const locale = await import(`./locales/${lang}.js`);"],
  [
    "vitest.config.ts",
    "export default defineConfig({ plugins: [react()] });\nimport { defineConfig } from 'vitest/config';",
  ],
  [
    "src/x.test.ts",
    "import { describe, it, expect } from 'vitest';\ndescribe('x', () => { it('y', () => { expect(add(1, 1)).toBe(2); }); });",
  ],
  ["src/case.ts", "const s = 'aGVsbG8gd29ybGQ=';\nconst t = Buffer.from(s, 'base64').toString('utf8');"],
  ["src/case.ts", "const hex = '\\u001b[31m' + msg + '\\u001b[0m';"],
  ["src/case.ts", "const ip = '127.0.0.1';\nserver.listen(8080, ip);"],
  ["src/case.ts", "const v = '10.0.0.1';\nconst w = '1.2.3';"],
  ["src/case.ts", "const re = /^(?:\\d{1,3}\\.){3}\\d{1,3}$/;"],
  [
    "src/case.ts",
    "window.dispatchEvent(new CustomEvent('x'));\nwindow.scrollTo(0, 0);\nwindow.localStorage.setItem('a', 'b');",
  ],
  ["src/case.ts", "const key = 'on' + name;\nel[key] = handler;"],
  [
    "src/case.ts",
    "const isBrowser = typeof window !== 'undefined' && typeof window.document !== 'undefined';",
  ],
  [
    "src/case.ts",
    "const root = typeof globalThis !== 'undefined' ? globalThis : typeof window !== 'undefined' ? window : self;\nroot.__x = 1;",
  ],
  [
    "src/case.ts",
    "export const isObject = (v: unknown) => Object.prototype.toString.call(v) === '[object Object]';",
  ],
  ["src/case.js", "const child = parent.appendChild(node);\ntop = el.offsetTop;"],
  ["src/case.ts", "process.exitCode = 1;\nprocess.kill;\nprocess.stdout.write('x');"],
  ["src/case.ts", "class A { constructor(private readonly run: () => void) {} exec() { this.run(); } }"],
  ["src/case.ts", "const out = items.map(String).filter(Boolean);\nconst n = ['1'].map(Number);"],
  ["src/case.ts", "const result = db.prepare('select 1').get();\nconst r2 = await conn.exec('select 1');"],
  ["src/case.ts", "const data = await response.json();\nconst text = await response.text();"],
  ["src/case.js", "const db = require('./db');\nmodule.exports = { db };"],
  ["src/case.js", "try { require('lodash'); } catch { /* optional */ }"],
  ["src/case.ts", "const greet = (name: string) => 'Hello, ' + name + '!';\nconst p = 'a' + 'b';"],
  ["src/case.ts", "const codes = String.fromCharCode(65 + i);\nconst c = 'abc'.charCodeAt(0);"],
];

describe("JavaScript and TypeScript", () => {
  it.each(HONEST)("does not stop honest code: %s: %s", async (path, code) => {
    const found = await findingsOf({}, { [path]: code });
    expect(found.filter(({ level }) => level === "block")).toEqual([]);
  });
});
