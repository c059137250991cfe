import { isIP } from "node:net";
import type { RegistryDenial } from "./registry-rules.ts";

/** Whether the name in a tunnel's first TLS message is the one that the tunnel was opened for; undefined: it is. */
export function judgeServerName(serverName: string | null, host: string): RegistryDenial | undefined {
  // An address is no server name, and whoever was configured as one has none.
  const isAddress = isIP(host.replace(/^\[(.*)\]$/, "$1")) !== 0;
  if (serverName === null) return isAddress ? undefined : { rule: "tls.no-name", detail: host };
  return serverName.toLowerCase() === host ? undefined : { rule: "tls.name", detail: serverName };
}
