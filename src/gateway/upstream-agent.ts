import http from "node:http";
import https from "node:https";
import type { Duplex } from "node:stream";
import net from "node:net";
import tls from "node:tls";
import type { Upstream } from "../core/provider.ts";

const PROXY_TIMEOUT_MS = 30_000;

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
    const { url, proxy, secure } = this.route;
    const host = bareHost(url.hostname);
    const authority = `${url.hostname}:${url.port || "443"}`;
    const request = http.request({
      host: bareHost(proxy.hostname),
      port: proxy.port || "80",
      method: "CONNECT",
      path: authority,
      headers: { host: authority },
      agent: false,
      timeout: PROXY_TIMEOUT_MS,
    });
    // The type wants a socket where there is an error instead of one.
    const failed = (error: Error): void => connected?.(error, undefined as never);
    const refused = (status: number | undefined): void =>
      failed(new ProxyError(`the proxy answered ${status ?? "nothing"}`));
    request.once("connect", (response, socket, head) => {
      if (response.statusCode !== 200 || head.length > 0) {
        socket.destroy();
        refused(response.statusCode);
        return;
      }
      // The tunnel's silence is the exchange's affair from here on.
      if (socket instanceof net.Socket) socket.setTimeout(0);
      // An address is no server name; it is compared with the certificate all the same.
      connected?.(
        null,
        tls.connect({ ...secure, socket, host, ...(net.isIP(host) ? {} : { servername: host }) }),
      );
    });
    request.once("response", (response) => {
      response.destroy();
      refused(response.statusCode);
    });
    request.once("timeout", () => request.destroy(new ProxyError("the proxy is silent")));
    request.once("error", failed);
    request.end();
    return undefined;
  }
}

class ProxyError extends Error {
  readonly code = "PROXY_REFUSED";
}

/** An address without the brackets that a URL puts around it. */
function bareHost(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, "$1");
}
