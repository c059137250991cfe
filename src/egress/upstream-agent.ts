import https from "node:https";
import type { Duplex } from "node:stream";
import net from "node:net";
import tls from "node:tls";
import type { Upstream } from "../core/provider.ts";
import { bareHost, proxyTunnel } from "./proxy-tunnel.ts";

type Connected = (error: Error | null, socket: Duplex) => void;

/**
 * The connections to the API: kept alive, always TLS with a verified certificate, through the proxy where there is one.
 * Nothing comes from the environment: neither proxies nor certificates nor a switch that turns verification off.
 */
export function upstreamAgent(upstream: Upstream, maxSockets: number): https.Agent {
  const secure = tlsOptions(upstream);
  const options = { keepAlive: true, maxSockets, maxFreeSockets: maxSockets, ...secure };
  if (upstream.proxy === null) return new https.Agent(options);
  return new ProxiedAgent(options, { url: new URL(upstream.url), proxy: new URL(upstream.proxy), secure });
}

function tlsOptions(upstream: Upstream): tls.ConnectionOptions {
  return {
    rejectUnauthorized: true,
    ALPNProtocols: ["http/1.1"],
    // Made once: reading all the well-known certificates takes longer than a handshake.
    secureContext: tls.createSecureContext({
      minVersion: "TLSv1.2",
      ca: upstream.ca === null ? [...tls.rootCertificates] : upstream.ca,
    }),
  };
}

/** Asks a proxy for a tunnel by CONNECT, and speaks TLS with the API inside of it. */
class ProxiedAgent extends https.Agent {
  private readonly route: { readonly url: URL; readonly proxy: URL; readonly secure: tls.ConnectionOptions };

  constructor(options: https.AgentOptions, route: ProxiedAgent["route"]) {
    super(options);
    this.route = route;
  }

  override createConnection(_options: https.RequestOptions, connected?: Connected): undefined {
    void this.connectThroughProxy(connected);
    return undefined;
  }

  private async connectThroughProxy(connected: Connected | undefined): Promise<void> {
    const { url, proxy, secure } = this.route;
    const host = bareHost(url.hostname);
    try {
      const socket = await proxyTunnel(proxy, `${url.hostname}:${url.port || "443"}`);
      // An address is no server name; it is compared with the certificate all the same.
      const name = net.isIP(host) ? {} : { servername: host };
      connected?.(null, tls.connect({ ...secure, socket, host, ...name }));
    } catch (error) {
      // The type wants a socket where there is an error instead of one.
      connected?.(error as Error, undefined as never);
    }
  }
}
