import { spawn } from "node:child_process";
import { once } from "node:events";
import type { HostileCase, Tried } from "../suite/hostile-case.ts";
import type { AttemptOptions, AttemptSeen, HostileWorld } from "../suite/hostile-world.ts";
import type { DockerBackEnd } from "../suite/docker-back-end.ts";
import { bashProbe, perlProbe, reached, refused, tried } from "../suite/tried.ts";

const BOTH = ["docker", "user"] as const;
const MIB = 2 ** 20;
/** Asked for by scripts/hostile --long. */
const IS_LONG = process.env["NIGHTWARDEN_HOSTILE_LONG"] === "1";

/** How an attempt ended, in a word. */
export function endOf({ outcome }: AttemptSeen): string {
  return outcome?.kind === "failed" ? outcome.reason : (outcome?.kind ?? "nothing");
}

/** Refused where the attempt ended for this reason. */
async function endsBy(world: HostileWorld, reason: string, options: AttemptOptions): Promise<Tried> {
  const end = endOf(await world.attempt(options));
  return tried(end !== reason, end);
}

const FILL: Readonly<Record<string, string>> = { tmp: "/tmp", "shared memory": "/dev/shm", home: "$HOME" };
/** Several files: one alone is bounded by itself. */
const fillMemory = bashProbe(
  Object.entries(FILL)
    .map(
      ([name, path]) =>
        `try "${name}" bash -c "for n in 1 2; do head -c 50331648 /dev/zero >${path}/big\\$n || exit; done"; rm -f ${path}/big?`,
    )
    .join("\n"),
);

const MANY_FILES = perlProbe(`
  my @open; my $error = "";
  for (1 .. 2000) { open(my $f, "<", "/etc/passwd") or do { $error = "$!"; last; }; push @open, $f; }
  said("2,000 open files", @open == 2000 ? ("REACHED", "2000") : ("REFUSED", $error));
`);

const ALLOCATE = [
  "node",
  "-e",
  "const kept = []; while (kept.length < 40) kept.push(Buffer.alloc(16 * 2 ** 20, 1)); console.log('allocated', kept.length); setTimeout(() => undefined, 3000);",
];

const SHARE = 0.1;

/** Eight that compute as fast as they can for three seconds, and what they got of a processor. */
const spin = (share: number): readonly string[] =>
  perlProbe(`
  use POSIX ();
  use Time::HiRes qw(time);
  my $began = time;
  my @children = map { my $pid = fork // die; if (!$pid) { 1 while time < $began + 3; POSIX::_exit(0); } $pid } 1 .. 8;
  waitpid($_, 0) for @children;
  my (undef, undef, $user, $system) = times;
  my $got = sprintf("%.2f", ($user + $system) / (time - $began));
  said("more of the processors", $got > ${share * 1.3} ? "REACHED" : "REFUSED", "$got processors");
`);

const ORPHANS = IS_LONG ? 10_000 : 1000;
const leaveOrphans = perlProbe(`
  use POSIX ();
  for (1 .. ${ORPHANS}) { my $pid = fork // next; if (!$pid) { fork // POSIX::_exit(0); POSIX::_exit(0); } waitpid($pid, 0); }
  my $zombies = 0;
  for (1 .. 50) {
    $zombies = 0;
    for my $stat (glob("/proc/[0-9]*/stat")) { open(my $f, "<", $stat) or next; my $line = <$f> // ""; $zombies++ if $line =~ /\\) Z /; }
    last if $zombies < 5;
    select(undef, undef, undef, 0.1);
  }
  said("zombies", $zombies >= 5 ? "REACHED" : "REFUSED", $zombies >= 5 ? "$zombies are left" : "reaped");
`);

/** Everything that wants to outlive whoever started it. */
const STAY = `
  setsid sh -c 'trap "" TERM HUP INT; while :; do sleep 1; done' &
  nohup sleep 300 >/dev/null 2>&1 &
  (sleep 300 & sleep 300 & wait) >/dev/null 2>&1 &
  sh -c 'kill -STOP $$; sleep 300' &
  perl -e 'fork and exit; setpgrp; $SIG{$_} = "IGNORE" for qw(TERM HUP INT QUIT USR1); sleep 1 while 1' &
  sleep 1; echo left`;

export const RESOURCES: readonly HostileCase[] = [
  {
    id: "RES01",
    title: "a fork bomb",
    control: "without a limit 200 processes run at once",
    on: BOTH,
    targets: ["processes without end"],
    refusal: /^cap-pids$/,
    attack: async (world) => {
      const command = ["bash", "-c", "bomb() { bomb | bomb & }; bomb; sleep 30"];
      return new Map([
        ["processes without end", await endsBy(world, "cap-pids", { command, limits: { pids: 64 } })],
      ]);
    },
    unguarded: async (world) => {
      const lines = await world.backEnd.bare([
        "bash",
        "-c",
        "for i in $(seq 200); do sleep 5 & done; echo started $(jobs -p | wc -l)",
      ]);
      return new Map([["processes without end", tried(lines.includes("started 200"), lines.join())]]);
    },
  },
  {
    id: "X12",
    title: "takes more memory than it may",
    control: "in a plain container the same program gets all of it",
    on: BOTH,
    targets: ["640 MiB"],
    // Whose memory was short is another question: what the machine kills for want of its own is ended as well.
    refusal: /^(?:cap|host)-memory$/,
    attack: async (world) => {
      const end = endOf(await world.attempt({ command: ALLOCATE, limits: { memory: 256 * MIB } }));
      return new Map([["640 MiB", tried(!end.endsWith("-memory"), end)]]);
    },
    unguarded: async (world) => {
      const lines = await world.backEnd.bare(ALLOCATE);
      return new Map([["640 MiB", tried(lines.includes("allocated 40"), lines.join())]]);
    },
  },
  {
    id: "RES03",
    title: "fills /tmp, its home and the shared memory",
    control: "a plain container takes 96 MiB in each",
    on: BOTH,
    targets: Object.keys(FILL),
    refusal: /No space left|File too large|Disk quota|cannot fit/i,
    attack: async (world) => await world.probe(fillMemory, { limits: { tmp: 16 * MIB } }),
    unguarded: async (world) => await world.probeBare(fillMemory, { hostConfig: { ShmSize: 256 * MIB } }),
  },
  {
    id: "RES04",
    title: "fills its tree, with large files and with many",
    control: "without the watch all of it is written",
    on: BOTH,
    targets: ["bytes", "files"],
    refusal: /^cap-(?:disk|inodes)$/,
    attack: async (world) => {
      const large = ["bash", "-c", "for i in $(seq 8); do head -c 33554432 /dev/zero >f$i; done; sleep 30"];
      const small = [
        "bash",
        "-c",
        `mkdir .git/d; for i in $(seq ${IS_LONG ? 200_000 : 3000}); do : >.git/d/$i; done; sleep 30`,
      ];
      return new Map([
        ["bytes", await endsBy(world, "cap-disk", { command: large, limits: { disk: 100 * MIB } })],
        ["files", await endsBy(world, "cap-inodes", { command: small, limits: { inodes: 1000 } })],
      ]);
    },
    unguarded: async (world) => {
      const lines = await world.backEnd.bare([
        "bash",
        "-c",
        "cd /tmp; for i in $(seq 8); do head -c 33554432 /dev/zero >f$i; done; mkdir d; for i in $(seq 3000); do : >d/$i; done; cat f* | wc -c; ls d | wc -l",
      ]);
      return new Map([
        ["bytes", tried(lines[0] === String(8 * 32 * MIB), lines.join())],
        ["files", tried(lines[1] === "3000", lines.join())],
      ]);
    },
  },
  {
    id: "RES06",
    title: "opens more files than it may",
    control: "with a higher limit all are open at once",
    on: BOTH,
    targets: ["2,000 open files"],
    refusal: /Too many open files/,
    attack: async (world) => await world.probe(MANY_FILES, { limits: { openFiles: 256 } }),
    unguarded: async (world) =>
      await world.probeBare(MANY_FILES, {
        hostConfig: { Ulimits: [{ Name: "nofile", Soft: 4096, Hard: 4096 }] },
      }),
  },
  {
    id: "RES08",
    title: "computes with more processes than there are processors",
    control: "without a limit they get more than the share",
    on: BOTH,
    targets: ["more of the processors"],
    refusal: /^0\.\d+ processors$/,
    attack: async (world) => await world.probe(spin(SHARE), { limits: { cpus: SHARE } }),
    unguarded: async (world) => {
      // On a busy machine others have their part as well: one good look is enough.
      for (let tries = 1; ; tries += 1) {
        const results = await world.probeBare(spin(SHARE));
        if (tries === 3 || results.get("more of the processors")?.how === "reached") return results;
      }
    },
  },
  {
    id: "RES09",
    title: "leaves a thousand orphans behind, of which nobody hears the end",
    control: "under a first process that does not reap, they stay",
    on: BOTH,
    targets: ["zombies"],
    refusal: /^reaped$/,
    deadlineMs: IS_LONG ? 300_000 : 120_000,
    attack: async (world) => await world.probe(leaveOrphans),
    unguarded: async (world) => await world.probeBare(leaveOrphans, { hostConfig: { Init: false } }),
  },
  {
    id: "RES10",
    title: "outlives its attempt: sessions of its own, ignored signals, stopped processes",
    control: "on the host the end of its group leaves the daemon alive",
    on: BOTH,
    targets: ["a process after the end"],
    refusal: /^none$/,
    attack: async (world) => {
      const seen = await world.attempt({ command: ["bash", "-c", STAY] });
      if (!seen.lines.includes("left")) throw new Error(`it did not get that far: ${seen.lines.join()}`);
      const left = world.backEnd.residue(world.sandboxes);
      return new Map([["a process after the end", tried(left.length > 0, left.join() || "none")]]);
    },
    unguarded: async () => {
      const script = "setsid sh -c 'trap \"\" TERM; echo $$; while :; do sleep 0.2; done' & sleep 60";
      const leader = spawn("bash", ["-c", script], { detached: true, stdio: ["ignore", "pipe", "ignore"] });
      const [printed] = (await once(leader.stdout, "data")) as [Buffer];
      const daemon = Number(printed.toString());
      process.kill(-(leader.pid ?? 0), "SIGKILL");
      await once(leader, "exit");
      const isAlive = process.kill(daemon, 0);
      process.kill(daemon, "SIGKILL");
      return new Map([["a process after the end", tried(isAlive, "gone")]]);
    },
  },
  {
    id: "RES11",
    title: "never ends: silent, and busy",
    control: "within its limits the same program works to its own end",
    on: BOTH,
    targets: ["silent for ever", "busy for ever", "silent from the start"],
    refusal: /^cap-(?:silence|wall-clock|first-output)$/,
    attack: async (world) =>
      new Map([
        [
          "silent for ever",
          await endsBy(world, "cap-silence", {
            command: ["bash", "-c", "echo x; sleep 600"],
            limits: { silence: 1500 },
          }),
        ],
        [
          "busy for ever",
          await endsBy(world, "cap-wall-clock", {
            command: ["bash", "-c", "while :; do echo x; sleep 0.2; done"],
            limits: { wallClock: 2000, silence: 2000, firstOutput: 2000 },
          }),
        ],
        [
          "silent from the start",
          await endsBy(world, "cap-first-output", {
            command: ["sleep", "600"],
            limits: { firstOutput: 1500 },
          }),
        ],
      ]),
    unguarded: async (world) => {
      const end = endOf(
        await world.attempt({ command: ["bash", "-c", "echo x; sleep 3; echo x >done.txt"] }),
      );
      const result = tried(end === "landed", end);
      return new Map(
        ["silent for ever", "busy for ever", "silent from the start"].map((name) => [name, result]),
      );
    },
  },
  {
    id: "RES12",
    title: "ends while a child of it keeps the output open",
    control: "whoever waits for the end of the output waits for the child",
    on: BOTH,
    targets: ["the end of the attempt"],
    refusal: /^it ended without the child$/,
    attack: async (world) => {
      const began = performance.now();
      const { lines } = await world.attempt({
        command: ["bash", "-c", "(sleep 40; echo late) & echo early"],
      });
      const isHeld = performance.now() - began > 30_000 || lines.includes("late");
      if (!lines.includes("early")) throw new Error(lines.join());
      return new Map([
        ["the end of the attempt", tried(isHeld, isHeld ? "it waited" : "it ended without the child")],
      ]);
    },
    unguarded: async () => {
      const child = spawn("bash", ["-c", "(sleep 2; echo late) & echo early"], {
        stdio: ["ignore", "pipe", "ignore"],
      });
      let text = "";
      for await (const chunk of child.stdout) text += String(chunk);
      return new Map([["the end of the attempt", tried(text.includes("late"), text)]]);
    },
  },
  {
    id: "RES15",
    title: "takes every process that there may be, so that nobody can be started to stop it",
    control: "in a container that is full, an exec fails",
    on: ["docker"],
    targets: ["the stop"],
    refusal: /^stopped$/,
    attack: async (world) => {
      const stop = new AbortController();
      const command = ["bash", "-c", "for i in $(seq 40); do sleep 300 & done; echo full; wait"];
      const began = performance.now();
      let fullMs = 0;
      const seen = await world.attempt({
        command,
        limits: { pids: 48 },
        stop: stop.signal,
        onLine: (text) => {
          if (text !== "full") return;
          fullMs = performance.now() - began;
          stop.abort();
        },
      });
      if (fullMs === 0) throw new Error(`it was never full: ${endOf(seen)} ${seen.lines.join()}`);
      const tookMs = performance.now() - began - fullMs;
      return new Map([["the stop", tried(tookMs > 10_000, tookMs > 10_000 ? `${tookMs} ms` : endOf(seen))]]);
    },
    unguarded: async (world) => {
      const { docker, image } = (world.backEnd as DockerBackEnd).under;
      const container = await docker.createContainer({
        Image: image,
        Entrypoint: ["bash", "-c", "for i in $(seq 3); do sleep 60 & done; echo full; wait"],
        HostConfig: { NetworkMode: "none" },
      });
      try {
        await container.start();
        await world.until(
          async () => ((await container.top()) as { Processes: unknown[] }).Processes.length === 4,
        );
        // Only now: what starts a container counts for a moment, too.
        await container.update({ PidsLimit: 4 });
        const exec = await container.exec({ Cmd: ["sh", "-c", "true & wait"], AttachStdout: true });
        const failed = await exec.start({}).then(
          async (stream) => {
            stream.resume();
            await once(stream, "end");
            return (await exec.inspect()).ExitCode !== 0;
          },
          () => true,
        );
        return new Map([["the stop", tried(failed, "it was started")]]);
      } finally {
        await container.remove({ force: true });
      }
    },
  },
  {
    id: "OUT04",
    title: "floods the output: lines, and bytes without an end of line",
    control: "without a cap all of it comes out",
    on: BOTH,
    targets: ["lines", "bytes without an end"],
    refusal: /^cap-output$/,
    deadlineMs: IS_LONG ? 300_000 : 120_000,
    attack: async (world) => {
      const limits = { output: (IS_LONG ? 512 : 8) * MIB };
      return new Map([
        ["lines", await endsBy(world, "cap-output", { command: ["yes"], limits })],
        [
          "bytes without an end",
          await endsBy(world, "cap-output", { command: ["cat", "/dev/zero"], limits }),
        ],
      ]);
    },
    unguarded: async (world) => {
      const bytes = 9 * MIB;
      const lines = await world.backEnd.bare([
        "bash",
        "-c",
        `yes | head -c ${bytes} | wc -c; head -c ${bytes} /dev/zero | wc -c`,
      ]);
      const result = (at: number): Tried => (lines[at] === String(bytes) ? reached() : refused(lines.join()));
      return new Map([
        ["lines", result(0)],
        ["bytes without an end", result(1)],
      ]);
    },
  },
];
