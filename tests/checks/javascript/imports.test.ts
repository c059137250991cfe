import { describe, expect, it } from "vitest";
import { rulesFound } from "../check-world.ts";

/** The rule, the file, and what is in it. */
const HIDDEN: readonly (readonly [string, string, string])[] = [
  ["js-undeclared-import", "src/case.ts", "export { default } from 'left-padd';"],
  ["js-import-url", "src/case.ts", "import 'https://deno.land/std/http/server.ts';"],
  ["js-undeclared-import", "src/case.ts", "import chalk from 'npm:chalk@5';"],
  ["js-undeclared-import", "src/case.ts", "const x = await import('zod-' + 'extra');"],
  ["js-import-outside", "src/case.ts", "import x from '/etc/passwd';"],
  ["js-import-outside", "src/a.ts", "import x from './../../outside.js';"],
  ["js-import-outside", "src/case.ts", "import x from './node_modules/evil/index.js';"],
  ["js-import-outside", "src/case.ts", "import x from 'file:///tmp/evil.mjs';"],
  ["js-undeclared-import", "src/case.js", "require.resolve('colorz');"],
  ["js-undeclared-import", "src/case.ts", "import evil = require('evil-pkg');"],
  ["js-undeclared-import", "src/case.ts", "const lazyThing = React.lazy(() => import('reakt-window'));"],
  ["js-undeclared-import", "src/case.ts", "import { thing } from '@acme/internal-utils';"],
  ["js-undeclared-import", "src/case.ts", "import _ from 'lodash-es';"],
  ["js-undeclared-import", "src/case.ts", "export type { A } from 'zod';\nexport * from 'zodd';"],
  ["js-computed-import", "src/case.js", "const pkg = process.env.PLUGIN;\nconst p = require(pkg);"],
  ["js-import-url", "src/case.ts", "import x from 'data:text/javascript,export default 1';"],
  ["js-undeclared-import", "src/case.js", "import 'reqeusts';"],
  ["js-undeclared-import", "src/case.ts", "import * as x from '@types/evil';"],
  ["js-undeclared-import", "src/case.ts", "import x from 'zod2';"],
  ["js-undeclared-import", "src/case.ts", "import x from '@lodash/core';"],
  ["js-undeclared-import", "src/case.js", "const x = require('reactt');"],
  ["js-undeclared-import", "src/case.ts", "export { x } from 'vitest-helper';"],
  ["js-undeclared-import", "src/case.ts", "await import('fast-' + 'glob');"],
  [
    "js-undeclared-import",
    "src/case.js",
    "const names = ['lodash', 'lodahs'];\nconst mods = names.map((n) => require(n));",
  ],
  ["js-undeclared-import", "src/case.ts", "import x from 'jsr:@std/fs';"],
  ["js-import-url", "src/case.ts", "import x from 'http://localhost:9/x.js';"],
  ["js-import-url", "src/case.ts", "import x from '//cdn.example.net/x.js';"],
  ["js-import-url", "src/case.ts", "import x from 'blob:https://x.example/1';"],
  ["js-import-outside", "src/case.ts", "import x from '../../../secrets/config.json' with { type: 'json' };"],
  ["js-import-outside", "src/case.js", "require('../../../../root/.ssh/config');"],
  ["js-import-outside", "src/case.ts", "import x from '../node_modules/.cache/x.js';"],
  ["js-import-outside", "src/case.ts", "import x from 'lodash/../evil';"],
  ["js-undeclared-import", "src/x.cts", "import x = require('undeclared-thing');"],
  [
    "js-undeclared-import",
    "src/x.test.ts",
    "vi.mock('x');\nconst r = await vi.importActual('undeclared-pkg');",
  ],
  ["js-undeclared-import", "src/case.js", "module.require('undeclared-pkg');"],
  ["js-undeclared-import", "src/case.ts", "import.meta.resolve('undeclared-pkg/sub');"],
  ["js-undeclared-import", "src/case.js", "const r = require.resolve('undeclared-pkg', { paths: ['.'] });"],
  ["js-undeclared-import", "src/case.js", "const load = (p) => require(p);\nload('undeclared-pkg');"],
  ["js-import-outside", "src/case.js", "import('C:\\\\evil\\\\x.js');"],
  [
    "js-undeclared-import",
    "src/x.tsx",
    "/** @jsxImportSource evil-jsx */\nimport { h } from 'evil-jsx/jsx-runtime';",
  ],
  [
    "js-undeclared-import",
    "src/case.ts",
    "import wasm from './evil.wasm?init';\nimport y from 'not-declared?worker';",
  ],
  ["js-undeclared-import", "src/case.ts", "import x from 'expres';"],
  ["js-undeclared-import", "src/case.ts", "export { default as y } from '@scope/unknown';"],
  ["js-undeclared-import", "src/case.ts", "const y = await import('unknown-pkg');"],
  ["js-undeclared-import", "src/case.js", "const y = require('unknown-pkg/deep/file.js');"],
  ["js-undeclared-import", "src/case.js", "const y = require(`unknown-pkg`);"],
  ["js-undeclared-import", "src/case.js", "const n = cond ? 'zod' : 'unknown-pkg';\nrequire(n);"],
  ["js-undeclared-import", "src/case.ts", "import x, { type Y } from 'unknown-pkg';"],
  ["js-undeclared-import", "src/case.ts", "import defer * as x from 'unknown-pkg';"],
  ["js-import-url", "src/case.ts", "import x from 'git+https://example.net/x.git';"],
  ["js-import-url", "src/case.ts", "import x from 'github:user/repo';"],
  ["js-import-outside", "src/case.ts", "import x from '..\\\\..\\\\x.js';"],
  ["js-import-outside", "src/case.ts", "import x from '../../../x';"],
  ["js-undeclared-import", "src/case.ts", "import x from '#not-there';"],
  ["js-import-outside", "src/case.ts", "import x from 'zod/../../x';"],
  ["js-import-url", "src/case.js", "importScripts('https://x.example/a.js', './b.js');"],
  ["js-import-url", "src/case.js", "navigator.serviceWorker.register('https://x.example/sw.js');"],
];

describe("JavaScript and TypeScript", () => {
  it.each(HIDDEN)(
    "%s is seen where a module is imported that nobody declared: %s: %s",
    async (rule, path, code) => {
      expect(await rulesFound({}, { [path]: code })).toContain(rule);
    },
  );
});
