import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { startProgram, type Ended } from "../fixtures/cli-process.ts";
import { temporaryFolder } from "../fixtures/git-repository.ts";
import { readSeatbelt } from "../fixtures/seatbelt-reader.ts";

const SETUP = resolve(import.meta.dirname, "../../ops/macos/setup");
const OPERATOR = ["--operator", "alice"];
/** Everything in the script that changes a machine, or lets it believe that it is on another one. */
const DANGEROUS = ["chmod", "chown", "dscl", "mkdir", "pfctl", "pkill", "rm", "sudo", "visudo"];

/** Runs the script with traps in the place of all that is dangerous. */
class Machine {
  readonly folder = temporaryFolder();
  private readonly traps = join(this.folder, "traps");
  private readonly marks = join(this.folder, "marks");

  constructor(programs: Readonly<Record<string, string>> = {}) {
    mkdirSync(this.traps);
    mkdirSync(this.marks);
    for (const name of DANGEROUS) this.program(name, `: >"${this.marks}/${name}"; exit 1`);
    for (const [name, script] of Object.entries(programs)) this.program(name, script);
  }

  private program(name: string, script: string): void {
    writeFileSync(join(this.traps, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(this.traps, name), 0o755);
  }

  async setup(...args: readonly string[]): Promise<Ended> {
    const env = { PATH: `${this.traps}:${process.env["PATH"] ?? ""}`, HOME: this.folder };
    return await startProgram({ file: SETUP, args, cwd: this.folder, env }).ended;
  }

  /** What was run of the dangerous programs. */
  touched(): string[] {
    return readdirSync(this.marks);
  }
}

/** The text of a file that a dry run would write. */
function written(stdout: string, path: string): string {
  const lines = stdout.split("\n");
  const start = lines.findIndex((line) => line.startsWith(`+ write ${path} `));
  expect(start).toBeGreaterThanOrEqual(0);
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => !line.startsWith("    "));
  return rest.slice(0, end).join("\n").replaceAll(/^ {4}/gm, "");
}

const hasShellcheck = spawnSync("shellcheck", ["--version"]).status === 0;

describe("the setup for macOS, which nobody has run there,", () => {
  it.skipIf(!hasShellcheck)("has nothing that shellcheck objects to", () => {
    const { status, stdout } = spawnSync("shellcheck", [SETUP], { encoding: "utf8" });
    expect(stdout).toBe("");
    expect(status).toBe(0);
  });

  it("prints every step of a dry run, and takes none", async () => {
    const machine = new Machine();
    const { exitCode, stdout, stderr } = await machine.setup("--dry-run", ...OPERATOR, "--slots", "2");
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(machine.touched()).toEqual([]);
    for (const step of [
      "+ dscl . -create /Users/_nightwarden1 UniqueID 461",
      "+ dscl . -create /Users/_nightwarden0 IsHidden 1",
      "+ chown _nightwarden0:_nightwarden0 /private/var/nightwarden/slots/0/tree",
      "+ pfctl -a com.apple/nightwarden -f /etc/pf.anchors/nightwarden",
    ])
      expect(stdout.split("\n")).toContain(step);
    // A look at the rules comes before they are loaded.
    expect(stdout.indexOf("+ pfctl -n ")).toBeLessThan(stdout.indexOf("+ pfctl -a "));
  });

  it("takes its steps where it believes that it is root on a Mac: the traps of these tests do fire", async () => {
    const machine = new Machine({ uname: "echo Darwin", id: "echo 0" });
    const { exitCode, stderr } = await machine.setup(...OPERATOR);
    expect(exitCode).toBe(4);
    expect(stderr).toContain("setup: this failed: dscl . -create /Groups/_nightwarden0");
    expect(machine.touched()).toEqual(["dscl"]);
  });

  it("gives each user a profile of its own folders, with every tool's folder as one path", async () => {
    const tools = '/opt/home "brew"';
    const args = ["--slots", "2", "--toolchain", tools, "--toolchain", "/Library/Developer/CommandLineTools"];
    const { stdout } = await new Machine().setup("--dry-run", ...OPERATOR, ...args);
    for (const slot of [0, 1]) {
      const profile = readSeatbelt(written(stdout, `/private/var/nightwarden/slots/${slot}/seatbelt.sb`));
      const folder = (name: string): unknown => [
        "subpath",
        { text: `/private/var/nightwarden/slots/${slot}/${name}` },
      ];
      expect(profile).toContainEqual(["allow", "file-write*", folder("tree"), folder("home"), folder("tmp")]);
      expect(profile).toContainEqual([
        "allow",
        "network-outbound",
        ["remote", "tcp", { text: `localhost:${8402 + slot}` }],
      ]);
      expect(JSON.stringify(profile)).toContain(JSON.stringify({ text: tools }));
      expect(JSON.stringify(profile)).not.toContain(`slots/${1 - slot}`);
    }
    expect(written(stdout, "/etc/pf.anchors/nightwarden")).toContain("port 8403 user _nightwarden1");
  });

  it("lets the operator start programs as those users under their profile only, and end them", async () => {
    const { stdout } = await new Machine().setup("--dry-run", ...OPERATOR);
    expect(written(stdout, "/etc/sudoers.d/nightwarden").split("\n")).toEqual([
      "alice ALL=(_nightwarden0) NOPASSWD: /usr/bin/sandbox-exec -f /private/var/nightwarden/slots/0/seatbelt.sb /usr/bin/env -i *",
      "alice ALL=(_nightwarden0) NOPASSWD: /usr/bin/pkill -KILL -U _nightwarden0",
    ]);
  });

  it("takes away what it made, and nothing else", async () => {
    const { exitCode, stdout } = await new Machine().setup("--dry-run", "--remove", "--slots", "2");
    expect(exitCode).toBe(0);
    expect(stdout.split("\n").filter((line) => /\brm\b|-delete/.test(line))).toEqual([
      "+ rm -f /etc/pf.anchors/nightwarden /etc/sudoers.d/nightwarden",
      "+ dscl . -delete /Users/_nightwarden0",
      "+ dscl . -delete /Groups/_nightwarden0",
      "+ rm -rf /private/var/nightwarden/slots/0",
      "+ dscl . -delete /Users/_nightwarden1",
      "+ dscl . -delete /Groups/_nightwarden1",
      "+ rm -rf /private/var/nightwarden/slots/1",
    ]);
  });

  it.each([
    [[], 2, "--operator is missing"],
    [["--operator"], 2, "--operator needs a value"],
    [["--operator", "root"], 2, '"root" is not the name of an ordinary user'],
    [["--operator", "a ALL=(ALL) ALL"], 2, "is not the name of an ordinary user"],
    [["--operator", "-x"], 2, "is not the name of an ordinary user"],
    [[...OPERATOR, "--slots", "9"], 2, "a number from 1 to 8"],
    [[...OPERATOR, "--slots", "1 2"], 2, "a number from 1 to 8"],
    [[...OPERATOR, "--unknown"], 2, "unknown argument --unknown"],
    [[...OPERATOR, "--dry-run", "--toolchain", "/tmp/tools"], 4, "goes through /tmp, a link"],
  ])("refuses %j, exit code %d", async (args, code, why) => {
    const machine = new Machine();
    const { exitCode, stderr } = await machine.setup(...args);
    expect(stderr).toContain(why);
    expect(exitCode).toBe(code);
    expect(machine.touched()).toEqual([]);
  });

  it.runIf(process.platform === "linux")("refuses a system that is no Mac, exit code 3", async () => {
    const machine = new Machine();
    const { exitCode, stderr } = await machine.setup(...OPERATOR);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 3,
      stderr: "setup: this is not macOS; --dry-run works everywhere\n",
    });
    expect(machine.touched()).toEqual([]);
  });
});
