import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { HostileCase, Results } from "../suite/hostile-case.ts";
import type { HostileWorld } from "../suite/hostile-world.ts";
import { HOME_SECRETS } from "../suite/owner.ts";
import { bashProbe, perlProbe, reached, refused, tried } from "../suite/tried.ts";

const BOTH = ["docker", "user"] as const;

const PLACES = ["/etc/x", "/usr/bin/x", "/usr/local/lib/x", "/opt/x", "/x", "/var/x", "/root/x", "/srv/x"];
const writeEverywhere = bashProbe(
  PLACES.map((place) => `try ${place} bash -c 'echo x > ${place}'`).join("\n"),
);

const readSecrets = (home: string): readonly string[] =>
  bashProbe(
    [
      ...HOME_SECRETS.map((path) => `try '${path}' head -c 0 '${home}/${path}'`),
      `try "the owner's repository" ls '${home}/app/.git/config'`,
    ].join("\n"),
  );

/** Opens, makes and mounts what would reach past the files of a sandbox. */
const makeNodes = perlProbe(`
  my %made = ("character device" => 0020666, "block device" => 0060666);
  for my $name (sort keys %made) { call($name, 133, "/tmp/node-$$-" . length($name), $made{$name}, $name =~ /block/ ? 7 * 256 : 1 * 256 + 3); }
  call("mount", 165, "none", "/tmp", "tmpfs", 0, 0);
  call("pivot_root", 155, "/tmp", "/tmp");
  call("chroot", 161, "/tmp");
  call("open by handle", 304, -100, "\\0" x 64, 0);
`);

const CLEAN_UP_FAILS = "an ordinary user's rm leaves it";

/** What the capture made of the entry, in a case whose attack left something behind that must not be taken. */
function takenOrRefused(
  seen: Awaited<ReturnType<HostileWorld["attempt"]>>,
  path: string,
  target: string,
): Results {
  const captured = seen.eventsOf("capture.finished")[0];
  if (
    seen.outcome?.kind === "failed" &&
    seen.outcome.cause === "task" &&
    seen.outcome.reason.startsWith("cap-")
  )
    return new Map([[target, refused(seen.outcome.reason)]]);
  if (!captured)
    throw new Error(`nothing was captured: ${JSON.stringify(seen.outcome)} ${seen.lines.join()}`);
  const entry = captured.refused.find((each) => each.path.startsWith(path));
  return new Map([[target, entry ? refused(entry.reason) : reached("taken without a word")]]);
}

/** What some kernels have and others have not. */
const KERNEL_TRIES: Readonly<Record<string, string>> = {
  "sysrq-trigger": "try sysrq-trigger bash -c 'echo h >/proc/sysrq-trigger'",
  kcore: `try kcore bash -c 'bytes=$(head -c 64 /proc/kcore | od -An -c) && [ -n "$bytes" ] || { echo "denied: masked"; exit 1; }'`,
};
const KERNEL_FILES = Object.keys(KERNEL_TRIES).filter((file) => existsSync(join("/proc", file)));

export const FILESYSTEM: readonly HostileCase[] = [
  {
    id: "FS01",
    title: "writes to the root file system",
    control: "root in a plain container writes to each place",
    on: ["docker"],
    targets: PLACES,
    refusal: /Read-only file system|Permission denied/,
    attack: async (world) => await world.probe(writeEverywhere),
    asRoot: async (world) => await world.probeAsRoot(writeEverywhere),
    unguarded: async (world) => await world.probeBare(writeEverywhere),
  },
  {
    id: "FS02",
    title: "reads keys, logins and the repository in the owner's home",
    control: "a container that has the home mounted reads each",
    on: BOTH,
    targets: [...HOME_SECRETS, "the owner's repository"],
    refusal: /No such file or directory|Permission denied/,
    attack: async (world) => await world.probe(readSecrets(world.owner.home)),
    asRoot: async (world) => await world.probeAsRoot(readSecrets(world.owner.home)),
    unguarded: async (world) =>
      await world.probeBare(readSecrets(world.owner.home), { sees: [world.owner.home] }),
  },
  {
    id: "FS06",
    title: "hard links: to a file outside, and from the base to one",
    control: "in one file system the link is made, and a tool in the checkout writes through the owner's",
    on: BOTH,
    targets: ["a link to a mounted file", "the file behind the owner's link"],
    refusal: /cross-device|Operation not permitted|as it was/,
    attack: async (world) => {
      const outside = ownersLink(world);
      const seen = await world.attempt({
        command: bashProbe(
          `try 'a link to a mounted file' ln "$(readlink -f "$(command -v git)")" /task/linked; echo overwritten > b.txt`,
        ),
      });
      const after = readFileSync(outside, "utf8");
      const behind = tried(after !== "two\n", after === "two\n" ? "as it was" : after);
      return new Map([...seen.results, ["the file behind the owner's link", behind]]);
    },
    unguarded: async (world) => {
      const outside = ownersLink(world);
      try {
        writeFileSync(join(world.owner.repository, "b.txt"), "overwritten\n");
        const behind = tried(readFileSync(outside, "utf8") !== "two\n", "as it was");
        const link = await world.probeBare(
          bashProbe("try 'a link to a mounted file' ln /etc/passwd /etc/linked"),
        );
        return new Map([...link, ["the file behind the owner's link", behind]]);
      } finally {
        writeFileSync(outside, "two\n");
      }
    },
  },
  {
    id: "FS07",
    title: "a setuid program gives other rights, or lands",
    control: "without no-new-privileges it gives root; cp -a keeps the bit",
    on: BOTH,
    targets: ["another user's rights", "the bit in what lands"],
    refusal: /^no other user|^mode 100755$/,
    attack: async (world) => {
      const seen = await world.attempt({ command: ["bash", "-c", SETUID("./sh", "/bin/sh")] });
      const listing = execFileSync("git", [
        "--git-dir",
        join(world.stateDir, "shadow/app.git"),
        "ls-tree",
        seen.commit ?? "none",
        "sh",
      ]).toString();
      const mode = listing.split(" ")[0] ?? "";
      return new Map([...seen.results, ["the bit in what lands", tried(mode !== "100755", `mode ${mode}`)]]);
    },
    unguarded: async (world) => {
      const script = `cp /bin/sh /tmp/sh; chmod 4755 /tmp/sh; setpriv --reuid 64001 --clear-groups -- bash -c ${quote(SETUID("/tmp/sh", undefined))}`;
      const rights = await world.probeBare(["bash", "-c", script]);
      const copy = join(world.folder, "setuid");
      writeFileSync(copy, "x");
      chmodSync(copy, 0o4755);
      execFileSync("cp", ["-a", copy, `${copy}.2`]);
      return new Map([
        ...rights,
        ["the bit in what lands", tried(statSync(`${copy}.2`).mode === 0o104755, "lost")],
      ]);
    },
  },
  {
    id: "FS09",
    title: "makes devices, mounts, other roots",
    control: "root in a privileged container makes each",
    on: BOTH,
    targets: ["character device", "block device", "mount", "pivot_root", "chroot", "open by handle"],
    refusal: /Operation not permitted|Permission denied/,
    attack: async (world) => await world.probe(makeNodes),
    asRoot: async (world) => await world.probeAsRoot(makeNodes),
    unguarded: async (world) => await world.probeBare(privilegedNodes, { isMighty: true }),
  },
  {
    id: "FS09b",
    title: "leaves a FIFO, a socket and a device's name in the tree",
    control: "a program that reads what it finds hangs at the FIFO, and tar takes the socket's place",
    on: BOTH,
    targets: ["FIFO", "socket"],
    refusal: /not a file/,
    attack: async (world) => {
      const seen = await world.attempt({
        command: [
          "perl",
          "-MSocket",
          "-MPOSIX",
          "-e",
          'mkfifo("fifo", 0666); socket(S, AF_UNIX, SOCK_STREAM, 0); bind(S, sockaddr_un("left.sock")) or die $!;',
        ],
      });
      return new Map([
        ...takenOrRefused(seen, "fifo", "FIFO"),
        ...takenOrRefused(seen, "left.sock", "socket"),
      ]);
    },
    unguarded: async (world) => {
      const lines = await world.backEnd.bare([
        "bash",
        "-c",
        `cd /tmp; mkfifo fifo; perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0); bind(S, sockaddr_un("s"))'; timeout 1 cat fifo; echo "cat $?"; [ -S s ] && echo socket`,
      ]);
      return new Map([
        ["FIFO", tried(lines.includes("cat 124"), lines.join())],
        ["socket", tried(lines.includes("socket"), lines.join())],
      ]);
    },
  },
  {
    id: "FS10",
    title: "a tree that is 3,000 folders deep",
    control: "git takes a path that deep, and its absolute path can be no longer be opened",
    on: BOTH,
    targets: ["what lands", "its file by a path"],
    refusal: /deeper or longer|cap-inodes/,
    attack: async (world) => {
      const seen = await world.attempt({ command: ["perl", "-e", `${DEEP} deep(3000, "d" x 200);`] });
      return new Map([
        ...takenOrRefused(seen, "d", "what lands"),
        ...takenOrRefused(seen, "d", "its file by a path"),
      ]);
    },
    unguarded: async (world) => {
      const lines = await world.backEnd.bare([
        "bash",
        "-c",
        `mkdir /tmp/r && cd /tmp/r && git init -q . && perl -e '${DEEP} deep(80, "x");' && git add -A && git ls-files | tail -1 | tr -cd / | wc -c
         mkdir /tmp/deep && cd /tmp/deep && perl -e '${DEEP} deep(3000, "d" x 200);'; node -e 'const deep = "/tmp/deep" + ("/" + "d".repeat(200)).repeat(3000); try { require("fs").readFileSync(deep + "/file") } catch (error) { console.log(error.code) }'`,
      ]);
      return new Map([
        ["what lands", tried(lines.includes("80"), lines.join())],
        ["its file by a path", tried(lines.includes("ENAMETOOLONG"), lines.join())],
      ]);
    },
  },
  {
    id: "FS11",
    title: "a tree that its owner cannot remove",
    control: CLEAN_UP_FAILS,
    on: BOTH,
    targets: ["folders without rights"],
    refusal: /^nothing is left$/,
    attack: async (world) => {
      await world.attempt({
        command: [
          "bash",
          "-c",
          "mkdir -p x/y; touch x/y/z; chattr +i x/y/z 2>/dev/null; chmod 000 x/y x; mkdir -p \"$(printf 'n\\nl')\"; touch -- -rf; echo made",
        ],
      });
      const left = await world.backEnd.under.leftovers();
      // The sibling works at the same time, and what is left in the end is looked for after both.
      const own = left.filter((name) => name.includes("case-"));
      return new Map([["folders without rights", tried(own.length > 0, own.join() || "nothing is left")]]);
    },
    unguarded: async (world) => {
      const folder = join(world.folder, "unremovable");
      mkdirSync(join(folder, "x/y"), { recursive: true });
      for (const path of ["x/y", "x", ""]) chmodSync(join(folder, path), path === "" ? 0o777 : 0);
      const rm = `rm -rf '${folder}/x' 2>/dev/null; true`;
      execFileSync("/usr/bin/setpriv", ["--reuid", "64001", "--clear-groups", "--", "sh", "-c", rm], {
        stdio: "ignore",
      });
      const isLeft = existsSync(join(folder, "x/y"));
      rmSync(folder, { recursive: true, force: true });
      return new Map([["folders without rights", tried(isLeft, "it was removed")]]);
    },
  },
  {
    id: "FS14",
    title: "tricks with /proc: other roots, the kernel's switches and memory",
    control: "a privileged container that shares the host's processes reaches each",
    on: BOTH,
    targets: ["another root or folder", "core_pattern", "the kernel's log", ...KERNEL_FILES],
    refusal: /denied|Read-only|not permitted|No such file|none of them/,
    attack: async (world) => await world.probe(procTricks(world)),
    asRoot: async (world) => await world.probeAsRoot(procTricks(world)),
    unguarded: async (world) =>
      await world.probeBare(procTricks(world), { isMighty: true, seesProcesses: true }),
  },
  {
    id: "FS15",
    title: "files that were left open for it",
    control: "a shell that opens one hands it on",
    on: BOTH,
    targets: ["a fourth open file"],
    refusal: /^only 0 1 2$/,
    attack: async (world) => await world.probe(OPEN_FILES),
    unguarded: async (world) =>
      await world.probeBare(["bash", "-c", 'exec 9</etc/passwd; exec "$@"', "bash", ...OPEN_FILES]),
  },
  {
    id: "X01",
    title: "exchanges the base's folders for links that lead around, while the tree is measured",
    control: "a program that looks at a path in them gets an error",
    on: BOTH,
    targets: ["the collector"],
    refusal: /^(?:landed|check-failed|cap-)/,
    attack: async (world) => {
      const script = "rm -rf src; ln -s src src; ln -s . around; echo x > new.txt; sleep 5";
      const { outcome } = await world.attempt({ command: ["bash", "-c", script] });
      const how = outcome?.kind === "failed" ? outcome.reason : (outcome?.kind ?? "nothing");
      const isInfra = outcome?.kind === "failed" && outcome.cause === "infra";
      return new Map([["the collector", tried(isInfra, how)]]);
    },
    unguarded: async (world) => {
      const look = `cd /tmp; ln -s src src; node -e 'try { require("fs").lstatSync("src/deep/c.txt", { throwIfNoEntry: false }); } catch (error) { console.log(error.code); }'`;
      const lines = await world.backEnd.bare(["bash", "-c", look]);
      return new Map([["the collector", tried(lines.includes("ELOOP"), lines.join())]]);
    },
  },
  {
    id: "X02",
    title: "fills the disk behind a path that is longer than any program may use",
    control: "a program that adds up the files by their paths sees nothing of it",
    on: BOTH,
    targets: ["the space"],
    refusal: /^cap-(?:disk|inodes)$/,
    attack: async (world) => {
      const { outcome } = await world.attempt({
        command: ["perl", "-e", `${DEEP} deep(40, "d" x 200); ${FILL} sleep 30;`],
        limits: { disk: 64 * 2 ** 20 },
      });
      const how = outcome?.kind === "failed" ? outcome.reason : (outcome?.kind ?? "nothing");
      return new Map([["the space", tried(!how.startsWith("cap-"), how)]]);
    },
    unguarded: async (world) => {
      const count = `const fs = require("fs"); let bytes = 0; const walk = (folder) => { let names = []; try { names = fs.readdirSync(folder); } catch {} for (const name of names) { try { const stats = fs.lstatSync(folder + "/" + name); bytes += stats.isDirectory() ? 0 : stats.size; if (stats.isDirectory()) walk(folder + "/" + name); } catch {} } }; walk("/tmp/deep"); console.log("counted", bytes);`;
      const script = `mkdir /tmp/deep && cd /tmp/deep && perl -e '${DEEP} deep(40, "d" x 200); ${FILL}' && node -e '${count}'`;
      const lines = await world.backEnd.bare(["bash", "-c", script]);
      return new Map([["the space", tried(lines.includes("counted 0"), lines.join())]]);
    },
  },
];

const SETUID = (shell: string, from: string | undefined): string => `
  ${from === undefined ? "" : `cp ${from} ${shell}; chmod 6755 ${shell};`}
  ids=$(${shell} -p -c "grep -E '^(Uid|Gid):' /proc/self/status" | tr '\\t\\n' '  ')
  case $ids in
    *Uid:\\ *\\ 0\\ *) printf 'TRIED\\tanother user%ss rights\\tREACHED\\t%s\\n' "'" "$ids" ;;
    *) printf 'TRIED\\tanother user%ss rights\\tREFUSED\\tno other user: %s\\n' "'" "$ids" ;;
  esac`;

const privilegedNodes = perlProbe(`
  call("character device", 133, "/tmp/c", 0020666, 1 * 256 + 3);
  call("block device", 133, "/tmp/b", 0060666, 7 * 256);
  mkdir("/tmp/new");
  call("mount", 165, "none", "/tmp/new", "tmpfs", 0, 0);
  my ($handle, $id, $path) = (pack("Ll", 128, 0) . ("\\0" x 128), pack("l", 0), "/tmp/new/file");
  open(my $file, ">", $path);
  syscall(303, -100, $path, $handle, $id, 0);
  open(my $folder, "<", "/tmp/new");
  call("open by handle", 304, fileno($folder), $handle, 0);
  mkdir("/tmp/new/old");
  call("pivot_root", 155, "/tmp/new", "/tmp/new/old");
  call("chroot", 161, "/");
`);

const DEEP = `sub deep { my ($levels, $name) = @_; for (1 .. $levels) { mkdir($name) or die $!; chdir($name) or die $!; } open(my $f, ">", "file") or die $!; print $f "x"; }`;

/** 128 MiB in the folder where it runs. */
const FILL = `for my $n (1 .. 4) { open(my $f, ">", "big$n") or die $!; print $f "x" x (32 * 1024 * 1024); close $f; }`;

const OPEN_FILES = [
  "bash",
  "-c",
  // Asked one by one: whoever lists the folder opens it. Bash keeps 255 for its script.
  `open=; for number in $(seq 0 254); do [ -e /proc/$$/fd/$number ] && open="$open $number"; done
   if [ "$open" = " 0 1 2" ]; then how=REFUSED; else how=REACHED; fi
   printf 'TRIED\\ta fourth open file\\t%s\\tonly%s\\n' "$how" "$open"`,
];

function quote(script: string): string {
  return `'${script.replaceAll("'", `'\\''`)}'`;
}

/** A file outside of the repository that is the same as one in it, by a hard link that the owner made. */
function ownersLink(world: HostileWorld): string {
  const outside = join(world.folder, "outside.txt");
  if (!existsSync(outside)) linkSync(join(world.owner.repository, "b.txt"), outside);
  return outside;
}

function procTricks(world: HostileWorld): readonly string[] {
  return bashProbe(`
    try 'another root or folder' bash -c 'for link in /proc/[0-9]*/root /proc/[0-9]*/cwd; do [ -e "$link${world.folder}" ] && exit 0; done; echo none of them; exit 1'
    try core_pattern bash -c 'same=$(cat /proc/sys/kernel/core_pattern); printf %s "$same" >/proc/sys/kernel/core_pattern'
    try "the kernel's log" bash -c '[ -e /dev/kmsg ] || mknod /tmp/kmsg c 1 11; for log in /dev/kmsg /tmp/kmsg; do timeout 5 dd if=$log bs=8192 count=1 && exit 0; done; exit 1'
    ${KERNEL_FILES.map((file) => KERNEL_TRIES[file] ?? "").join("\n")}
  `);
}
