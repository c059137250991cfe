import { mkdtemp, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import { execa } from "execa";

/** Files in PEM. */
export interface TestCertificates {
  readonly caFile: string;
  readonly certificateFile: string;
  readonly keyFile: string;
  /** An authority that has signed nothing: the server's certificate must not pass with it. */
  readonly wrongCaFile: string;
}

const NAMES = ["localhost", "127.0.0.1", "172.17.0.1", "model-api.test"];
const VALID_DAYS = "2";

/**
 * Makes an authority and a server's certificate for `names` and the usual ones, with new keys, in a new folder below
 * `parent`.
 */
export async function makeCertificates(options: {
  readonly parent: string;
  readonly names?: readonly string[];
}): Promise<TestCertificates> {
  const folder = await mkdtemp(join(options.parent, "certificates-"));
  const ca = await makeAuthority(folder, "ca");
  const wrongCa = await makeAuthority(folder, "wrong-ca");
  const keyFile = join(folder, "server.key");
  const certificateFile = join(folder, "server.pem");
  const requestFile = join(folder, "server.csr");
  const extensionsFile = join(folder, "server.extensions");
  const names = [...new Set([...NAMES, ...(options.names ?? [])])];
  await writeFile(extensionsFile, serverExtensions(names));
  await openssl("req", newKey(keyFile), { subj: "/CN=model-api.test", out: requestFile });
  await openssl("x509", ["-req"], {
    in: requestFile,
    CA: ca.certificateFile,
    CAkey: ca.keyFile,
    days: VALID_DAYS,
    extfile: extensionsFile,
    out: certificateFile,
  });
  return { caFile: ca.certificateFile, certificateFile, keyFile, wrongCaFile: wrongCa.certificateFile };
}

async function makeAuthority(
  folder: string,
  name: string,
): Promise<{ readonly certificateFile: string; readonly keyFile: string }> {
  const [keyFile, certificateFile] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)];
  const constraint = ["-addext", "basicConstraints=critical,CA:TRUE"];
  await openssl("req", ["-x509", ...newKey(keyFile), ...constraint], {
    days: VALID_DAYS,
    subj: `/CN=nightwarden tests ${name}`,
    addext: "keyUsage=critical,keyCertSign,cRLSign",
    out: certificateFile,
  });
  return { certificateFile, keyFile };
}

function serverExtensions(names: readonly string[]): string {
  const alternatives = names.map((name) => `${isIP(name) === 0 ? "DNS" : "IP"}:${name}`);
  const lines = [
    `subjectAltName=${alternatives.join(",")}`,
    "basicConstraints=CA:FALSE",
    "extendedKeyUsage=serverAuth",
  ];
  return `${lines.join("\n")}\n`;
}

function newKey(keyFile: string): string[] {
  return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", keyFile];
}

async function openssl(
  command: string,
  flags: readonly string[],
  options: Readonly<Record<string, string>>,
): Promise<void> {
  const named = Object.entries(options).flatMap(([name, value]) => [`-${name}`, value]);
  await execa("/usr/bin/openssl", [command, ...flags, ...named]);
}
