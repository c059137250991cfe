import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileEntry, type ContextEntry } from "./context.ts";

const PROXIES = ["http", "https"] as const;
/** Where the user says whom to trust, and where Debian keeps it. */
const CERTIFICATES = ["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"];
const SYSTEM_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";

/**
 * What an image's own apt needs to fetch packages from here: their names, and this machine's proxies and certificates
 * for the one installation. They are mounted, so that none of them is ever in an image.
 */
export async function aptEntries(packages: readonly string[]): Promise<ContextEntry[]> {
  const certificates = await readCertificates();
  const configuration = PROXIES.flatMap((scheme) => {
    const proxy = proxyOf(scheme);
    return proxy === undefined ? [] : [`Acquire::${scheme}::Proxy "${proxy}";`];
  });
  if (certificates !== undefined) configuration.push('Acquire::https::CAInfo "/mnt/ca.crt";');
  return [
    fileEntry("packages", `${packages.join("\n")}\n`),
    fileEntry("apt.conf", `${configuration.join("\n")}\n`),
    ...(certificates === undefined ? [] : [fileEntry("ca.crt", certificates)]),
  ];
}

/** A proxy on this machine's own loopback can only be reached from this machine's own network. */
export function aptNetwork(): "bridge" | "host" {
  const isLoopback = PROXIES.some((scheme) => {
    const proxy = proxyOf(scheme);
    return proxy !== undefined && /^(?:localhost|127\.|\[::1\])/.test(new URL(proxy).host);
  });
  return isLoopback ? "host" : "bridge";
}

function proxyOf(scheme: "http" | "https"): string | undefined {
  const proxy = process.env[`${scheme}_proxy`] ?? process.env[`${scheme.toUpperCase()}_PROXY`];
  // A quote would end the value in apt's configuration.
  return proxy && URL.canParse(proxy) ? new URL(proxy).href.replaceAll('"', "%22") : undefined;
}

async function readCertificates(): Promise<string | undefined> {
  const files = [...CERTIFICATES.map((name) => process.env[name]), SYSTEM_CERTIFICATES];
  const file = files.find((name) => name !== undefined && existsSync(name));
  return file === undefined ? undefined : readFile(file, "utf8");
}
