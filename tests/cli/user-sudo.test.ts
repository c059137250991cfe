import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, it, onTestFinished } from "vitest";
import { ordinaryUser } from "../fixtures/cli-ordinary-user.ts";
import { CliWorkspace } from "../fixtures/cli-workspace.ts";
import { installProgram } from "../fixtures/installed-program.ts";

/** An installation of root's, and a user who may start its launcher through sudo and nothing else. */
async function allowed(): Promise<{
  readonly user: Awaited<ReturnType<typeof ordinaryUser>>;
  readonly launcher: string;
  readonly installation: string;
  /** Starts a program as the user, with one line on its standard input. */
  readonly run: (
    command: readonly string[],
    line?: object,
  ) => Promise<{ exitCode: number | undefined; stdout: string; stderr: string }>;
  readonly words: readonly string[];
}> {
  const installation = mkdtempSync(join(tmpdir(), "nw-sudo-"));
  onTestFinished(() => rmSync(installation, { recursive: true, force: true }));
  chmodSync(installation, 0o755);
  const { launcher, nodeDir } = await installProgram(installation);
  const user = await ordinaryUser();
  const words = [join(nodeDir, "node"), join(installation, "dist/launcher/main.js")];
  const rules = `/etc/sudoers.d/nightwarden-test-${randomBytes(4).toString("hex")}`;
  writeFileSync(rules, `#${user.uid} ALL=(root) NOPASSWD: ${words.join(" ")}\n`, { mode: 0o440 });
  onTestFinished(() => rmSync(rules));
  const run: Awaited<ReturnType<typeof allowed>>["run"] = async (
    command,
    line = { op: "list", prefix: "" },
  ) => {
    const [file = "", ...args] = [...user.person.prefix, ...command];
    const env = { ...user.person.env, NIGHTWARDEN_LAUNCHER_ROOT: "/tmp/nw-not-here" };
    const input = `${JSON.stringify(line)}\n`;
    const { exitCode, stdout, stderr } = await execa(file, args, {
      env,
      extendEnv: false,
      input,
      reject: false,
    });
    return { exitCode, stdout, stderr };
  };
  return { user, launcher, installation, run, words };
}

// What sudo allows can only be tried where there is one; scripts/os-user installs it for that.
describe.skipIf(!existsSync("/usr/bin/sudo") || process.getuid?.() !== 0)("the launcher through sudo", () => {
  it("is allowed by its one line, with no other argument and no other program", async () => {
    const { run, words, installation } = await allowed();
    const sudo = ["sudo", "-n", "--"];
    expect((await run([...sudo, ...words])).stdout).toContain('{"type":"listed","entries":[]}');
    // Nor can its user say where it keeps its things.
    expect(existsSync("/tmp/nw-not-here")).toBe(false);
    for (const other of [
      [...words, "--inspect"],
      [words[0] ?? "", "-e", "1"],
      [words[0] ?? ""],
      ["/bin/sh"],
      [words[0] ?? "", join(installation, "dist/main.js")],
    ])
      expect((await run([...sudo, ...other])).exitCode).not.toBe(0);
    expect((await run(words)).stdout).toContain("the launcher is not root");
  });

  it("does not touch what another user has", async () => {
    const { run, words } = await allowed();
    const id = `trees-other-${randomBytes(6).toString("hex")}`;
    const [file = "", ...args] = words;
    const asRoot = async (line: object): Promise<string> =>
      (
        await execa(file, args, {
          env: { PATH: "/usr/bin" },
          extendEnv: false,
          input: `${JSON.stringify(line)}\n`,
        })
      ).stdout;
    const owner = "somebody";
    expect(await asRoot({ op: "open-trees", owner, id, attempt: "other.1", bound: null })).toContain(
      "opened",
    );
    try {
      const sudo = ["sudo", "-n", "--", ...words];
      expect((await run(sudo)).stdout).toContain('"entries":[]');
      expect((await run(sudo, { op: "close-trees", owner, id })).stdout).toContain("refused");
      expect((await run(sudo, { op: "sweep", owners: [owner] })).stdout).toContain('"trees":0');
      expect(await asRoot({ op: "list", prefix: owner })).toContain(id);
    } finally {
      expect(await asRoot({ op: "close-trees", owner, id })).toContain("done");
    }
  });

  it("refuses to work where somebody else could change what it starts", async () => {
    const { run, words, installation } = await allowed();
    const sudo = ["sudo", "-n", "--", ...words];
    const shim = join(installation, "dist/shim/main.js");
    for (const [path, open, closed] of [
      [shim, 0o666, 0o644],
      [join(installation, "dist/core"), 0o777, 0o755],
      [installation, 0o777, 0o755],
    ] as const) {
      chmodSync(path, open);
      expect((await run(sudo)).stdout).toContain("can be changed by somebody else than root");
      chmodSync(path, closed);
      expect((await run(sudo)).stdout).toContain("listed");
    }
  });

  it("gives an ordinary user a night without an engine", async () => {
    const { user, launcher, words } = await allowed();
    const [node = ""] = words;
    const env = {
      ...user.person.env,
      PATH: `${join(node, "..")}:/usr/bin:/bin`,
      DOCKER_HOST: "unix:///nowhere/docker.sock",
    };
    const workspace = await CliWorkspace.create({
      parent: join(user.folder, "projects"),
      person: { ...user.person, launcher, env },
      sandbox: { kind: "user" },
      tasks: [{ id: "one", agent: "id -u; echo 1 > one.txt" }],
    });
    const { exitCode, stdout, stderr } = await workspace.night("--verbose");
    expect(stdout).toContain("1 of 1 task landed");
    expect(exitCode).toBe(0);
    expect(stderr).toContain("one | 70001");
  });

  it("says what is missing where sudo does not allow it", async () => {
    const user = await ordinaryUser();
    const workspace = await CliWorkspace.create({
      parent: join(user.folder, "projects"),
      person: user.person,
      sandbox: { kind: "user" },
      tasks: [{ id: "one", agent: "echo 1 > one.txt" }],
    });
    const { exitCode, stderr } = await workspace.night();
    expect(exitCode).toBe(3);
    expect(stderr).toContain("the launcher could not be asked: sudo:");
    expect(stderr).toContain("ops/os-user.md");
  });
});
