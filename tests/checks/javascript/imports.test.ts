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
];

describe("JavaScript and TypeScript", () => {
  it.each(HIDDEN)(
    "%s is seen where a module is imported that nobody declared: %s: %s",
    async (rule, path, code) => {
      expect(await rulesFound({}, { [path]: code })).toContain(rule);
    },
  );
});
