import type { EgressDenial } from "./gateway-protocol.ts";

/**
 * What the supervisor and a registry gateway say to each other. It is the one way out of a container that installs
 * dependencies: one line of JSON on its standard input after it has started, one line for each fact on its standard
 * output, and it ends with its input. Socket and port are those of the model gateway: no container has both.
 */
export interface RegistryConfig {
  /** Where a tunnel may lead: exactly these. */
  readonly tunnels: readonly TunnelTarget[];
  /** Registries that want a credential: reached under a path of the gateway's own, which adds it. */
  readonly upstreams: readonly RegistryUpstream[];
  /** An HTTP proxy, `http://host:port`, on the way to all of them; null: none. */
  readonly proxy: string | null;
  readonly caps: RegistryCaps;
}

export interface TunnelTarget {
  /** In lower case, without a dot at the end; or an address, where the registry was configured as one. */
  readonly host: string;
  readonly port: number;
  /** Its name may mean an address of a private network or of this machine. */
  readonly internal: boolean;
}

export interface RegistryUpstream {
  /** Its path here, such as `/r0`: one segment. */
  readonly prefix: string;
  /** `https://host[:port][/path]`, without a slash at the end. */
  readonly url: string;
  readonly credential: RegistryCredential;
  /** Certificates in PEM that are trusted in place of the well-known ones; null: the well-known ones. */
  readonly ca: string | null;
}

/** How a registry is told who asks. `user`: sent as a password of this user; null: as a Bearer token. */
export interface RegistryCredential {
  readonly user: string | null;
  readonly value: string;
}

export interface RegistryCaps {
  /** Tunnels and requests at one time. */
  readonly concurrent: number;
  /** Of all tunnels and requests together. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** Of one page that is written anew: a list of a package's versions. */
  readonly pageBytes: number;
  readonly idleMs: number;
  /** From a tunnel's beginning to the whole of its first TLS message; and to a connection. */
  readonly helloMs: number;
}

export type RegistryMessage =
  /** It listens. */
  { readonly type: "ready" } | { readonly type: "denied"; readonly denial: EgressDenial };
