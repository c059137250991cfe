import { spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { createServer, type AddressInfo, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SandboxRun } from "../../src/contracts/sandbox.ts";
import type { Limits } from "../../src/core/limits.ts";
import { hostSlotUser } from "../../src/core/host-users.ts";
import { newAttempt, runOnTree, treeSourceOf } from "../contract/sandboxes.ts";
import { baseRepository } from "../fixtures/hostile-attempt.ts";
import { processesWith, until } from "../fixtures/host-processes.ts";
import { TEST_LIMITS } from "../fixtures/test-limits.ts";
import { mountsBelow, userUnderTest, type UserUnderTest } from "../fixtures/user-under-test.ts";

let under: UserUnderTest;
let repository: ReturnType<typeof baseRepository>;

beforeAll(async () => {
  under = await userUnderTest("hostile");
  repository = baseRepository();
});
afterAll(async () => {
  repository.dispose();
  expect(await under.leftovers()).toEqual([]);
  rmSync(under.root, { recursive: true, force: true });
});

const shell = (script: string): readonly string[] => ["sh", "-c", script];
const node = (script: string): readonly string[] => ["node", "-e", script];

async function asAgent(
  command: readonly string[],
  limits: Partial<Limits> = {},
): Promise<{ readonly lines: readonly string[]; readonly run: SandboxRun }> {
  return await runOnTree(under, treeSourceOf(repository.path), [command], {}, { limits });
}

/** The control: the same program as the same user of this machine, without anything around it. */
function plainly(command: readonly string[]): string {
  const user = String(hostSlotUser(0).uid);
  const words = ["--reuid", user, "--regid", user, "--clear-groups", "--", ...command];
  return spawnSync("setpriv", words, { encoding: "utf8", cwd: "/" }).stdout;
}

/** The control with all power: the same program as root. */
function asRoot(command: readonly string[]): string {
  const [file = "", ...args] = command;
  return spawnSync(file, args, { encoding: "utf8", cwd: "/" }).stdout;
}

describe("the network of a user's sandbox", () => {
  let server: Server;
  let abstract: Server;
  const name = `nightwarden-${randomUUID()}`;

  beforeAll(async () => {
    const greet = (): Server =>
      createServer((socket) => {
        socket.on("error", () => socket.destroy());
        socket.end("ANSWERED");
      });
    server = greet().listen(0, "127.0.0.1");
    abstract = greet().listen(`\0${name}`);
    await Promise.all([once(server, "listening"), once(abstract, "listening")]);
  });
  afterAll(() => {
    server.close();
    abstract.close();
  });

  it("is lo alone, on which nothing of the host listens; a plain program of the same user reaches it", async () => {
    const { port } = server.address() as AddressInfo;
    const knock = node(`
      const net = require("node:net");
      for (const to of [{ host: "127.0.0.1", port: ${port} }, { path: "\\0${name}" }]) {
        const socket = net.connect(to);
        socket.on("error", (error) => console.log("refused", error.code));
        socket.on("data", (data) => console.log(String(data)));
      }`);
    const control = spawn(
      "setpriv",
      ["--reuid", "70001", "--regid", "70001", "--clear-groups", "--", ...knock],
      {
        cwd: "/",
      },
    );
    let seen = "";
    control.stdout.on("data", (chunk: Buffer) => (seen += chunk.toString()));
    await once(control, "close");
    expect(seen).toBe("ANSWERED\nANSWERED\n");
    const { lines } = await asAgent(knock);
    expect(lines.toSorted()).toEqual(["refused ECONNREFUSED", "refused ECONNREFUSED"]);
    const look = shell("cut -d: -f1 -s /proc/net/dev | tr -d ' '");
    expect((await asAgent(look)).lines).toEqual(["lo"]);
    expect(asRoot(look).trim().split("\n").length).toBeGreaterThan(1);
  });
});

describe("what a user's sandbox sees and may do", () => {
  it("is the slot's user without privilege, under a filter, whatever a setuid program would give", async () => {
    const status = "grep -E '^(Uid|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp|Groups):' /proc/self/status";
    const { lines } = await asAgent(shell(status));
    expect(lines).toContain("Uid:\t70001\t70001\t70001\t70001");
    for (const set of ["CapEff", "CapBnd", "CapAmb"]) expect(lines).toContain(`${set}:\t0000000000000000`);
    expect(lines).toContain("NoNewPrivs:\t1");
    expect(lines).toContain("Seccomp:\t2");
    const raise = shell(
      "umask 0; cp /bin/sh /tmp/nw-sh-$$; chmod 4755 /tmp/nw-sh-$$; /tmp/nw-sh-$$ -p -c 'id -u'; rm /tmp/nw-sh-$$",
    );
    expect((await asAgent(raise)).lines).toEqual(["70001"]);
    const file = `/tmp/nw-setuid-${randomUUID()}`;
    spawnSync("sh", ["-c", `cp /bin/sh ${file}; chmod 4755 ${file}`]);
    expect(plainly([file, "-p", "-c", "id -u"]).trim()).toBe("0");
    rmSync(file);
  });

  it("finds nothing of people, services or sockets; root on the host does", async () => {
    const look = shell(
      "ls -d /root /home/* /var /run/* /srv /mnt /media /boot /etc/shadow /etc/ssh /sys/class /sys/kernel 2>/dev/null; echo done",
    );
    expect((await asAgent(look)).lines).toEqual(["/home/agent", "done"]);
    const control = asRoot(look).split("\n");
    for (const path of ["/root", "/var", "/etc/shadow", "/sys/kernel"]) expect(control).toContain(path);
  });

  it("writes to its tree, /tmp and HOME alone; root on the host can write where it cannot", async () => {
    const places = [
      "/x",
      "/etc/x",
      "/usr/x",
      "/opt/x",
      "/dev/x",
      "/sys/fs/cgroup/memory/x",
      "/run/x",
      "/opt/nightwarden/lib/x",
    ];
    const attempt = shell(
      `for file in ${places.join(" ")} /proc/sys/kernel/hostname /proc/sysrq-trigger; do if (echo x >> "$file") 2>/dev/null; then echo "WROTE $file"; rm -f "$file"; fi; done; echo done`,
    );
    expect((await asAgent(attempt)).lines).toEqual(["done"]);
    const control = asRoot(
      shell("file=/dev/nw-control; if (echo x >> $file) 2>/dev/null; then echo WROTE; rm $file; fi"),
    );
    expect(control).toBe("WROTE\n");
    const own = shell(
      "echo x > /task/x && echo x > /tmp/x && echo x > $HOME/x && echo x > /dev/shm/x && echo ok",
    );
    expect((await asAgent(own)).lines).toEqual(["ok"]);
  });

  it("makes no name space and traces nobody; a plain program of the same user may try", async () => {
    const attempt = shell(
      "for kind in -U -Ur; do unshare $kind true 2>/dev/null && echo UNSHARED $kind; done; echo done",
    );
    expect((await asAgent(attempt)).lines).toEqual(["done"]);
    expect(plainly(attempt)).toContain("UNSHARED -U");
  });

  it("neither ends nor reads the first process of its name space, which is root's", async () => {
    const attempt = shell(
      "kill -9 1 2>/dev/null && echo KILLED; cat /proc/1/environ 2>/dev/null && echo READ; ls /proc/1/root/ 2>/dev/null && echo ENTERED; echo done",
    );
    expect((await asAgent(attempt)).lines).toEqual(["done"]);
  });
});

describe("what a user's sandbox may use", () => {
  const allocate = node(
    "const kept = []; for (let i = 0; i < 40; i += 1) kept.push(Buffer.alloc(2 ** 24, 1)); console.log(kept.length)",
  );

  it("a program over its memory is killed, and the run says so; with room it passes", async () => {
    const over = await asAgent(allocate, { memory: 256 * 2 ** 20 });
    expect(over.run.end).toMatchObject({ outOfMemory: true, reason: "memory" });
    expect(over.run.allPassed).toBe(false);
    const control = await asAgent(allocate, { memory: 2 ** 30 });
    expect(control.run).toMatchObject({ allPassed: true, end: { outOfMemory: false } });
  });

  it("a fork bomb ends at its number, and is gone at the wall clock", async () => {
    const word = `bomb${randomUUID()}`;
    const bomb = shell(`: ${word}; i=0; while [ $i -lt 400 ]; do sleep 600 & i=$((i+1)); done; wait`);
    const { run } = await runOnTree(
      under,
      treeSourceOf(repository.path),
      [bomb],
      { wallClockMs: 1500 },
      { limits: { pids: 64 } },
    );
    expect(run.end.reason).toBe("pids");
    expect(run.allPassed).toBe(false);
    expect(processesWith(word)).toEqual([]);
    const control = await runOnTree(
      under,
      treeSourceOf(repository.path),
      [shell("for i in 1 2 3 4 5; do true & done; wait; echo ok")],
      {},
      { limits: { pids: 64 } },
    );
    expect(control.lines).toEqual(["ok"]);
  });

  it("a tree cannot grow past its bound by much; one with room can", async () => {
    const fill = async (bytes: number): Promise<readonly string[]> => {
      const attempt = newAttempt();
      const trees = await under.trees.open({ attempt, slot: 0, bound: { bytes, inodes: 1000 } });
      try {
        await trees.fill("agent", treeSourceOf(repository.path));
        const place = {
          attempt,
          image: under.image,
          trees,
          limits: { ...TEST_LIMITS, fileSize: 2 ** 29 },
          slot: 0,
        };
        const sandbox = await under.sandboxes.start({ ...place, role: "agent", tree: "agent" });
        const lines: string[] = [];
        const script =
          "head -c 150000000 /dev/zero > big 2>/dev/null && echo WROTE; rm -f big; i=0; while true > f$i; do i=$((i+1)); [ $i -lt 3000 ] || break; done 2>/dev/null; echo $i";
        await sandbox.run(
          {
            commands: [shell(script)],
            env: {},
            stdin: "",
            wallClockMs: 60_000,
            outputBytes: 10_000,
            onLine: ({ text }) => lines.push(text),
          },
          new AbortController().signal,
        );
        await sandbox.destroy();
        return lines;
      } finally {
        await trees.close();
      }
    };
    const [files] = await fill(2 ** 24);
    expect(Number(files)).toBeLessThan(2100);
    expect(Number(files)).toBeGreaterThan(500);
    expect((await fill(2 ** 28))[0]).toBe("WROTE");
  });
});

describe("the end of a user's sandbox", () => {
  it("what a program has left in sessions of their own ends with it", async () => {
    const word = `left${randomUUID()}`;
    const script = `(setsid sh -c 'trap "" TERM HUP; sleep 600; : ${word}' </dev/null >/dev/null 2>&1 &); (nohup sh -c 'sleep 600; : ${word}' >/dev/null 2>&1 &); sleep 0.2; echo left; sleep 2`;
    // Looked at while the program itself still runs.
    let running = 0;
    const { lines, run } = await runOnTree(
      under,
      treeSourceOf(repository.path),
      [shell(script)],
      {},
      {
        onLine: () => (running = processesWith(word).length),
      },
    );
    expect(lines).toEqual(["left"]);
    expect(running).toBeGreaterThan(1);
    expect(run.allPassed).toBe(true);
    expect(processesWith(word)).toEqual([]);
  });

  it("kill -9 of the supervisor: its launchers end everything and leave nothing but the trees, which the next start removes", async () => {
    const { supervisor, word, owner } = await killable();
    supervisor.kill("SIGKILL");
    await until("no process is left", () => processesWith(word).length === 0);
    await until("the run is removed", async () => {
      const left = await under.launcher.list(owner);
      return left.every(({ kind }) => kind === "trees");
    });
    expect(await under.launcher.sweep([owner])).toEqual({ type: "swept", runs: 0, trees: 1 });
    expect(await under.launcher.list(owner)).toEqual([]);
    expect(mountsBelow(under.root)).toEqual([]);
  });

  it("kill -9 of the launcher and of the supervisor: no process survives it, and the next start removes the rest", async () => {
    const { supervisor, word, owner, run } = await killable();
    const launchers = processesWith(`NIGHTWARDEN_LAUNCHER_ROOT=${under.root}`, "environ");
    expect(launchers.length).toBeGreaterThan(0);
    supervisor.kill("SIGKILL");
    for (const pid of launchers) process.kill(pid, "SIGKILL");
    await until("no process is left", () => processesWith(word).length === 0);
    expect((await under.launcher.list(owner)).map(({ kind }) => kind).toSorted()).toEqual(["run", "trees"]);
    expect(mountsBelow(under.root).length).toBeGreaterThan(2);
    expect(groupsOf(run).length).toBeGreaterThan(0);
    // What is another workspace's is left alone.
    expect(await under.launcher.sweep([`${owner}-other`])).toEqual({ type: "swept", runs: 0, trees: 0 });
    expect(await under.launcher.sweep([owner])).toEqual({ type: "swept", runs: 1, trees: 1 });
    expect(await under.launcher.list(owner)).toEqual([]);
    expect(mountsBelow(under.root)).toEqual([]);
    expect(groupsOf(run)).toEqual([]);
  });

  it("kill -9 of the launcher alone: the supervisor learns it, and removes what is left", async () => {
    const word = `alone${randomUUID()}`;
    const { run } = await runOnTree(
      under,
      treeSourceOf(repository.path),
      [shell(`echo on; sleep 600; : ${word}`)],
      {},
      {
        onLine: () => {
          for (const pid of processesWith(`NIGHTWARDEN_LAUNCHER_ROOT=${under.root}`, "environ")) {
            const isAgents = processesWith(word).length > 0;
            if (isAgents && !processesWith("collector/main.js").includes(pid)) process.kill(pid, "SIGKILL");
          }
        },
      },
    ).catch((error: unknown) => ({ run: { end: { reason: String(error) } } }));
    // The collector's launcher went too: then there is nothing to capture with, and that is told.
    expect(run.end.reason).toMatch(/lost|collector/);
    await until("no process is left", () => processesWith(word).length === 0);
    expect(await under.leftovers()).toEqual([]);
  });

  async function killable(): Promise<{
    readonly supervisor: ReturnType<typeof spawn>;
    readonly word: string;
    readonly owner: string;
    readonly run: string;
  }> {
    const word = `killed${randomUUID()}`;
    const owner = `${under.workspace}-killed`;
    const script = join(import.meta.dirname, "../fixtures/user-supervisor.ts");
    const supervisor = spawn(process.execPath, [script, under.root, owner, word], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let said = "";
    supervisor.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
    await until("the program runs", () => said.includes("running"));
    expect(processesWith(word).length).toBeGreaterThan(1);
    const run = (await under.launcher.list(owner)).find(({ kind }) => kind === "run")?.id ?? "";
    expect(run).not.toBe("");
    return { supervisor, word, owner, run };
  }

  function groupsOf(run: string): string[] {
    const root = "/sys/fs/cgroup";
    const parents = ["", ...readdirSync(root)].map((name) => join(root, name, "nightwarden"));
    return parents.map((parent) => join(parent, run)).filter((folder) => existsSync(folder));
  }
});
