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
];

describe("JavaScript and TypeScript", () => {
  it.each(HONEST)("does not stop honest code: %s: %s", async (path, code) => {
    const found = await findingsOf({}, { [path]: code });
    expect(found.filter(({ level }) => level === "block")).toEqual([]);
  });
});
