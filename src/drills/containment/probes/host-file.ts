import type { ProbeFunction } from "../probe-targets.ts";

/** Reads a file of the host: at its own path, and below every mount where a folder of the host could be. */
export const hostFile: ProbeFunction = async ({ hostFile: path, secret }) => {
  const fs = process.getBuiltinModule("node:fs");
  const parts = path.split("/").slice(1);
  let mounts: string[] = [];
  try {
    const lines = fs.readFileSync("/proc/self/mountinfo", "utf8").split("\n");
    mounts = lines.flatMap((line) => line.split(" ")[4] ?? []);
  } catch {
    // No such file on this system.
  }
  const below = mounts.flatMap((mount) =>
    parts.map((_, at) => `${mount === "/" ? "" : mount}/${parts.slice(at).join("/")}`),
  );
  const paths = [...new Set([path, `/proc/1/root${path}`, ...below])];
  const reached: string[] = [];
  for (const each of paths) {
    try {
      if (fs.readFileSync(each, "utf8").includes(secret)) reached.push(`read ${each}`);
    } catch {
      // Not there, or not readable: what is wanted.
    }
  }
  const refused = reached.length > 0 ? [] : [`not at ${path}, nor below any of ${mounts.length} mounts`];
  return await Promise.resolve({ reached, refused, unclear: [] });
};
