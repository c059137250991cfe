import { runProcess } from "../lib/run-process.ts";

const TIMEOUT_MS = 30_000;

/**
 * The registry that this machine's npm is configured with: the one that the images' own packages come from. Undefined where
 * there is no npm, or where it names none that is reached by TLS.
 */
export async function hostNpmRegistry(): Promise<string | undefined> {
  const env = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  try {
    const { stdout } = await runProcess({
      name: "npm config get registry",
      file: "/bin/sh",
      args: ["-c", "npm config get registry"],
      cwd: "/",
      env: Object.fromEntries(env),
      timeoutMs: TIMEOUT_MS,
      maxStdoutBytes: 10_000,
    });
    const url = URL.parse(stdout.toString("utf8").trim());
    const isUsable = url?.protocol === "https:" && url.username === "" && url.search === "";
    return isUsable ? url.origin + url.pathname.replace(/\/+$/, "") : undefined;
  } catch {
    return undefined;
  }
}
