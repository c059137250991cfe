import { existsSync, globSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { namesIn, rangesIn } from "../../src/launcher/taken-users.ts";
import { installedProgram } from "../fixtures/installed-program.ts";

describe("who has a number", () => {
  it("is found by the number and nothing else", () => {
    const lines =
      "root:x:0:0::/root:/bin/sh\ndora:x:70001:5::/:/bin/sh\nodd\n:x:70001:\nmax:x:700010:70001::/:";
    expect(namesIn(lines, (id) => id === 70_001)).toEqual(["dora"]);
    expect(namesIn("staff:x:70001:\n", (id) => id === 70_001)).toEqual(["staff"]);
    expect(namesIn(lines, (id) => id === 70_002)).toEqual([]);
  });

  it("may be a range, from its first number to its last", () => {
    const lines = "below:60001:10000\ndora:70001:1\nabove:71001:65536\n7:100000:65536\n";
    expect(rangesIn(lines, () => true)).toEqual(["dora"]);
    expect(rangesIn("wide:65536:65536\n", (id) => id === 71_000)).toEqual(["wide"]);
    expect(rangesIn("wide:65536:65536\n", (id) => id === 71_001)).toEqual([]);
    expect(rangesIn("broken\nalso:x:y\n", () => true)).toEqual([]);
  });
});

const MAIN = join(import.meta.dirname, "../../dist/launcher/main.js");
const RUN = {
  op: "run",
  owner: "taken-users",
  id: "gateway-taken-users",
  attempt: "fix.1",
  role: "gateway",
  slot: 0,
  trees: null,
  tree: null,
  gateway: null,
  files: null,
  limits: null,
};

describe.skipIf(process.getuid?.() !== 0)("a launcher on a machine with such users", () => {
  let folder: string;
  beforeAll(async () => void (await installedProgram()));
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "nw-launcher-"))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** Asks the launcher where `before` has been done to this machine's files: to a view of them that is its own. */
  async function ask(before: string, request: object): Promise<string> {
    const script = `set -e; ${before}; exec "$@"`;
    const words = ["-m", "sh", "-c", script, "sh", process.execPath, MAIN];
    const { stdout } = await execa("unshare", words, {
      cwd: folder,
      input: `${JSON.stringify(request)}\n`,
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", NIGHTWARDEN_LAUNCHER_ROOT: join(folder, "root") },
      extendEnv: false,
    });
    return stdout;
  }
  const over = (file: string, text: string): string => {
    const own = join(folder, file.replaceAll("/", "-"));
    writeFileSync(own, text, { mode: 0o755 });
    return `mount --bind ${own} ${file}`;
  };
  const getent = (script: string): string => over("/usr/bin/getent", `#!/bin/sh\n${script}\n`);

  it("starts where nobody has its number: the control", async () => {
    expect(await ask(":", RUN)).toContain('{"type":"started"}');
    expect(await ask(":", { op: "probe" })).toContain('"takenUsers":[]');
  });

  it.each([
    ["/etc/passwd", "root:x:0:0::/root:/bin/sh\ndora:x:71000:71000::/:/bin/sh\n", "the user dora"],
    ["/etc/group", "root:x:0:\nstaff:x:71000:\n", "the group staff"],
  ])("refuses a number that %s has", async (file, text, who) => {
    expect(await ask(over(file, text), RUN)).toContain(`${who} of this machine has the number 71000`);
    expect(await ask(over(file, text), { op: "probe" })).toContain(`"takenUsers":["${who}"]`);
  });

  it("refuses a number that a range for containers' users has", async () => {
    const make =
      "mount -t tmpfs none /mnt; cp -a /etc/. /mnt/; echo dora:65536:65536 >/mnt/subuid; mount --bind /mnt /etc";
    expect(await ask(make, RUN)).toContain("the range of dora in /etc/subuid of this machine");
  });

  const hasSystemd = globSync("/{usr/,}lib/*/libnss_systemd.so.2").length > 0;
  it.skipIf(!hasSystemd)(
    "refuses a number that is in no file, but in the machine's directory of users",
    async () => {
      const user = JSON.stringify({ userName: "dora", uid: 71_000, gid: 71_000 });
      writeFileSync(join(folder, "user"), user);
      const make = [
        over("/etc/nsswitch.conf", "passwd: files systemd\ngroup: files systemd\n"),
        "mount -t tmpfs none /run",
        "mkdir -m 755 /run/userdb",
        "cp user /run/userdb/dora.user",
        "ln -s dora.user /run/userdb/71000.user",
        // Else it would not be the directory that says so.
        "! grep -q 71000 /etc/passwd",
        "getent passwd 71000 >&2",
      ].join("; ");
      expect(await ask(make, RUN)).toContain("the user dora of this machine has the number 71000");
      expect(await ask(make, { op: "probe" })).toContain('"takenUsers":["the user dora"]');
    },
  );

  it("believes what the machine's own way of asking says, and refuses where that gives no answer", async () => {
    const knows = getent('[ "$1" = passwd ] && echo dora:x:71000:71000::/:/bin/sh; exit 2');
    expect(await ask(knows, RUN)).toContain("the user dora of this machine has the number 71000");
    const fails = getent("echo no server answers >&2; exit 3");
    expect(await ask(fails, RUN)).toContain("it cannot be asked whose the numbers of sandboxes are");
    expect(existsSync(join(folder, "root/runs/gateway-taken-users"))).toBe(false);
  });
});
