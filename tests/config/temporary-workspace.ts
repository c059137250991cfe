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
