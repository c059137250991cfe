import { X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { formatByteSize, MIB } from "../core/byte-size.ts";
import { err, ok, type Result } from "../core/result.ts";

/** A bundle of all well-known authorities has a quarter of this. */
const MAX_FILE_BYTES = MIB;

/**
 * The certificates of a file in PEM, without whatever stands around them, or what is wrong with the file. Refuses one
 * that holds a private key: its text goes into a container.
 */
export async function readCertificates(
  path: string,
): Promise<Result<string, { readonly message: string; readonly hint: string }>> {
  const refuse = (message: string, hint: string) => err({ message, hint });
  const text = await readBounded(path);
  if (text === undefined) {
    return refuse(
      "cannot be read",
      `a file of at most ${formatByteSize(MAX_FILE_BYTES)} is needed at ${path}`,
    );
  }
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) {
    return refuse("holds a private key", "name a file with certificates alone");
  }
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) {
    return refuse(
      "holds no certificate in PEM",
      "it has lines with BEGIN CERTIFICATE; from DER: openssl x509 -inform der -in FILE -out FILE.pem",
    );
  }
  const broken = blocks.findIndex((block) => !isCertificate(block));
  if (broken >= 0) {
    return refuse(
      `holds a certificate that cannot be read, number ${broken + 1} of ${blocks.length}`,
      "copy it again",
    );
  }
  return ok(`${blocks.join("\n")}\n`);
}

async function readBounded(path: string): Promise<string | undefined> {
  try {
    const stats = await stat(path);
    return stats.isFile() && stats.size <= MAX_FILE_BYTES ? await readFile(path, "utf8") : undefined;
  } catch {
    return undefined;
  }
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
