import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface TestCertificates {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** A new certificate authority, and a certificate of its for `names`, such as `DNS:localhost`. */
export function testCertificates(names: string): TestCertificates {
  const folder = mkdtempSync(join(tmpdir(), "nightwarden-ca-"));
  const path = (name: string): string => join(folder, name);
  const openssl = (...args: string[]): void => {
    execFileSync("openssl", args, { stdio: "pipe" });
  };
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  try {
    openssl(
      ...["req", "-x509", ...newKey, "-days", "2", "-subj", "/CN=Test CA"],
      ...["-keyout", path("ca.key"), "-out", path("ca.pem")],
    );
    openssl(
      ...["req", ...newKey, "-subj", "/CN=test", "-keyout", path("server.key"), "-out", path("server.csr")],
    );
    writeFileSync(path("names"), `subjectAltName=${names}\n`);
    openssl(
      ...["x509", "-req", "-in", path("server.csr"), "-CA", path("ca.pem"), "-CAkey", path("ca.key")],
      ...["-CAcreateserial", "-days", "2", "-extfile", path("names"), "-out", path("server.pem")],
    );
    const read = (name: string): string => readFileSync(path(name), "utf8");
    return { ca: read("ca.pem"), cert: read("server.pem"), key: read("server.key") };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
