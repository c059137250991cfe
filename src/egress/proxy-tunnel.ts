import http from "node:http";
import net from "node:net";

const PROXY_TIMEOUT_MS = 30_000;

/**
 * A connection to `authority` (`host:port`) through an HTTP proxy, asked for by CONNECT. Rejects where the proxy refuses,
 * is silent for 30 seconds, or says more than it was asked.
 */
export async function proxyTunnel(proxy: URL, authority: string): Promise<net.Socket> {
  return await new Promise((resolve, reject) => {
    const request = http.request({
      host: bareHost(proxy.hostname),
      port: proxy.port || "80",
      method: "CONNECT",
      path: authority,
      headers: { host: authority },
      agent: false,
      timeout: PROXY_TIMEOUT_MS,
    });
    const refused = (status: number | undefined): void =>
      reject(new ProxyError(`the proxy answered ${status ?? "nothing"}`));
    request.once("connect", (response, socket, head) => {
      if (response.statusCode !== 200 || head.length > 0 || !(socket instanceof net.Socket)) {
        socket.destroy();
        refused(response.statusCode);
        return;
      }
      // The tunnel's silence is its user's affair from here on.
      socket.setTimeout(0);
      resolve(socket);
    });
    request.once("response", (response) => {
      response.destroy();
      refused(response.statusCode);
    });
    request.once("timeout", () => request.destroy(new ProxyError("the proxy is silent")));
    request.once("error", reject);
    request.end();
  });
}

class ProxyError extends Error {
  readonly code = "PROXY_REFUSED";
}

/** An address without the brackets that a URL puts around it. */
export function bareHost(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, "$1");
}
