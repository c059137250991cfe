import { readlink, rm, writeFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { GATEWAY_FOLDER } from "../../core/gateway-protocol.ts";
import { streamProcess } from "../../lib/run-process.ts";
import { makeDrillFolder } from "./drill-folder.ts";
import { HostListeners, RESOLVED_ADDRESS } from "./host-listeners.ts";
import type { GatewayTarget, ProbeTargets } from "./probe-targets.ts";

/** In the supervisor's environment while a drill runs: what no sandbox may inherit. */
const VARIABLE = "NIGHTWARDEN_DRILL";
/** Addresses by which containers reach their host, with the engines that we know. */
const BRIDGES = ["172.17.0.1", "192.168.65.254"];
/** Metadata services, and addresses for documentation that stand for the internet. */
const ELSEWHERE = ["169.254.169.254", "198.51.100.1", "fd00:ec2::254", "2001:db8::1"];
const ENGINE_SOCKETS = [
  "/var/run/docker.sock",
  "/run/docker.sock",
  "/run/containerd/containerd.sock",
  "/run/podman/podman.sock",
];
const WITNESS_MS = 10 * 60_000;

/** The caps that hold where the attack runs. */
export interface DrillCaps {
  readonly pids: number;
  readonly memory: number;
}

/**
 * The host's part of a drill: everything that an attack would be glad to get at, made for this drill and gone with it. A
 * secret in a file, in the supervisor's environment and in a process; sockets that listen.
 */
export class DrillHost {
  readonly listeners: HostListeners;
  /** Begins every name of this drill. */
  readonly word: string;
  private readonly folder: string;
  private readonly secret: string;
  private readonly witness: Witness;
  private readonly networkNamespace: string | null;

  private constructor(options: {
    word: string;
    folder: string;
    secret: string;
    listeners: HostListeners;
    witness: Witness;
    networkNamespace: string | null;
  }) {
    this.word = options.word;
    this.folder = options.folder;
    this.secret = options.secret;
    this.listeners = options.listeners;
    this.witness = options.witness;
    this.networkNamespace = options.networkNamespace;
  }

  /** `token`: a random word. */
  static async open(token: string): Promise<DrillHost> {
    const word = `nightwarden-drill-${token.slice(0, 12)}`;
    const secret = `secret-of-${word}`;
    const folder = await makeDrillFolder();
    const undo: (() => Promise<void>)[] = [async () => await rm(folder, { recursive: true, force: true })];
    try {
      await writeFile(join(folder, "secret"), secret, { mode: 0o644 });
      const socketPath = join(folder, "socket");
      const listeners = await HostListeners.open({ socketPath, key: `sk-ant-${secret}` });
      undo.push(async () => await listeners.close());
      const witness = await startWitness(`${word}-witness`, secret);
      const networkNamespace = await readlink("/proc/self/ns/net").catch(() => null);
      process.env[VARIABLE] = secret;
      return new DrillHost({ word, folder, secret, listeners, witness, networkNamespace });
    } catch (error) {
      for (const each of undo.toReversed()) await each().catch(() => undefined);
      throw error;
    }
  }

  get attackWord(): string {
    return `${this.word}-attack`;
  }

  get controlWord(): string {
    return `${this.word}-control`;
  }

  /** The key that the drill's gateway is given. It opens nothing. */
  get key(): string {
    return `sk-ant-${this.secret}`;
  }

  /** For the probes in the sandbox, where `gateway` is their way out. */
  attackTargets(caps: DrillCaps, gateway: GatewayTarget): ProbeTargets {
    return {
      ...this.targets(this.attackWord, caps),
      gateway,
      hosts: [...new Set([...ownAddresses(), ...BRIDGES])],
      routes: [...ELSEWHERE, ...ownAddresses().filter((address) => !isLoopback(address))],
      folders: [
        "/",
        "/etc",
        "/usr/bin",
        "/opt",
        "/opt/nightwarden",
        "/var/tmp",
        "/root",
        "/home",
        this.folder,
      ],
      files: ["/proc/sys/kernel/core_pattern", "/etc/passwd"],
      sockets: [...ENGINE_SOCKETS, join(this.folder, "socket")],
      socketFolders: ["/run", "/var/run", "/tmp", "/home", "/root", "/mnt"],
      unshares: true,
    };
  }

  /** For the same probes without a guard: what they may do to the host is done in a folder of the drill's own. */
  controlTargets(caps: DrillCaps): ProbeTargets {
    return {
      ...this.targets(this.controlWord, caps),
      gateway: {
        url: this.listeners.gatewayUrl,
        token: "any",
        model: "any",
        folder: this.folder,
        key: this.key,
      },
      hosts: ownAddresses(),
      routes: ownAddresses(),
      folders: [this.folder],
      files: [],
      sockets: [join(this.folder, "socket")],
      socketFolders: [],
      unshares: false,
    };
  }

  /** How the control is run: as a child of ours that inherits what a sandbox must not. */
  get controlProcess(): { readonly cwd: string; readonly env: Record<string, string> } {
    const env = { PATH: process.env["PATH"] ?? "/usr/bin:/bin", TMPDIR: this.folder };
    return { cwd: this.folder, env: { ...env, [VARIABLE]: process.env[VARIABLE] ?? "" } };
  }

  /** Leaves nothing. */
  async close(): Promise<void> {
    delete process.env[VARIABLE];
    await this.witness.end();
    await this.listeners.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  private targets(
    word: string,
    caps: DrillCaps,
  ): Omit<
    ProbeTargets,
    "hosts" | "routes" | "folders" | "files" | "sockets" | "socketFolders" | "unshares" | "gateway"
  > {
    return {
      word,
      tcpPort: this.listeners.tcpPort,
      udpPort: this.listeners.udpPort,
      address: RESOLVED_ADDRESS,
      networkNamespace: this.networkNamespace,
      hostFile: join(this.folder, "secret"),
      secret: this.secret,
      marker: `${this.word}-witness`,
      witnessPid: this.witness.pid,
      givenFolders: [GATEWAY_FOLDER],
      processes: caps.pids + 16,
      bytes: caps.memory + 32 * 1024 * 1024,
      survivorMarker: `${word}-survivor`,
    };
  }
}

interface Witness {
  readonly pid: number;
  end(): Promise<void>;
}

/** A process of the host, to be seen or not. Ends when it is told to, and with us. */
async function startWitness(marker: string, secret: string): Promise<Witness> {
  const script = "console.log(process.pid); process.stdin.resume().on('end', () => process.exit())";
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  const output = streamProcess({
    name: "the drill's witness",
    file: process.execPath,
    args: ["-e", script, marker],
    stdin: openUntil(released), // it also ends when we are killed
    cwd: "/",
    env: { [VARIABLE]: secret },
    timeoutMs: WITNESS_MS,
  });
  const { value } = await output.next();
  return {
    pid: Number.parseInt(Buffer.from(value ?? []).toString("utf8"), 10),
    end: async () => {
      release();
      await output.next();
    },
  };
}

async function* openUntil(end: Promise<void>): AsyncGenerator<Uint8Array> {
  yield Buffer.from("\n");
  await end;
}

function ownAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  // Link-local ones are said with an interface, which is another inside.
  return [...new Set(all.map(({ address }) => address))].filter((address) => !address.startsWith("fe80"));
}

function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1";
}
