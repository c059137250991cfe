import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { NightId } from "../../src/core/ids.ts";
import { dockerUnderTest, type DockerUnderTest } from "../fixtures/docker-under-test.ts";
import { baseRepository, hostileAttempt, type BaseRepository } from "../fixtures/hostile-attempt.ts";

let under: DockerUnderTest;
let base: BaseRepository;

beforeAll(async () => {
  under = await dockerUnderTest("tree");
});
afterAll(async () => {
  expect(await under.leftovers()).toEqual([]);
});
beforeEach(() => {
  base = baseRepository();
});
afterEach(() => base.dispose());

/** What an agent may leave behind so that a later git command of its owner runs it. `$MARK` is what must not run. */
const TRAPS: Readonly<Record<string, string>> = {
  "hooks of every name": `
    for hook in pre-commit post-checkout post-index-change reference-transaction post-commit pre-push; do
      printf '#!/bin/sh\\n%s\\n' "$MARK" > .git/hooks/$hook 2>/dev/null || { mkdir -p .git/hooks; printf '#!/bin/sh\\n%s\\n' "$MARK" > .git/hooks/$hook; }
      chmod +x .git/hooks/$hook
    done
    echo changed >> a.txt`,
  "an fsmonitor in the configuration": `git config core.fsmonitor "$MARK; true"; echo changed >> a.txt`,
  "a clean filter in the configuration, and attributes that use it": `
    git config filter.x.clean "sh -c '$MARK; cat'"; echo '* filter=x' > .gitattributes; echo changed >> a.txt`,
  "a .git that points to a repository of the agent's own": `
    mkdir own && git init -q own/repo && git -C own/repo config core.fsmonitor "$MARK; true"
    rm -rf .git && echo 'gitdir: own/repo/.git' > .git && echo changed >> a.txt`,
  "a nested repository with an fsmonitor, and a .gitmodules that asks for it": `
    git init -q sub && git -C sub -c user.name=a -c user.email=a commit -q --allow-empty -m x
    git -C sub config core.fsmonitor "$MARK; true"; echo x > sub/f
    printf '[submodule "sub"]\\n\\tpath = sub\\n\\turl = ./sub\\n\\tignore = none\\n' > .gitmodules; echo changed >> a.txt`,
};

describe("what an agent leaves in its tree", () => {
  it.each(Object.entries(TRAPS))(
    "%s: nothing of it runs on the host, where plain git would run it",
    async (_, script) => {
      const marker = join(tmpdir(), `nw-marker-${randomUUID()}`);
      const withMark = `MARK="touch ${marker}"\n${script}`;
      try {
        const { captured, repository } = await hostileAttempt(under, base, withMark);
        const { commit: baseCommit } = await repository.prepare("main");
        if (captured.commit !== null) {
          const night = "2026-11-20-test" as NightId;
          await repository.fastForward({ night, from: baseCommit, to: captured.commit });
          await repository.deliver({ night, base: baseCommit, to: captured.commit, from: null });
        }
        expect(existsSync(marker)).toBe(false);

        const host = join(base.folder, "on-the-host");
        mkdirSync(host);
        execFileSync("cp", ["-a", `${base.path}/.`, host]);
        execFileSync("bash", ["-c", withMark], {
          cwd: host,
          stdio: "ignore",
          env: { PATH: process.env["PATH"] ?? "", HOME: base.folder },
        });
        rmSync(marker, { force: true });
        const asOwner = {
          cwd: host,
          stdio: "ignore",
          env: { PATH: process.env["PATH"] ?? "", HOME: base.folder },
        } as const;
        // What an owner, or a careless tool, does with such a folder.
        const plain =
          "git -c safe.directory='*' status; git -c safe.directory='*' -c user.name=o -c user.email=o commit -qam x; git -C sub status; true";
        execFileSync("bash", ["-c", plain], asOwner);
        expect(existsSync(marker)).toBe(true);
      } finally {
        rmSync(marker, { force: true });
      }
    },
  );

  it("takes what the agent closed to others: a file of mode 0600 and one in a folder of mode 000", async () => {
    const script =
      "echo secret > private; chmod 600 private; mkdir closed; echo hidden > closed/file; chmod 000 closed; chmod 000 b.txt";
    const { captured, repository } = await hostileAttempt(under, base, script);
    expect(captured).toMatchObject({ added: 2, changed: 0, deleted: 0, unchanged: 2, refused: [] });
    expect(captured.commit).not.toBeNull();
    expect(repository.name).toBe("app");
  });

  it.each([
    ["a FIFO", "mkfifo pipe", "pipe", /FIFO/],
    [
      "a socket",
      `node -e 'require("net").createServer().listen("s.sock", () => process.exit(0))'; perl -MSocket -e 'socket(S,AF_UNIX,SOCK_STREAM,0); bind(S,sockaddr_un("left.sock"))'`,
      "left.sock",
      /socket/,
    ],
    ["a link to an absolute path", "ln -s /etc/passwd link", "link", /./],
    ["a link out of the tree", "mkdir d; ln -s ../../outside d/link", "d/link", /./],
    ["a nested repository", "git init -q nested", "nested/.git", /nested git repository/],
    [
      "a bare repository, whose folder git would take for its own",
      "mkdir -p bare/objects bare/refs; echo 'ref: refs/heads/x' > bare/HEAD; touch bare/objects/k bare/refs/k; git config -f bare/config core.fsmonitor 'touch x; false'",
      "bare/config",
      /takes for a repository/,
    ],
    [
      "the rest of a repository that is elsewhere",
      "mkdir w; echo 'ref: refs/heads/x' > w/HEAD; echo ../b > w/commondir",
      "w/commondir",
      /takes for a repository/,
    ],
    ["a name that ends with a dot", "echo x > a.", "a.", /dot or a space/],
    ["a name that is .git on other systems", "mkdir .GIT; echo x > .GIT/config", ".GIT", /./],
    ["a name with an escape sequence", `printf x > "$(printf 'a\\033[2Jb')"`, "a", /./],
    ["a name that is not UTF-8", `printf x > "$(printf 'a\\377b')"`, "a", /./],
    ["a name that differs from another only by case", "echo x > A.TXT", "A.TXT", /./],
    [
      "a folder too deep",
      "d=.; for i in $(seq 1 80); do d=$d/x; mkdir $d; done; echo y > $d/y",
      "x/x",
      /deep/,
    ],
    ["a file that is too large", "truncate -s 20M sparse", "sparse", /larger/],
    ["a change of .gitmodules", "echo '[submodule \"x\"]' > .gitmodules", ".gitmodules", /./],
  ])("refuses %s, by name", async (_, script, path, reason) => {
    const { captured } = await hostileAttempt(under, base, script);
    const refused = captured.refused.find((entry) => entry.path.startsWith(path));
    expect(refused?.reason).toMatch(reason);
  });

  it("takes a hard link as what it holds, and no setuid bit", async () => {
    const script = "ln a.txt linked; cp a.txt run; chmod 6755 run";
    const { captured, repository } = await hostileAttempt(under, base, script);
    expect(captured).toMatchObject({ added: 2, refused: [] });
    const listing = execFileSync("git", [
      "--git-dir",
      join(base.folder, "state/shadow/app.git"),
      "ls-tree",
      captured.commit ?? "",
    ]).toString();
    expect(listing).toMatch(/100644 blob [0-9a-f]+\tlinked/);
    expect(listing).toMatch(/100755 blob [0-9a-f]+\trun/);
    await repository.prepare("main");
  });

  it("deletes, replaces a file by a folder and a folder by a file, exactly", async () => {
    const { captured } = await hostileAttempt(
      under,
      base,
      "rm a.txt; mkdir a.txt; echo x > a.txt/inside; rm b.txt",
    );
    const listing = execFileSync("git", [
      "--git-dir",
      join(base.folder, "state/shadow/app.git"),
      "ls-tree",
      "-r",
      "--name-only",
      captured.commit ?? "",
    ]).toString();
    expect(listing.trim().split("\n")).toEqual(["a.txt/inside"]);
  });

  it("leaves nothing on the engine that could not be removed: closed folders, deep ones, immutable tries", async () => {
    const script =
      "mkdir -p x/y; touch x/y/z; chattr +i x/y/z 2>/dev/null; chmod 000 x/y x; d=deep; mkdir $d; cd $d; for i in $(seq 1 300); do mkdir dddddddddddddddddddddddd; cd dddddddddddddddddddddddd; done; echo made";
    const { lines } = await hostileAttempt(under, base, script);
    expect(lines).toContain("made");
    expect(await under.leftovers()).toEqual([]);
  });
});
