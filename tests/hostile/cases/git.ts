import { COLLECTOR_PATH } from "../../../src/core/sandbox-layout.ts";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { HostileCase, Results, Tried } from "../suite/hostile-case.ts";
import type { AttemptOptions, AttemptSeen, HostileWorld } from "../suite/hostile-world.ts";
import { reached, refused, tried } from "../suite/tried.ts";
import { fingerprint } from "../../fixtures/git-repository.ts";
import { endOf } from "./resources.ts";

const BOTH = ["docker", "user"] as const;

/** A folder that is the owner's, with the repository in it, for what a careless tool would do there. */
function withCopy<T>(world: HostileWorld, use: (folder: string) => T): T {
  const folder = mkdtempSync(join(world.folder, "copy-"));
  try {
    execFileSync("cp", ["-a", `${world.owner.repository}/.`, folder]);
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A shell on this host, as the owner's. What it prints counts, not how it ends. */
function shell(folder: string, script: string, env: Readonly<Record<string, string>> = {}): string {
  return execFileSync("bash", ["-c", `{ ${script}\n} 2>&1; true`], {
    cwd: folder,
    env: { PATH: process.env["PATH"], HOME: join(folder, ".."), ...IDENTITY, ...env },
    timeout: 30_000,
    stdio: ["ignore", "pipe", "pipe"],
  }).toString();
}

const IDENTITY = {
  GIT_AUTHOR_NAME: "Owner",
  GIT_AUTHOR_EMAIL: "owner@example.org",
  GIT_COMMITTER_NAME: "Owner",
  GIT_COMMITTER_EMAIL: "owner@example.org",
  GIT_CONFIG_NOSYSTEM: "1",
};

/** Which of the programs that leave a mark have run on this host. */
function marksOf(world: HostileWorld, targets: readonly string[]): Results {
  const marks = new Set(readdirSync(world.marks));
  const results = targets.map((name): [string, Tried] => [
    name,
    tried(marks.has(name), marks.has(name) ? "it ran" : "it did not run"),
  ]);
  for (const mark of marks) rmSync(join(world.marks, mark));
  return new Map(results);
}

/** The agent runs `script`, and everything happens that a night does with what it left: landing, delivery, the next task. */
async function wholeNight(
  world: HostileWorld,
  script: string,
  more: Partial<AttemptOptions> = {},
): Promise<AttemptSeen[]> {
  const seen = await world.night([
    { ...more, command: ["bash", "-c", `${script}\necho changed >>a.txt`] },
    { command: ["bash", "-c", "echo more >>b.txt"] },
    { command: ["bash", "-c", "echo red >>b.txt"], verify: ["false"] },
  ]);
  const ends = seen.map(endOf).join();
  if (ends !== "landed,landed,verify-failed")
    throw new Error(`the night was another one: ${ends} ${seen[0]?.lines.join()}`);
  return seen;
}

const HOOKS = [
  "applypatch-msg",
  "pre-applypatch",
  "post-applypatch",
  "pre-commit",
  "prepare-commit-msg",
  "commit-msg",
  "post-commit",
  "pre-merge-commit",
  "post-merge",
  "pre-rebase",
  "post-rewrite",
  "post-checkout",
  "post-index-change",
  "reference-transaction",
  "pre-push",
  "pre-receive",
  "update",
  "post-receive",
  "post-update",
];

const plantHooks = (marks: string): string => `
  mkdir -p .git/hooks ignored/hooks
  for hook in ${HOOKS.join(" ")}; do
    printf '#!/bin/sh\\ntouch "%s"\\n' "${marks}/$hook" >.git/hooks/$hook; chmod +x .git/hooks/$hook
    cp .git/hooks/$hook ignored/hooks/$hook
  done
  git config core.hooksPath "$PWD/ignored/hooks"`;

/** What an owner does in a day. */
const A_DAY = `
  export GIT_EDITOR=true
  git checkout -q -B work; echo 1 >>day.txt; git add -A; git commit -qm one; git commit -q --amend -m two
  git format-patch -q -1 -o ../patches; git reset -q --hard HEAD~1; git am -q ../patches/*.patch
  git checkout -q -B other HEAD~1; echo 2 >other.txt; git add -A; git commit -qm other
  git merge -q --no-ff -m merged work; git checkout -q -B third HEAD~1; git rebase -q work
  git push -q . HEAD:refs/heads/pushed; git status >/dev/null; rm -rf ../patches`;

/** Configuration by which git runs a program: what an agent writes into its own, and what would make the owner's git use it. */
const KEYS: Readonly<Record<string, readonly [plant: string, use: string]>> = {
  fsmonitor: ["git config core.fsmonitor 'MARK; false'", "git status"],
  editor: ["git config core.editor 'MARK; true'", "git commit -q --allow-empty"],
  "sequence.editor": ["git config sequence.editor 'MARK; true'", "git rebase -i HEAD"],
  "diff.external": ["git config diff.external 'MARK; true'", "echo x >>b.txt; git diff"],
  textconv: [
    "git config diff.t.textconv 'MARK; cat'; mkdir -p .git/info; echo '* diff=t' >.git/info/attributes",
    "git config --unset diff.external; echo y >>b.txt; git diff",
  ],
  filter: [
    "git config filter.f.clean 'MARK; cat'; echo '* filter=f' >>.gitattributes",
    "echo z >>b.txt; git add b.txt",
  ],
  "include.path": [
    "printf '[alias]\\n\\tincluded = !MARK\\n' >more.config; git config include.path ../more.config",
    "git included",
  ],
  alias: ["git config alias.st '!MARK'", "git st"],
  "gpg.program": [
    "printf '#!/bin/sh\\nMARK\\n' >gpg.sh; chmod +x gpg.sh; git config gpg.program ./gpg.sh",
    "git commit -q -S --allow-empty -m signed",
  ],
  sshCommand: ["git config core.sshCommand 'MARK; false'", "git ls-remote ssh://git@127.0.0.1/x"],
  "credential.helper": [
    "git config credential.helper '!MARK; true'",
    "printf 'protocol=https\\nhost=x\\n\\n' | GIT_TERMINAL_PROMPT=0 git credential fill",
  ],
  gitProxy: [
    "printf '#!/bin/sh\\nMARK\\n' >proxy.sh; chmod +x proxy.sh; git config core.gitProxy \"$PWD/proxy.sh\"",
    "git ls-remote git://127.0.0.1/x",
  ],
  "merge driver": [
    "git config merge.m.driver 'MARK; false'; echo 'a.txt merge=m' >>.gitattributes",
    "git config --unset core.fsmonitor; git add -A; git commit -qm driver; git checkout -qB l; echo l >a.txt; git commit -qam l; git checkout -qB r HEAD~1; echo r >a.txt; git commit -qam r; git merge -q l",
  ],
};

const plantKeys = (marks: string): string =>
  Object.entries(KEYS)
    .map(([name, [plant]]) => plant.replaceAll("MARK", `touch "${marks}/${name}"`))
    .join("\n");

const HISTORY = ["a replaced commit", "a graft", "a note"];
/** Another history, by everything that git can be told about it aside from the commits. */
const FORGE_HISTORY = `
  export ${Object.entries(IDENTITY)
    .map(([name, value]) => `${name}="${value}"`)
    .join(" ")}
  tip=$(git rev-parse HEAD); tree=$(git rev-parse "HEAD^{tree}")
  forged=$(git commit-tree -m "forged subject" "$tree"); git replace -f "$tip" "$forged"
  mkdir -p .git/info; echo "$tip" >.git/info/grafts
  git notes add -f -m "forged note" "$tip"`;

function historySeen(world: HostileWorld, folder: string, revision: string, base: string): Results {
  const look = (...args: string[]): string => {
    try {
      return execFileSync("git", args, {
        cwd: folder,
        env: { PATH: process.env["PATH"], HOME: world.owner.home },
        stdio: ["ignore", "pipe", "ignore"],
      }).toString();
    } catch {
      return "";
    }
  };
  const log = look("log", "--format=%s %N", revision);
  const all = look("rev-list", revision);
  return new Map([
    ["a replaced commit", tried(log.includes("forged subject"), "the commits are what they are")],
    ["a graft", tried(!all.includes(base), "the commits are what they are")],
    ["a note", tried(log.includes("forged note"), "the commits are what they are")],
  ]);
}

/** Names that a careless tool would take for something else. */
const NAMES = [
  "-rf",
  "--help",
  ":(exclude)a.txt",
  ";touch EXECUTED",
  "$(touch EXECUTED)",
  "`touch EXECUTED`",
  "a b",
  "*",
  "ü".repeat(120),
];
const BAD_NAMES = ["new\\nline", "\\033[2Jscreen", "a\\377b"];

export const GIT: readonly HostileCase[] = [
  {
    id: "GIT01",
    title: "hooks of every name, in .git/hooks and by core.hooksPath",
    control: "in a checkout with the same hooks, an owner's day runs every one",
    on: BOTH,
    targets: HOOKS,
    refusal: /^it did not run$/,
    attack: async (world) => {
      await wholeNight(world, plantHooks(world.marks));
      return marksOf(world, HOOKS);
    },
    unguarded: async (world) =>
      await Promise.resolve(
        withCopy(world, (folder) => {
          shell(folder, plantHooks(world.marks) + A_DAY);
          return marksOf(world, HOOKS);
        }),
      ),
  },
  {
    id: "GIT02",
    title: "configuration by which git runs a program: filters, editors, helpers, drivers, aliases, includes",
    control: "in a checkout with the same configuration, git runs each",
    on: BOTH,
    targets: Object.keys(KEYS),
    refusal: /^it did not run$/,
    attack: async (world) => {
      await wholeNight(world, plantKeys(world.marks));
      return marksOf(world, Object.keys(KEYS));
    },
    unguarded: async (world) =>
      await Promise.resolve(
        withCopy(world, (folder) => {
          for (const [name, [plant, use]] of Object.entries(KEYS))
            shell(folder, `${plant}\n${use}`.replaceAll("MARK", `touch "${join(world.marks, name)}"`));
          return marksOf(world, Object.keys(KEYS));
        }),
      ),
  },
  {
    id: "GIT06",
    title: "another history: replaced commits, grafts, notes",
    control: "in a checkout with the same refs and files, git shows the other one",
    on: BOTH,
    targets: HISTORY,
    refusal: /^the commits are what they are$/,
    attack: async (world) => {
      const { commit: base } = await world.repository.prepare("main");
      const [seen] = await wholeNight(world, FORGE_HISTORY);
      return historySeen(world, world.owner.repository, seen?.commit ?? "", base);
    },
    unguarded: async (world) =>
      await Promise.resolve(
        withCopy(world, (folder) => {
          const root = execFileSync("git", ["rev-list", "--max-parents=0", "main"], { cwd: folder })
            .toString()
            .trim();
          const forge = shell(folder, FORGE_HISTORY.replace(/mkdir.*\n/, "\n"));
          const replaced = historySeen(world, folder, "main", root);
          shell(folder, `git replace -d main; mkdir -p .git/info; git rev-parse main >.git/info/grafts`);
          const grafted = historySeen(world, folder, "main", root).get("a graft") ?? refused(forge);
          return new Map([...replaced, ["a graft", grafted]]);
        }),
      ),
  },
  {
    id: "GIT09",
    title: "names of files that are options, patterns, commands, or no text",
    control: "a script that hands names to a shell runs one; git takes the others",
    on: BOTH,
    targets: ["runs one", "loses or changes one", "takes one that hides"],
    refusal: /^(?:nothing ran|all are there|refused, by name)$/,
    attack: async (world) => {
      const script = [
        ...NAMES.map((name) => `echo x >./'${name}'`),
        ...BAD_NAMES.map((name) => `echo x >"$(printf '${name}')"`),
      ].join("\n");
      // What is refused keeps the rest from landing, so there are two.
      const good = await world.attempt({
        command: ["bash", "-c", NAMES.map((name) => `echo x >./'${name}'`).join("\n")],
      });
      const bad = await world.attempt({ command: ["bash", "-c", script] });
      const listed = execFileSync("git", [
        "--git-dir",
        join(world.stateDir, "shadow/app.git"),
        "ls-tree",
        "-z",
        "--name-only",
        good.commit ?? "none",
      ])
        .toString()
        .split("\0");
      const lost = NAMES.filter((name) => !listed.includes(name));
      const refusedNames = bad.eventsOf("capture.finished")[0]?.refused.length ?? 0;
      const ran = existsSync("EXECUTED") || listed.includes("EXECUTED");
      return new Map([
        ["runs one", tried(ran, "nothing ran")],
        ["loses or changes one", tried(lost.length > 0, lost.length > 0 ? lost.join() : "all are there")],
        [
          "takes one that hides",
          tried(
            refusedNames !== BAD_NAMES.length,
            refusedNames === BAD_NAMES.length ? "refused, by name" : `${refusedNames}`,
          ),
        ],
      ]);
    },
    unguarded: async (world) =>
      await Promise.resolve(
        withCopy(world, (folder) => {
          const ran = shell(
            folder,
            `echo x >';touch EXECUTED'; for name in *EXECUTED; do sh -c "cat $name"; done; [ -e EXECUTED ] && echo RAN`,
          );
          shell(
            folder,
            `echo x >./-rf; mkdir d; touch d/x; rm * 2>/dev/null; touch .keep; printf x >"$(printf 'a\\nb')"; git add -A`,
          );
          const listed = shell(folder, "git ls-files -z | tr '\\0\\n' ' _'");
          return new Map([
            ["runs one", tried(ran.includes("RAN"), ran)],
            [
              "loses or changes one",
              tried(!existsSync(join(folder, "d/x")), "rm took no name for an option"),
            ],
            ["takes one that hides", tried(listed.includes("a_b"), listed)],
          ]);
        }),
      ),
  },
  {
    id: "GIT10",
    title: "a .git that is broken, huge, or borrows from elsewhere",
    control: "git fails in a checkout with the same",
    on: BOTH,
    targets: ["what lands"],
    refusal: /^landed as it was$/,
    attack: async (world) => {
      const [seen] = await wholeNight(world, BREAK_GIT);
      const names = execFileSync("git", [
        "--git-dir",
        join(world.stateDir, "shadow/app.git"),
        "diff-tree",
        "-r",
        "--name-only",
        `${seen?.commit}^`,
        seen?.commit ?? "",
      ])
        .toString()
        .trim();
      return new Map([
        ["what lands", tried(names !== "a.txt", names === "a.txt" ? "landed as it was" : names)],
      ]);
    },
    unguarded: async (world) =>
      await Promise.resolve(
        withCopy(world, (folder) => {
          const printed = shell(
            folder,
            `${BREAK_GIT}\necho changed >>a.txt; git commit -qam x && echo committed`,
          );
          return new Map([["what lands", tried(!printed.includes("committed"), printed.slice(0, 200))]]);
        }),
      ),
  },
  {
    id: "GIT12",
    title: "scripts that npm runs by itself, in what is verified",
    control: "npm in a checkout with the same file runs them on the host",
    on: ["docker"],
    targets: ["the host"],
    refusal: /^it did not run$/,
    attack: async (world) => {
      const seen = await world.attempt({
        command: ["bash", "-c", lifecycle(world.marks)],
        verify: ["npm install --offline --no-audit --no-fund", "test -e ran-in-verify"],
      });
      if (endOf(seen) !== "landed")
        throw new Error(`verify did not run them: ${JSON.stringify(seen.outcome)}`);
      return marksOf(world, ["the host"]);
    },
    unguarded: async (world) =>
      await Promise.resolve(
        withCopy(world, (folder) => {
          shell(folder, `${lifecycle(world.marks)}\nnpm install --offline --no-audit --no-fund`);
          return marksOf(world, ["the host"]);
        }),
      ),
  },
  {
    id: "GIT14",
    title: "many tasks that are all rolled back",
    control: "the same tasks in the checkout change it",
    on: BOTH,
    targets: ["the repository"],
    refusal: /^as it was$/,
    deadlineMs: 180_000,
    attack: async (world) => {
      const before = fingerprint(world.owner.repository);
      const count = process.env["NIGHTWARDEN_HOSTILE_LONG"] === "1" ? 20 : 4;
      const seen = await world.night(
        Array.from({ length: count }, (_, at) => ({
          command: [
            "bash",
            "-c",
            `echo ${at} >>a.txt; git add -A; git -c user.name=a -c user.email=a commit -qm x; git branch b${at}`,
          ],
          verify: ["false"],
        })),
      );
      const ends = seen.map(endOf);
      if (ends.some((end) => end !== "verify-failed")) throw new Error(ends.join());
      return sameRepository(before, fingerprint(world.owner.repository));
    },
    unguarded: async (world) =>
      await Promise.resolve(
        withCopy(world, (folder) => {
          const before = fingerprint(folder);
          shell(folder, "echo 1 >>a.txt; git commit -qam x; git reset -q --hard HEAD~1");
          return sameRepository(before, fingerprint(folder));
        }),
      ),
  },
  {
    id: "GIT15",
    title: "an owner who commits, stashes and packs meanwhile",
    control: "a tool that holds the index's lock keeps the owner from committing",
    on: BOTH,
    targets: ["the owner's work"],
    refusal: /^all of it was done$/,
    attack: async (world) => {
      const elsewhere = mkdtempSync(join(world.folder, "other-"));
      // A copy stands for the owner's: the one that is watched has to stay as it is.
      const folder = join(elsewhere, "app");
      execFileSync("cp", ["-a", world.owner.repository, folder]);
      try {
        return await world.withRepository(folder, async () => {
          const night = { isOver: false };
          const problems: string[] = [];
          const working = (async (): Promise<void> => {
            for (let round = 0; !night.isOver || round < 2; round += 1) {
              const printed = shell(
                folder,
                `git checkout -q main && echo ${round} >>mine.txt && git add mine.txt && git commit -qm mine-${round} && echo x >>mine.txt && git stash -q && git stash pop -q && git checkout -q mine.txt && git gc -q --prune=now && echo fine`,
              );
              if (!printed.includes("fine")) problems.push(printed);
              await world.pause();
            }
          })();
          try {
            await wholeNight(world, "true");
          } finally {
            night.isOver = true;
            await working;
          }
          if (existsSync(join(folder, ".git/index.lock"))) problems.push("index.lock is left");
          const fsck = shell(folder, "git fsck --connectivity-only && echo sound");
          if (!fsck.includes("sound")) problems.push(fsck);
          return new Map([
            ["the owner's work", tried(problems.length > 0, problems.join() || "all of it was done")],
          ]);
        });
      } finally {
        rmSync(elsewhere, { recursive: true, force: true });
      }
    },
    unguarded: async (world) =>
      await Promise.resolve(
        withCopy(world, (folder) => {
          writeFileSync(join(folder, ".git/index.lock"), "");
          const printed = shell(folder, "echo x >>a.txt; git commit -qam mine && echo fine");
          return new Map([["the owner's work", tried(printed.includes("index.lock"), printed)]]);
        }),
      ),
  },
  {
    id: "GIT16",
    title: "writes on while its tree is captured",
    control: "in a container whose main program has ended its work, a daemon goes on writing",
    on: BOTH,
    targets: ["a process at the capture"],
    refusal: /^none$/,
    attack: async (world) => {
      let left: readonly string[] | undefined;
      const { outcome } = await world.attempt({
        command: ["bash", "-c", "setsid sh -c 'while :; do date +%N >a.txt; done' & sleep 0.5; echo done"],
        onEvent: (event) => {
          if (event.type !== "capture.started") return;
          // The collector reads the tree, in the attempt's own group on the back end without an engine: it is ours.
          left = world.backEnd.residue(world.sandboxes).filter((line) => !line.includes(COLLECTOR_PATH));
        },
      });
      if (!left) throw new Error(`nothing was captured: ${JSON.stringify(outcome)}`);
      return new Map([["a process at the capture", tried(left.length > 0, left.join() || "none")]]);
    },
    unguarded: async (world) => {
      const lines = await world.backEnd.bare([
        "bash",
        "-c",
        'cd /tmp; setsid sh -c \'while :; do date +%N >a.txt; sleep 0.01; done\' & sleep 0.5; one=$(cat a.txt); sleep 0.5; [ "$one" = "$(cat a.txt)" ] || echo changed',
      ]);
      return new Map([
        ["a process at the capture", lines.includes("changed") ? reached() : refused("it stayed")],
      ]);
    },
  },
  {
    id: "X08",
    title: "puts a link, or a repository elsewhere, in the place of its .git",
    control: "git in a checkout with the same follows it, and runs what it names",
    on: BOTH,
    targets: ["by a link", "by a file"],
    refusal: /^it did not run$/,
    attack: async (world) => {
      for (const kind of ["link", "file"] as const) await wholeNight(world, replaceGit(world.marks, kind));
      return marksOf(world, ["by a link", "by a file"]);
    },
    unguarded: async (world) => {
      for (const kind of ["link", "file"] as const)
        withCopy(world, (folder) => shell(folder, `${replaceGit(world.marks, kind)}\ngit status`));
      return await Promise.resolve(marksOf(world, ["by a link", "by a file"]));
    },
  },
];

/** A `.git` of the agent's own, in a folder of the tree that is ignored. */
const replaceGit = (marks: string, kind: "link" | "file"): string => `
  mkdir -p ignored && git init -q ignored/own && git -C ignored/own config core.fsmonitor 'touch "${marks}/by a ${kind}"; false'
  rm -rf .git; ${kind === "link" ? "ln -s ignored/own/.git .git" : "echo 'gitdir: ignored/own/.git' >.git"}`;

const BREAK_GIT = `
  echo /etc >.git/objects/info/alternates
  find .git/objects -type f -name '*.pack' -o -type f -path '*/??/*' | while read -r file; do chmod u+w "$file"; echo broken >"$file"; done
  truncate -s 3G .git/objects/huge; echo 'not a ref' >.git/HEAD; head -c 1000 /dev/urandom >.git/index`;

const lifecycle = (marks: string): string => `
  cat >package.json <<'JSON'
{ "name": "x", "version": "1.0.0", "scripts": { "preinstall": "touch ran-in-verify; touch \\"${marks}/the host\\" || true", "postinstall": "touch \\"${marks}/the host\\" || true" } }
JSON
`;

function sameRepository(before: Record<string, string>, after: Record<string, string>): Results {
  const paths = new Set([...Object.keys(before), ...Object.keys(after)]);
  const changed = [...paths].filter((path) => before[path] !== after[path]);
  return new Map([["the repository", tried(changed.length > 0, changed.join() || "as it was")]]);
}
