import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type AddressInfo, type Server } from "node:net";
import { networkInterfaces } from "node:os";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Limits } from "../../src/core/limits.ts";
import { judgeAgentRun } from "../../src/core/judge-agent-run.ts";
import { SILENT_REPORT } from "../../src/core/agent-report.ts";
import type { Outcome } from "../../src/core/attempt.ts";
import type { RunFacts } from "../../src/core/run-failure.ts";
import { treeGuard } from "../../src/night/tree-guard.ts";
import { runOnTree, treeSourceOf } from "../contract/sandboxes.ts";
import { TEST_LIMITS } from "../fixtures/test-limits.ts";
import { dockerUnderTest, type DockerUnderTest } from "../fixtures/docker-under-test.ts";
import { baseRepository } from "../fixtures/hostile-attempt.ts";
import { runPlainContainer } from "../fixtures/plain-container.ts";

/** What the run of a program without a model came to. */
function judge(run: RunFacts, limits: Limits): Outcome | undefined {
  return judgeAgentRun({
    run,
    limits,
    report: SILENT_REPORT,
    answers: [],
    gatewayDied: null,
    overBudget: null,
  });
}

let under: DockerUnderTest;
let repository: ReturnType<typeof baseRepository>;

beforeAll(async () => {
  under = await dockerUnderTest("hostile");
  repository = baseRepository();
});
afterAll(async () => {
  repository.dispose();
  expect(await under.leftovers()).toEqual([]);
});

/** Runs a program as an agent does, and gives what it printed. */
async function asAgent(
  command: readonly string[],
  limits: Partial<Limits> = {},
): Promise<Awaited<ReturnType<typeof runOnTree>>> {
  return await runOnTree(under, treeSourceOf(repository.path), [command], {}, { limits });
}

const shell = (script: string): readonly string[] => ["sh", "-c", script];
const node = (script: string): readonly string[] => ["node", "-e", script];
const plain = async (command: readonly string[], more: object = {}): Promise<string> =>
  await runPlainContainer({ docker: under.docker, image: under.image, command, ...more });

describe("the network", () => {
  const network = `nightwarden-control-${randomUUID()}`;
  let gateway: string;
  let server: Server;
  const greetings: string[] = [];

  beforeAll(async () => {
    const created = await under.docker.createNetwork({ Name: network, Internal: true });
    const info = (await under.docker.getNetwork(created.id).inspect()) as {
      IPAM: { Config: { Gateway: string }[] };
    };
    gateway = info.IPAM.Config[0]?.Gateway ?? "";
    server = createServer((socket) => {
      socket.on("data", (chunk: Buffer) => greetings.push(chunk.toString()));
      socket.on("error", () => socket.destroy());
      socket.end("hello from the host");
    });
    server.listen(0, "::");
    await once(server, "listening");
  });
  afterAll(async () => {
    server.close();
    await under.docker.getNetwork(network).remove();
  });

  /** Connects to every address, says `word`, and prints those from which an answer came. */
  const knock = (addresses: readonly string[], word: string): readonly string[] =>
    node(`
      const net = require("node:net");
      const port = ${(server.address() as AddressInfo).port};
      Promise.all(${JSON.stringify(addresses)}.map((host) => new Promise((done) => {
        const socket = net.connect({ host, port });
        const end = (result) => { socket.destroy(); done(host + " " + result); };
        socket.setTimeout(3000, () => end("timeout"));
        socket.once("error", (error) => end(error.code));
        socket.once("connect", () => socket.write(${JSON.stringify(word)}));
        socket.once("data", (data) => end("ANSWERED " + data));
      }))).then((lines) => console.log(lines.join("\\n")));
    `);

  it("has only lo, seen by the agent itself; a container on a network sees more", async () => {
    const look = shell("cut -d: -f1 -s /proc/net/dev | tr -d ' '");
    const { lines } = await asAgent(look);
    expect(lines.filter((line) => line !== "")).toEqual(["lo"]);
    const control = await plain(look, { hostConfig: { NetworkMode: network } });
    expect(control).toContain("eth0");
  });

  it("reaches no service of the host on any of its addresses; a container on an --internal network does", async () => {
    const addresses = Object.values(networkInterfaces())
      .flat()
      .flatMap((each) => (each && !each.address.startsWith("fe80") ? [each.address] : []));
    const targets = [...new Set([...addresses, gateway, "172.17.0.1"])];
    const control = await plain(knock(targets, "control"), { hostConfig: { NetworkMode: network } });
    expect(control).toContain(`${gateway} ANSWERED`);
    expect(greetings).toContain("control");
    const { lines, run } = await asAgent(knock(targets, "agent"));
    expect(run.allPassed).toBe(true);
    expect(lines).toHaveLength(targets.length);
    expect(lines.filter((line) => line.includes("ANSWERED") || line.includes("timeout"))).toEqual([]);
    expect(greetings).not.toContain("agent");
  });

  it("resolves no name; a container on a network with the engine's resolver does", async () => {
    const name = `control-${randomUUID().slice(0, 8)}`;
    const look = (host: string): readonly string[] =>
      node(
        `require("node:dns").lookup(${JSON.stringify(host)}, (error, address) => console.log(error ? error.code : "RESOLVED " + address));`,
      );
    const control = await plain(look(name), { name, hostConfig: { NetworkMode: network } });
    expect(control).toContain("RESOLVED");
    const { lines } = await asAgent(look("example.com"));
    expect(lines.join()).toMatch(/^E[A-Z_]+$/);
  });

  it("opens no raw and no packet socket; root in a plain container opens a raw one", async () => {
    const [AF_INET, AF_PACKET, SOCK_RAW, ICMP] = [2, 17, 3, 1];
    const open = (family: number, protocol: number): readonly string[] => [
      "perl",
      "-e",
      `print socket(my $s, ${family}, ${SOCK_RAW}, ${protocol}) ? "OPEN" : "refused: $!"`,
    ];
    expect(await plain(open(AF_INET, ICMP))).toBe("OPEN");
    expect((await asAgent(open(AF_INET, ICMP))).lines).toEqual(["refused: Operation not permitted"]);
    expect((await asAgent(open(AF_PACKET, 0))).lines).toEqual(["refused: Operation not permitted"]);
  });
});

describe("privileges", () => {
  const status = shell("grep -E '^(Uid|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp):' /proc/self/status");

  it("is not root, has no capability and can gain none; a plain container is and has", async () => {
    const { lines } = await asAgent(status);
    expect(lines).toContain("Uid:\t64001\t64001\t64001\t64001");
    for (const name of ["CapEff", "CapBnd", "CapAmb"]) expect(lines).toContain(`${name}:\t0000000000000000`);
    expect(lines).toContain("NoNewPrivs:\t1");
    expect(lines).toContain("Seccomp:\t2");
    const control = await plain(status);
    expect(control).toMatch(/Uid:\t0/);
    expect(control).toContain("NoNewPrivs:\t0");
    expect(control).not.toContain("CapEff:\t0000000000000000");
  });

  it("gains nothing from a setuid program; where the guard is missing, one gives root", async () => {
    const script = 'cp /bin/sh ./sh; chmod 4755 ./sh; ./sh -p -c "grep ^Uid: /proc/self/status"';
    const { lines } = await asAgent(shell(script));
    expect(lines.join()).toMatch(/^Uid:\t64001\t64001/);
    const control = await plain(
      shell(
        'cp /bin/sh /tmp/sh; chmod 4755 /tmp/sh; setpriv --reuid 64001 --clear-groups -- /tmp/sh -p -c "grep ^Uid: /proc/self/status"',
      ),
    );
    expect(control).toMatch(/Uid:\t64001\t0/);
  });

  it("writes nowhere but to its tree, /tmp and HOME; root in a plain container does", async () => {
    const places = [
      "/etc/x",
      "/usr/bin/x",
      "/opt/nightwarden/x",
      "/x",
      "/var/x",
      "/proc/sys/kernel/core_pattern",
      "/sys/x",
    ];
    const attempt = shell(
      `for file in ${places.join(" ")}; do if (echo x > "$file") 2>/dev/null; then echo "WROTE $file"; fi; done; echo done`,
    );
    const { lines } = await asAgent(attempt);
    expect(lines).toEqual(["done"]);
    const control = await plain(attempt);
    expect(control).toContain("WROTE /etc/x");
    const own = await asAgent(
      shell("echo x > /task/x && echo x > /tmp/x && echo x > $HOME/x && echo x > $TMPDIR/y && echo ok"),
    );
    expect(own.lines).toEqual(["ok"]);
  });

  it("finds no engine's socket; a container that has it mounted does", async () => {
    const look = shell(
      "find / -xdev -type s -name '*.sock' 2>/dev/null; ls /var/run/docker.sock /run/docker.sock 2>/dev/null; echo done",
    );
    const { lines } = await asAgent(look);
    expect(lines).toEqual(["done"]);
    const socket = (under.docker.modem as unknown as { socketPath: string }).socketPath;
    const control = await plain(look, {
      hostConfig: { NetworkMode: "none", Binds: [`${socket}:/var/run/docker.sock`] },
    });
    expect(control).toContain("/var/run/docker.sock");
  });

  it("inherits no variable of the supervisor, in its own environment or any other it can read", async () => {
    const sentinel = `sentinel-${randomUUID()}`;
    process.env["NIGHTWARDEN_TEST_SENTINEL"] = sentinel;
    try {
      const hunt = shell("env; cat /proc/*/environ 2>/dev/null | tr '\\0' '\\n'; echo done");
      const { lines } = await asAgent(hunt);
      expect(lines.join("\n")).not.toContain(sentinel);
      expect(lines.at(-1)).toBe("done");
      const control = await plain(hunt, { env: [`NIGHTWARDEN_TEST_SENTINEL=${sentinel}`] });
      expect(control).toContain(sentinel);
    } finally {
      delete process.env["NIGHTWARDEN_TEST_SENTINEL"];
    }
  });

  it("makes no namespace in which it would have power; a container with the capability for it does", async () => {
    const attempt = shell(
      "for kind in -m -n -p -U -Ur; do unshare $kind true 2>/dev/null && echo UNSHARED $kind; done; echo done",
    );
    expect((await asAgent(attempt)).lines).toEqual(["done"]);
    const hostConfig = { NetworkMode: "none", CapAdd: ["SYS_ADMIN"] };
    const control = await plain(attempt, { hostConfig });
    expect(control).toContain("UNSHARED -m");
    expect(control).toContain("UNSHARED -U");
  });
});

describe("resources", () => {
  const allocate = node(
    "const kept = []; for (let i = 0; i < 40; i += 1) { kept.push(Buffer.alloc(16 * 2 ** 20, 1)); } console.log('allocated', kept.length);",
  );

  it("a program over its memory is ended, and the outcome names the cap; with room it passes", async () => {
    const limits = { ...TEST_LIMITS, memory: 256 * 2 ** 20 };
    const { run } = await asAgent(allocate, limits);
    expect(run.end.outOfMemory).toBe(true);
    expect(judge(run, limits)).toMatchObject({ reason: "cap-memory", cause: "task" });
    const control = await asAgent(allocate, { memory: 1024 * 2 ** 20 });
    expect(control.lines).toEqual(["allocated 40"]);
    expect(control.run.allPassed).toBe(true);
  });

  it.each([
    ["ends with 0", "exit 0"],
    ["would go on for long: it is ended at once", "sleep 600"],
  ])("a child that is killed for memory fails the attempt, though its parent %s", async (_, after) => {
    const limits = { ...TEST_LIMITS, memory: 256 * 2 ** 20 };
    const { run } = await asAgent(
      shell(`node -e '${allocate[2]?.replaceAll("'", '"')}' || true; ${after}`),
      limits,
    );
    expect(run.end.reason).not.toBe("wall-clock");
    expect(judge(run, limits)).toMatchObject({ reason: "cap-memory", cap: { limit: 2 ** 28 } });
  });

  it("a tree that is filled without end is ended at the cap, small files and large ones; below it, it is not", async () => {
    const fill = (script: string, limits: Limits) =>
      runOnTree(
        under,
        treeSourceOf(repository.path),
        [shell(script)],
        async (trees) =>
          await Promise.resolve({
            guard: { ...treeGuard({ trees, tree: "agent", limits, ignore: [] }), everyMs: 100 },
            wallClockMs: 60_000,
          }),
      );
    const roomy = { ...TEST_LIMITS, changedFiles: 10_000, changedLines: 10_000 };
    // 64 MiB at the most for one file here: several of them.
    const large =
      "i=0; while [ $i -lt 8 ]; do dd if=/dev/zero of=f$i bs=1M count=32 2>/dev/null; i=$((i+1)); done";
    const small = "mkdir d; i=0; while [ $i -lt 3000 ]; do echo > d/$i; i=$((i+1)); done";
    const both = `${large}; ${small}`;
    expect((await fill(`${large}; sleep 600`, { ...roomy, disk: 100 * 2 ** 20 })).run.end.reason).toBe(
      "disk",
    );
    expect((await fill(`${small}; sleep 600`, { ...roomy, inodes: 1000 })).run.end.reason).toBe("inodes");
    expect((await fill(both, roomy)).run).toMatchObject({ allPassed: true, end: { reason: "exited" } });
  });

  it("processes are counted: a bomb ends at the cap, and nothing of it is left", async () => {
    const bomb = shell("i=0; while [ $i -lt 200 ]; do sleep 600 & i=$((i+1)); done; echo started $i");
    const limits = { ...TEST_LIMITS, pids: 64 };
    const { lines, run, sandbox } = await asAgent(bomb, limits);
    expect(lines.join()).not.toContain("started 200");
    expect(judge(run, limits)).toMatchObject({ reason: "cap-pids", cap: { limit: 64 } });
    expect(processesOf(sandbox)).toEqual([]);
    const control = await asAgent(bomb, { pids: 512 });
    expect(control.lines).toEqual(["started 200"]);
  });

  it("what daemonises itself, ignores signals and keeps the pipe open is gone with the sandbox", async () => {
    const script =
      "setsid sh -c 'trap \"\" TERM HUP INT; while :; do sleep 1; done' & sleep 0; echo left behind";
    let whileItRan: string[] = [];
    const onLine = (_: string, id: string): void => void (whileItRan = processesOf(id));
    const source = treeSourceOf(repository.path);
    const { lines, run, sandbox } = await runOnTree(
      under,
      source,
      [shell(`${script}; sleep 1`)],
      {},
      { onLine },
    );
    expect(lines).toEqual(["left behind"]);
    expect(run.allPassed).toBe(true);
    expect(whileItRan.length).toBeGreaterThan(2);
    expect(processesOf(sandbox)).toEqual([]);
  });

  it("empty lines count, too: they cost the disk more than they look", async () => {
    const { lines, run } = await asAgent(shell("yes ''"));
    expect(run.end.reason).toBe("output");
    expect(lines.length).toBeLessThan((2 ** 20 / 80) * 4);
  });

  it("one file, the temporary folder and open files are bounded", async () => {
    const file = shell("head -c 8388608 /dev/zero > big; echo code $?");
    expect((await asAgent(file, { fileSize: 2 ** 20 })).lines.join()).not.toContain("code 0");
    expect((await asAgent(file, { fileSize: 16 * 2 ** 20, captureSize: 2 ** 24 })).lines).toContain("code 0");
    const temporary = shell("head -c 8388608 /dev/zero > /tmp/big 2>/dev/null; echo code $?");
    expect((await asAgent(temporary, { tmp: 2 ** 20 })).lines.join()).not.toContain("code 0");
    expect((await asAgent(temporary, { tmp: 16 * 2 ** 20 })).lines).toContain("code 0");
    const open = node(
      "const fs = require('node:fs'); let n = 0; try { for (; n < 500; n += 1) fs.openSync('/etc/passwd'); } catch (error) { console.log(error.code); } console.log(n);",
    );
    expect((await asAgent(open, { openFiles: 128 })).lines).toContain("EMFILE");
    expect((await asAgent(open, { openFiles: 1024 })).lines).toEqual(["500"]);
  });
});

/** Processes of one container that run on this host, by their control group; visible from outside, here. */
function processesOf(container: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cgroup`, "utf8").includes(container);
      } catch {
        return false; // it has ended in between
      }
    });
}
