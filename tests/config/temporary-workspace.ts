import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";

export const CONFIG = `version: 1
repositories:
  app:
    path: repo
    verify: [npm test]
agents:
  default:
    kind: command
    command: [my-agent]
`;

export const PLAN = `version: 1
tasks:
  - id: first
    title: The first task
    prompt: Do it.
    kind: add
`;

/** Of an authority that signs nothing. */
export const TEST_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBjDCCATOgAwIBAgIUBM5cPzFclFRLZeijwA2igQ49j4swCgYIKoZIzj0EAwIw
GzEZMBcGA1UEAwwQQSB0ZXN0IGF1dGhvcml0eTAgFw0yNjExMjExMjQ1MjFaGA8y
MTI2MTAyODEyNDUyMVowGzEZMBcGA1UEAwwQQSB0ZXN0IGF1dGhvcml0eTBZMBMG
ByqGSM49AgEGCCqGSM49AwEHA0IABM56/uFn4ZrM+ZfyOhJkqB2EGDsfh77K6u37
VQEXxpAkUgqWEWZnmH5/huyMRjfD1EitXSaBL7g4M6PGct5FGdCjUzBRMB0GA1Ud
DgQWBBRymnLdVqrDUusnE0mmcWz778XDlTAfBgNVHSMEGDAWgBRymnLdVqrDUusn
E0mmcWz778XDlTAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0cAMEQCIBcD
Id1LJzTq58+m35dl+pStDLKy/TxdEwEdBEsTBI+/AiBZPpyvTiczkAwGBi6Gt9YI
TLjpvOYMDN95TQobe5J6lg==
-----END CERTIFICATE-----
`;

/** Contents by name; null for a file that is not there. */
export type Files = Readonly<Record<string, string | Uint8Array | null>>;

/** A folder with a valid workspace, in which `files` replace or add some; it is gone when the test has finished. */
export async function temporaryWorkspace(files: Files = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "nightwarden-config-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, "repo"));
  for (const [name, content] of Object.entries({
    "nightwarden.yaml": CONFIG,
    "tasks.yaml": PLAN,
    ...files,
  })) {
    if (content === null) continue;
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return folder;
}

/** `text` with its one `from` as `to`. Throws where there is not exactly one: the test would test nothing. */
export function edit(text: string, from: string, to: string): string {
  const parts = text.split(from);
  if (parts.length !== 2) throw new Error(`"${from}" is there ${parts.length - 1} times`);
  return parts.join(to);
}
