import { chmodSync, existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { clientProgram } from "../../src/core/client.ts";
import { HostClients } from "../../src/images/host-clients.ts";
import { HostToolchain } from "../../src/sandbox/worktree/host-toolchain.ts";
import { ensureWorktreeRoot, worktreeRoots } from "../../src/sandbox/worktree/worktree-roots.ts";
import { git, temporaryFolder } from "../fixtures/git-repository.ts";

describe("where the folders of worktree sandboxes are", () => {
  it("is the state folder, for its owner alone; in no repository, or nowhere", async () => {
    const folder = temporaryFolder();
    const place = {
      stateDir: join(folder, "workspace/.nightwarden"),
      cacheDir: join(folder, "home/.cache"),
      key: "k",
    };
    const [inState, inCache] = worktreeRoots(place);
    expect(await ensureWorktreeRoot(place)).toBe(inState);
    expect(statSync(inState).mode & 0o777).toBe(0o700);
    expect(existsSync(inCache)).toBe(false);

    git(join(folder, "workspace"), "init", "--quiet");
    expect(await ensureWorktreeRoot(place)).toBe(inCache);
    expect(statSync(inCache).mode & 0o777).toBe(0o700);

    git(folder, "init", "--quiet");
    await expect(ensureWorktreeRoot(place)).rejects.toMatchObject({
      code: "refused.sandbox",
      hint: expect.stringContaining("XDG_CACHE_HOME") as string,
    });
  });
});

describe("what takes an image's place", () => {
  it("is known by the programs that are used: another program is another id, and the same ones are the same", async () => {
    const fetched: string[] = [];
    const idOf = async (programs: readonly string[]): Promise<string> => {
      const toolchain = new HostToolchain({
        programs,
        ensureClients: async () => await Promise.resolve(void fetched.push("clients")),
      });
      const { id, built, base } = await toolchain.ensure("app", () => undefined);
      expect(built).toBe(false);
      expect(base).toContain("this machine");
      return id;
    };
    const id = await idOf(["cat", "ls"]);
    expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await idOf(["ls", "cat", "ls"])).toBe(id);
    expect(await idOf(["ls"])).not.toBe(id);
    expect(await idOf(["cat", "no-such-program"])).not.toBe(id);
    expect(fetched).toHaveLength(4);
  });
});

describe("clients for sandboxes without an image", () => {
  it.runIf(process.platform === "linux")(
    "are used from the cache, at their exact version, and not fetched again",
    async () => {
      const cacheDir = temporaryFolder();
      const [version, arch] = ["9.9.9", process.arch];
      const folder = join(cacheDir, `anthropic-ai-claude-code-linux-${arch}-${version}`);
      mkdirSync(folder);
      const manifest = { name: `@anthropic-ai/claude-code-linux-${arch}`, version };
      writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
      writeFileSync(join(folder, "claude"), "#!/bin/sh\n");
      chmodSync(join(folder, "claude"), 0o755);
      const options = { cacheDir, packageDir: "/nowhere", withheld: [] };
      const clients = new HostClients({ ...options, clients: [{ name: "claude", version }] });
      await clients.ensure((line) => expect.fail(`nothing is to be fetched: ${line}`));
      expect(clients.programOf("claude")).toBe(join(folder, "claude"));
      // One that no task uses is never started.
      expect(clients.programOf("codex")).toBe(clientProgram("codex"));

      const other = new HostClients({ ...options, clients: [{ name: "claude", version: "9.9.8" }] });
      await expect(other.ensure(() => undefined)).rejects.toMatchObject({ code: "refused.image" });
      const loose = new HostClients({ ...options, clients: [{ name: "claude", version: "latest" }] });
      await expect(loose.ensure(() => undefined)).rejects.toMatchObject({ code: "refused.image" });
    },
  );
});
