import type { ProbeAnswer } from "../../core/canary.ts";

/** What the probes try to get at: the same for attack and control, but for what would change the host. */
export interface ProbeTargets {
  /** Tells an attack from a control where something of ours is reached. */
  readonly word: string;
  /** Addresses of the host at which our listeners wait. */
  readonly hosts: readonly string[];
  readonly tcpPort: number;
  readonly udpPort: number;
  /** What our resolver answers. */
  readonly address: string;
  /** Addresses that nothing is sent to: the question is whether there is a way. */
  readonly routes: readonly string[];
  /** Of the supervisor; null: the host has none. */
  readonly networkNamespace: string | null;
  /** Folders to make a file in. */
  readonly folders: readonly string[];
  /** Files to open for writing; nothing is written. */
  readonly files: readonly string[];
  /** A file of the host, and what is in it. */
  readonly hostFile: string;
  readonly secret: string;
  /** What is in the arguments of a process of the host, and its id. */
  readonly marker: string;
  readonly witnessPid: number;
  /** Sockets to connect to, and folders to look for others in. */
  readonly sockets: readonly string[];
  readonly socketFolders: readonly string[];
  /** Folders whose sockets the sandbox is given. */
  readonly givenFolders: readonly string[];
  /** Whether to try to make name spaces. */
  readonly unshares: boolean;
  /** More than the cap. */
  readonly processes: number;
  readonly bytes: number;
  /** In the arguments of the process that is left behind. */
  readonly survivorMarker: string;
  readonly gateway: GatewayTarget;
}

/** A gateway to a model API that is not there, with a key that opens nothing. */
export interface GatewayTarget {
  readonly url: string;
  readonly token: string;
  readonly model: string;
  /** Of its socket. */
  readonly folder: string;
  readonly key: string;
}

/**
 * Tries every way it knows and says what came of each. It is sent to where it runs as text: it may use nothing but its
 * argument, `process` and what Node has.
 */
export type ProbeFunction = (targets: ProbeTargets) => Promise<ProbeAnswer>;
