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
  ["js-wide-deletion", "src/case.js", "require('fs').rmSync('/', { recursive: true });"],
  ["js-wide-deletion", "src/case.js", "require('fs').promises.rm('/home', { recursive: true });"],
  [
    "js-wide-deletion",
    "src/case.ts",
    "import { rm } from 'fs/promises';\nimport { homedir } from 'os';\nawait rm(homedir(), { recursive: true });",
  ],
  [
    "js-wide-deletion",
    "src/case.ts",
    "import * as fs from 'fs';\nfs['rm' + 'Sync']('/', { recursive: true });",
  ],
  ["js-wide-deletion", "src/case.js", "const rm = require('rimraf');\nrm.sync('/*');"],
  ["js-wide-deletion", "src/case.ts", "import fsx from 'fs-extra';\nfsx.removeSync('/');"],
  [
    "js-wide-deletion",
    "src/case.ts",
    "import { deleteAsync } from 'del';\nawait deleteAsync(['/**'], { force: true });",
  ],
  [
    "js-wide-deletion",
    "src/case.js",
    "const { rmSync: r } = require('fs');\nr(`${process.env.HOME}`, { recursive: true });",
  ],
  [
    "js-wide-deletion",
    "src/case.js",
    "const fs = require('fs'), path = require('path');\nfs.rmSync(path.join(__dirname, '..', '..', '..'), { recursive: true });",
  ],
  ["js-wide-deletion", "src/case.js", "const fs = require('fs');\nfs.unlinkSync('/etc/passwd');"],
  ["js-persistent-write", "src/case.js", "const fs = require('fs');\nfs.writeFileSync('/etc/hosts', x);"],
  [
    "js-persistent-write",
    "src/case.js",
    "const fs = require('fs');\nfs.createWriteStream('/dev/sda').write(x);",
  ],
  [
    "js-persistent-write",
    "src/case.js",
    "const fs = require('fs');\nfs.appendFile(`${require('os').homedir()}/.profile`, x, cb);",
  ],
  [
    "js-persistent-write",
    "src/case.js",
    "const fs = require('fs');\nfs.symlinkSync('/tmp/x', '/usr/local/bin/node');",
  ],
  [
    "js-persistent-write",
    "src/case.js",
    "const fs = require('fs');\nfs.writeFileSync(path.join(os.homedir(), '.config/autostart/x.desktop'), x);",
  ],
  [
    "js-persistent-write",
    "src/case.js",
    "const fs = require('fs');\nfs.writeFileSync(process.env.HOME + '/Library/LaunchAgents/x.plist', x);",
  ],
  ["js-persistent-write", "src/case.ts", "await Bun.write('/root/.ssh/authorized_keys', key);"],
  ["js-persistent-write", "src/case.ts", "await Deno.writeTextFile(Deno.env.get('HOME') + '/.bashrc', x);"],
  ["js-wide-deletion", "src/case.ts", "Deno.remove('/', { recursive: true });"],
  [
    "js-wide-deletion",
    "src/case.js",
    "const fs = require('fs');\nfs.readdirSync('/').forEach((d) => fs.rmSync('/' + d, { recursive: true, force: true }));",
  ],
  [
    "js-wide-deletion",
    "src/case.js",
    "const fs = require('fs');\nfor (const d of fs.readdirSync(os.homedir())) fs.rmSync(path.join(os.homedir(), d), { recursive: true });",
  ],
  ["js-wide-deletion", "src/case.js", "const fs = require('fs');\nfs.rmSync('C:\\\\', { recursive: true });"],
  ["js-persistent-write", "src/case.js", "const fs = require('fs');\nfs.writeFileSync('.git/config', x);"],
  [
    "js-persistent-write",
    "src/case.js",
    "const fs = require('fs');\nfs.writeFileSync('.husky/pre-commit', x);",
  ],
  [
    "js-persistent-write",
    "src/case.js",
    "const fs = require('fs');\nfs.renameSync('evil', '.github/workflows/ci.yml');",
  ],
  ["js-persistent-write", "src/case.js", "const fs = require('fs');\nfs.chmodSync('/etc/shadow', 0o777);"],
  [
    "js-wide-deletion",
    "src/case.js",
    "const target = process.platform === 'win32' ? 'C:/' : '/';\nrequire('fs').rmSync(target, { recursive: true });",
  ],
  [
    "js-wide-deletion",
    "src/case.ts",
    "import { rm } from 'node:fs/promises';\nawait Promise.all(['/usr', '/var'].map((d) => rm(d, { recursive: true })));",
  ],
  [
    "js-wide-deletion",
    "src/case.ts",
    "import { rmdir } from 'node:fs/promises';\nawait rmdir('/', { recursive: true });",
  ],
  [
    "js-wide-deletion",
    "src/case.js",
    "const { rm } = require('node:fs').promises;\nrm('/etc', { recursive: true });",
  ],
  [
    "js-wide-deletion",
    "src/case.js",
    "const home = require('os').homedir();\nrequire('fs').rmSync(home, { recursive: true });",
  ],
  ["js-wide-deletion", "src/case.ts", "import fs from 'fs';\nfs.rmSync('..', { recursive: true });"],
  [
    "js-wide-deletion",
    "src/case.ts",
    "import fs from 'fs';\nfs.rmSync('.', { recursive: true, force: true });",
  ],
  [
    "js-wide-deletion",
    "src/case.ts",
    "import fs from 'fs';\nconst del = fs.rmSync.bind(fs);\ndel('/', { recursive: true });",
  ],
  [
    "js-wide-deletion",
    "src/case.ts",
    "import fs from 'fs';\nimport os from 'os';\nfs.rmSync(os.homedir() + '/*');",
  ],
  ["js-persistent-write", "src/case.ts", "import fs from 'fs';\nfs.truncateSync('/var/log/auth.log');"],
  ["js-persistent-write", "src/case.ts", "import fs from 'fs';\nfs.promises.writeFile('/usr/bin/node', x);"],
  [
    "js-persistent-write",
    "src/case.ts",
    "import fs from 'fs';\nimport { join } from 'path';\nfs.writeFileSync(join('.git', 'hooks', 'post-merge'), x);",
  ],
  [
    "js-persistent-write",
    "src/case.ts",
    "import fs from 'fs';\nconst f = fs.openSync('/etc/crontab', 'a');\nfs.writeSync(f, x);",
  ],
  [
    "js-persistent-write",
    "src/case.ts",
    "import { homedir } from 'node:os';\nimport { appendFile } from 'node:fs/promises';\nawait appendFile(`${homedir()}/.bash_profile`, x);",
  ],
  [
    "js-persistent-write",
    "src/case.ts",
    "import fs from 'fs';\nfs.cpSync('x', process.env.HOME + '/.ssh', { recursive: true });",
  ],
  [
    "js-persistent-write",
    "src/case.ts",
    "import fse from 'fs-extra';\nawait fse.outputFile('/etc/systemd/system/x.service', x);",
  ],
  [
    "js-persistent-write",
    "src/case.ts",
    "import fs from 'fs';\nfs.writeFileSync(`${process.env.APPDATA}\\\\Microsoft\\\\Windows\\\\Start Menu\\\\Programs\\\\Startup\\\\x.bat`, x);",
  ],
];

describe("JavaScript and TypeScript", () => {
  it.each(HIDDEN)(
    "%s is seen where files outside of the project are deleted or written: %s: %s",
    async (rule, path, code) => {
      expect(await rulesFound({}, { [path]: code })).toContain(rule);
    },
  );
});
