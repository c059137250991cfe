import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** It comes with every system that these tests run on, and is no dependency of ours. */
const OPENSSL = "openssl";

export interface TestCertificates {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** A new certificate authority, and a certificate of its for `names`, such as `DNS:localhost`. */
export function testCertificates(names: string): TestCertificates {
  const folder = mkdtempSync(join(tmpdir(), "nightwarden-ca-"));
  const path = (name: string): string => join(folder, name);
  const openssl = (command: string, ...more: string[]): void => {
    execFileSync(OPENSSL, [...command.split(" "), ...more], { stdio: "pipe", cwd: folder });
  };
  const newKey = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
  try {
    openssl(`req -x509 ${newKey} -days 2 -keyout ca.key -out ca.pem -subj`, "/CN=Test CA");
    openssl(`req ${newKey} -keyout server.key -out server.csr -subj /CN=test`);
    writeFileSync(path("names"), `subjectAltName=${names}\n`);
    openssl(
      "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.pem",
    );
    const read = (name: string): string => readFileSync(path(name), "utf8");
    return { ca: read("ca.pem"), cert: read("server.pem"), key: read("server.key") };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
